"""Kappa and its interval against published figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.agreement import agreement
from pipeline.domain.intervals import wilson


def _pairs(table: dict[tuple[str, str], int]) -> list[tuple[str, str]]:
    return [pair for pair, count in table.items() for _ in range(count)]


FLEISS = {
    ("p", "p"): 75, ("p", "n"): 1, ("p", "o"): 4,
    ("n", "p"): 5, ("n", "n"): 4, ("n", "o"): 1,
    ("o", "o"): 10,
}  # fmt: skip
"""Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd edition, table 18.1."""


def test_kappa_of_the_textbook_is_found() -> None:
    measured = agreement(_pairs(FLEISS))
    assert (measured.pairs, measured.agreed) == (100, 89)
    assert measured.kappa == pytest.approx(0.676, abs=0.001)
    assert measured.interval is not None
    low, high = measured.interval
    assert (high - low) / (2 * 1.96) == pytest.approx(0.088, abs=0.001)


def test_two_by_two() -> None:
    measured = agreement(_pairs({("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}))
    assert measured.kappa == pytest.approx(0.4)


def test_agreeing_always_is_one_and_its_interval_has_no_width() -> None:
    measured = agreement(_pairs({("a", "a"): 6, ("b", "b"): 4}))
    assert measured.kappa == pytest.approx(1.0)
    assert measured.interval == pytest.approx((1.0, 1.0))


def test_one_answer_alone_says_nothing_of_agreement() -> None:
    measured = agreement([("a", "a")] * 5)
    assert (measured.pairs, measured.agreed, measured.kappa, measured.interval) == (5, 5, None, None)


def test_no_pair_is_no_kappa() -> None:
    assert agreement([]).kappa is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=60))
def test_kappa_lies_in_its_interval_and_does_not_care_who_read_first(pairs: list[tuple[str, str]]) -> None:
    measured = agreement(pairs)
    turned = agreement([(second, first) for first, second in pairs])
    if measured.kappa is None:
        assert turned.kappa is None
        return
    assert measured.interval is not None and turned.kappa is not None
    assert -1 <= measured.interval[0] <= measured.kappa + 1e-9
    assert measured.kappa - 1e-9 <= measured.interval[1] <= 1
    assert turned.kappa == pytest.approx(measured.kappa)


def test_wilson_gives_the_published_intervals() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 40) == pytest.approx((0.0, 0.0876), abs=1e-4)
    assert wilson(0, 0) is None
