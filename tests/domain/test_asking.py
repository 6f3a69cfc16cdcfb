"""Which frames are worth asking about."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.asking import AskedFor, Candidate, Guess, choose, doubt

SCORES = st.floats(0.0, 1.0)
NEAR, FAR, SURE = Guess(0.44, 0.45), Guess(0.2, 0.45), Guess(0.98, 0.45)
HERE, THERE = (1.0, 0.0), (0.0, 1.0)


def a_candidate(
    key: str, *guesses: Guess, features: tuple[float, ...] = (), view: int = 1, differs: bool = False
) -> Candidate:
    return Candidate(key, view, guesses, features, differs)


def test_doubt_is_largest_at_the_threshold_and_nothing_without_a_box() -> None:
    assert doubt(()) == 0.0
    assert doubt([Guess(0.45, 0.45)]) == pytest.approx(1.0)
    by_score = [doubt([Guess(score, 0.45)]) for score in (0.05, 0.2, 0.44, 0.45)]
    assert all(one < other for one, other in pairwise(by_score))
    assert doubt([SURE]) < 0.05


@given(st.lists(st.builds(Guess, SCORES, SCORES), max_size=6), st.builds(Guess, SCORES, SCORES))
def test_one_more_box_never_makes_a_frame_more_certain(guesses: list[Guess], more: Guess) -> None:
    assert 0.0 <= doubt(guesses) <= doubt([*guesses, more]) <= 1.0


def test_the_most_doubtful_comes_first_where_nothing_is_known_of_looks() -> None:
    chosen = choose([a_candidate("far", FAR), a_candidate("near", NEAR), a_candidate("sure", SURE)], 2)
    assert [(one.key, one.why) for one in chosen] == [("near", AskedFor.doubt), ("far", AskedFor.doubt)]


def test_two_that_look_alike_are_not_both_chosen() -> None:
    twins = [a_candidate(name, NEAR, features=HERE) for name in ("a", "b")]
    other = a_candidate("other", Guess(0.40, 0.45), features=THERE)
    assert [(one.key, one.why) for one in choose([*twins, other], 2)] == [
        ("b", AskedFor.doubt), ("other", AskedFor.novelty),
    ]  # fmt: skip


def test_what_looks_like_what_was_asked_before_comes_last() -> None:
    alike, unlike = a_candidate("alike", NEAR, features=HERE), a_candidate("unlike", NEAR, features=THERE)
    assert [one.key for one in choose([alike, unlike], 2, known=[HERE])] == ["unlike", "alike"]


def test_what_two_models_differ_about_comes_first_of_all() -> None:
    chosen = choose([a_candidate("near", NEAR), a_candidate("differs", FAR, differs=True)], 1)
    assert [(one.key, one.why) for one in chosen] == [("differs", AskedFor.shadow)]


def test_one_view_does_not_take_the_whole_night() -> None:
    flickering = [a_candidate(f"f{place}", NEAR, view=1) for place in range(9)]
    chosen = choose([*flickering, a_candidate("calm", FAR, view=2)], 5, most_of_a_view=2)
    assert sorted(one.key[0] for one in chosen) == ["c", "f", "f"]


def test_the_order_of_the_candidates_changes_nothing() -> None:
    some = [a_candidate(str(place), Guess(0.3 + place / 100, 0.45), features=(1.0, place / 10)) for place in range(8)]
    assert choose(some, 5) == choose(some[::-1], 5)
