"""The desk: leases, blind readers, planted answers, samples, look-alikes, undo."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import desk_quality, desk_queries, tables
from pipeline.adapters.database import reading
from pipeline.adapters.tables_desk import sample_readings, second_readings
from pipeline.domain.asking import AskedFor, AskedFrame
from pipeline.domain.desk import DeskTerms, KnownAnswer, Reviewer, Said
from pipeline.domain.errors import BadInput, NotAllowed, NotFound, TransitionRefused
from pipeline.domain.finding import FindingState
from pipeline.domain.geometry import Box
from pipeline.domain.review import Drawn, ReviewKind, Ruling, VerdictKind
from pipeline.domain.ticket import Role, Status
from pipeline.ports import ImageKind, KeptImage
from pipeline.steps import desk, known_answers, review
from tests.builders import START, a_box, minutes
from tests.steps.desk_street import CHIEF, CONFIRM, LI, PLAIN, SHADOW, WANG, ZHAO, DeskStreet, always, never

ALL_SECOND = replace(PLAIN, second_share=1.0)


@pytest.fixture
def street(sqlite_engine: Engine) -> DeskStreet:
    return DeskStreet(sqlite_engine)


@pytest.fixture
def any_street(engine: Engine) -> DeskStreet:
    """On each database."""
    return DeskStreet(engine)


def test_two_reviewers_never_get_the_same_ticket(any_street: DeskStreet) -> None:
    numbers = {any_street.file(a_box(0.01 * place), at=place) for place in range(40)}
    dealt: dict[str, list[str]] = {}

    def work(who: Reviewer) -> None:
        dealt[who.name] = [lease.subject for _ in range(4) for lease in any_street.deal(who, 2)]

    readers = [Thread(target=work, args=(Reviewer(f"复核员{place}", Role.reviewer),)) for place in range(5)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    everything = [number for subjects in dealt.values() for number in subjects]
    assert sorted(everything) == sorted(numbers)


def test_the_longest_waiting_comes_first(street: DeskStreet) -> None:
    late, early = street.file(a_box(0.1), at=5), street.file(a_box(0.5), at=1)
    assert [lease.subject for lease in street.deal(LI, 2)] == [early, late]


def test_a_lease_ends_by_itself_and_renewing_keeps_it(street: DeskStreet) -> None:
    number = street.file()
    lease = street.deal(LI, at=10)[0]
    assert street.deal(ZHAO, at=11) == []
    assert desk.renew(street.units, LI, [lease.token], minutes(11.5), PLAIN) == {lease.token}
    assert street.deal(ZHAO, at=12.5) == []
    assert [other.subject for other in street.deal(ZHAO, at=13.6)] == [number]
    assert desk.renew(street.units, LI, [lease.token], minutes(13.7), PLAIN) == set()
    with pytest.raises(TransitionRefused, match="somebody else"):
        street.judge(lease, LI, at=13.7)


def test_a_lease_that_ended_untaken_still_counts(street: DeskStreet) -> None:
    number = street.file()
    lease = street.deal(LI, at=10)[0]
    street.judge(lease, LI, at=30)
    assert street.status(number) is Status.filed


def test_the_ticket_page_does_not_judge_what_lies_on_a_desk(street: DeskStreet) -> None:
    number = street.file()
    street.deal(LI, at=10)
    with pytest.raises(TransitionRefused, match="李 has it"):
        review.confirm(street.units, number, "赵", Role.reviewer, minutes(11))
    review.confirm(street.units, number, "赵", Role.reviewer, minutes(13))


def test_a_skipped_card_goes_to_others_first(street: DeskStreet) -> None:
    number = street.file()
    desk.skip(street.units, LI, street.deal(LI)[0].token, minutes(10))
    assert street.deal(LI, at=15) == []
    assert [lease.subject for lease in street.deal(ZHAO, at=15)] == [number]


def test_cards_given_back_are_free_at_once(street: DeskStreet) -> None:
    street.file()
    desk.give_back(street.units, LI, [street.deal(LI)[0].token])
    assert len(street.deal(ZHAO, at=10)) == 1


def test_a_verdict_sent_twice_counts_once(street: DeskStreet) -> None:
    number = street.file()
    lease = street.deal(LI)[0]
    said = Said("key-00000001", lease.token, CONFIRM)
    first = desk.judge(street.units, said, LI, minutes(10), PLAIN, never)
    again = desk.judge(street.units, said, LI, minutes(11), PLAIN, never)
    assert first.numbers == again.numbers == (number,)
    assert len(street.labels()) == 1
    with pytest.raises(BadInput):
        desk.judge(street.units, said, ZHAO, minutes(11), PLAIN, never)


def test_those_who_may_not_review_get_no_card(street: DeskStreet) -> None:
    street.file()
    for role in (Role.viewer, Role.handler, Role.dispatcher):
        with pytest.raises(NotAllowed):
            street.deal(Reviewer("某", role))


def test_one_ruling_decides_the_look_alikes_and_undo_takes_all_back(street: DeskStreet) -> None:
    number = street.file(at=1)
    twin, other_look = street.file(at=2, gone=True), street.file(look=5, at=3, gone=True)
    elsewhere, other_view = street.file(Box(0.8, 0.8, 0.9, 0.9), at=4), street.file(view=2, at=5)
    assert desk.look_alikes(street.units, number) == (twin,)
    lease = street.deal(LI)[0]
    counted = street.judge(lease, LI, SHADOW, alike=(twin, other_look, elsewhere, other_view))
    assert counted.numbers == (number, twin)
    assert counted.left == (other_look, elsewhere, other_view)
    assert [street.status(one) for one in (number, twin, other_look)] == [
        Status.dismissed, Status.dismissed, Status.awaiting_review,
    ]  # fmt: skip
    again = street.undo(LI)
    assert again is not None and again.subject == number
    assert {street.status(one) for one in (number, twin)} == {Status.awaiting_review}
    assert [street.finding(one).state for one in (number, twin)] == [FindingState.open, FindingState.cleared]
    assert street.labels() == []


def test_a_look_alike_on_another_desk_is_left(street: DeskStreet) -> None:
    number, twin = street.file(at=1), street.file(at=2, gone=True)
    mine, theirs = street.deal(LI), street.deal(ZHAO)
    assert [theirs[0].subject] == [twin]
    assert street.judge(mine[0], LI, alike=(twin,)).left == (twin,)
    assert street.status(number) is Status.filed


def test_undo_goes_back_step_by_step(street: DeskStreet) -> None:
    numbers = [street.file(a_box(0.1 * place), at=place) for place in range(1, 4)]
    leases = street.deal(LI, 3)
    street.judge(leases[0], LI, at=10)
    street.judge(leases[1], LI, SHADOW, at=11)
    relabel = Ruling(VerdictKind.relabelled, category="illegal_ad")
    street.judge(leases[2], LI, relabel, at=12)
    desk.draw_further(street.units, "further-1", numbers[0], Drawn("litter", a_box(0.7)), LI, minutes(13))
    assert street.undo(LI, at=14) is None
    assert [label.kind for label in street.labels()] == ["confirmed", "dismissed", "relabelled", "relabelled"]
    for number in reversed(numbers):
        lease = street.undo(LI, at=15)
        assert lease is not None and lease.subject == number
    assert street.labels() == []
    assert {street.status(number) for number in numbers} == {Status.awaiting_review}
    assert street.ticket(numbers[2]).category == "litter"
    with pytest.raises(NotFound):
        street.undo(LI, at=16)


def test_nobody_undoes_what_another_said(street: DeskStreet) -> None:
    street.file()
    counted = street.judge(street.deal(LI)[0], LI)
    with pytest.raises(NotFound):
        desk.undo(street.units, ZHAO, minutes(11), PLAIN, counted.review)


def test_what_units_are_at_is_not_taken_back(street: DeskStreet) -> None:
    number = street.file()
    street.judge(street.deal(LI)[0], LI)
    with street.engine.begin() as connection:
        connection.execute(sa.update(tables.tickets).values(status="dispatched"))
    with pytest.raises(TransitionRefused):
        street.undo(LI)
    assert len(street.labels(number)) == 1


# --- the second reader


def _read_by_li(street: DeskStreet, ruling: Ruling = CONFIRM) -> str:
    number = street.file()
    street.judge(street.deal(LI)[0], LI, ruling, second=True)
    return number


def _states(street: DeskStreet) -> list[str]:
    with reading(street.engine) as connection:
        return list(connection.scalars(sa.select(second_readings.c.state).order_by(second_readings.c.id)))


def test_a_second_reader_reads_blind_and_agreeing_changes_nothing(any_street: DeskStreet) -> None:
    street = any_street
    number = _read_by_li(street)
    assert street.deal(LI, at=11, terms=ALL_SECOND) == []
    lease = street.deal(ZHAO, at=11, terms=ALL_SECOND)[0]
    with reading(street.engine) as connection:
        card = desk_queries.card_of(connection, lease)
    assert (lease.kind, card.number, card.opinions) == (ReviewKind.second, number, ())
    before = street.history(number), street.labels()
    assert street.judge(lease, ZHAO, at=12).numbers == ()
    assert (street.history(number), street.labels()) == before
    with reading(street.engine) as connection:
        measured = desk_quality.agreement_of(connection, START)
    assert (measured.pairs, measured.agreed) == (1, 1)


def test_readers_who_disagree_come_back_to_a_third(street: DeskStreet) -> None:
    number = _read_by_li(street)
    street.judge(street.deal(ZHAO, at=11)[0], ZHAO, SHADOW, at=12)
    assert _states(street) == ["conflict"]
    assert street.status(number) is Status.filed
    for party in (LI, ZHAO):
        assert street.deal(party, at=13) == []
    lease = street.deal(WANG, at=13)[0]
    with reading(street.engine) as connection:
        card = desk_queries.card_of(connection, lease)
    assert (lease.kind, card.opinions) == (ReviewKind.conflict, ("litter", "dismissed"))
    street.judge(lease, WANG, SHADOW, at=14)
    assert street.status(number) is Status.dismissed
    assert [(label.kind, label.who) for label in street.labels()] == [("dismissed", "王")]
    assert _states(street) == ["settled"]
    assert street.deal(CHIEF, at=15) == []


def test_the_first_verdict_may_stand_and_undo_brings_the_conflict_back(street: DeskStreet) -> None:
    number = _read_by_li(street)
    street.judge(street.deal(ZHAO, at=11)[0], ZHAO, SHADOW, at=12)
    street.judge(street.deal(WANG, at=13)[0], WANG, CONFIRM, at=14)
    assert street.status(number) is Status.filed
    assert [label.who for label in street.labels()] == ["李"]
    lease = street.undo(WANG, at=15)
    assert lease is not None and lease.kind is ReviewKind.conflict
    assert _states(street) == ["conflict"]


def test_where_units_are_at_it_only_the_label_is_corrected(street: DeskStreet) -> None:
    number = _read_by_li(street)
    street.judge(street.deal(ZHAO, at=11)[0], ZHAO, SHADOW, at=12)
    with street.engine.begin() as connection:
        connection.execute(sa.update(tables.tickets).values(status="dispatched"))
    street.judge(street.deal(WANG, at=13)[0], WANG, SHADOW, at=14)
    assert street.status(number) is Status.dispatched
    assert [(label.kind, label.teaches) for label in street.labels()] == [("dismissed", "negative")]
    assert street.history(number)[-1][0] == "label_corrected"


def test_the_first_reader_takes_it_back_and_nobody_is_asked_again(street: DeskStreet) -> None:
    _read_by_li(street)
    street.undo(LI)
    assert _states(street) == ["dropped"]


def test_the_second_reader_takes_it_back_and_reads_again(street: DeskStreet) -> None:
    _read_by_li(street)
    street.judge(street.deal(ZHAO, at=11)[0], ZHAO, SHADOW, at=12)
    lease = street.undo(ZHAO, at=13)
    assert lease is not None and lease.kind is ReviewKind.second
    assert _states(street) == ["waiting"]


# --- planted answers


def test_a_planted_ticket_looks_like_any_other_and_measures_the_reader(any_street: DeskStreet) -> None:
    street = any_street
    number = street.file()
    street.judge(street.deal(LI)[0], LI)
    known_answers.plant(street.units, KnownAnswer("litter", number), CHIEF, minutes(11))
    waiting = street.file(a_box(0.8), at=2)
    terms = DeskTerms(known_share=0.5, second_share=0.0, sample_share=0.0)
    dealt = desk.deal(street.units, ZHAO, 3, minutes(12), terms, always)
    assert {lease.subject for lease in dealt if lease.kind is ReviewKind.first} == {waiting}
    planted = [lease for lease in dealt if lease.kind is ReviewKind.known]
    assert len(planted) >= 1
    assert street.judge(planted[-1], ZHAO, SHADOW, at=13).numbers == ()
    assert street.status(number) is Status.filed
    with reading(street.engine) as connection:
        reader = next(one for one in desk_quality.readers(connection, START) if one.who == "赵")
    assert (reader.known, reader.correct, reader.accuracy) == (1, 0, 0.0)
    assert reader.interval is not None and reader.interval[1] == pytest.approx(0.793, abs=0.001)
    again = desk.deal(street.units, ZHAO, 3, minutes(20), terms, always)
    assert [lease.kind for lease in again if lease.kind is ReviewKind.known] == []


def test_who_judged_a_ticket_does_not_meet_it_as_planted(street: DeskStreet) -> None:
    number = street.file()
    street.judge(street.deal(LI)[0], LI)
    known_answers.plant(street.units, KnownAnswer("litter", number), CHIEF, minutes(11))
    terms = DeskTerms(known_share=0.5, second_share=0.0, sample_share=0.0)
    assert desk.deal(street.units, LI, 3, minutes(12), terms, always) == []


def test_only_a_judged_ticket_or_a_sample_is_planted_by_an_admin(street: DeskStreet) -> None:
    number = street.file()
    with pytest.raises(TransitionRefused):
        known_answers.plant(street.units, KnownAnswer("litter", number), CHIEF, minutes(11))
    review.confirm(street.units, number, "李", Role.reviewer, minutes(11))
    with pytest.raises(BadInput):
        known_answers.plant(street.units, KnownAnswer("nothing", number), CHIEF, minutes(11))
    with pytest.raises(NotAllowed):
        known_answers.plant(street.units, KnownAnswer("litter", number), LI, minutes(11))
    known = known_answers.plant(street.units, KnownAnswer("litter", number), CHIEF, minutes(11))
    known_answers.retire_known(street.units, known, CHIEF, minutes(12))
    terms = DeskTerms(known_share=0.5, second_share=0.0, sample_share=0.0)
    assert desk.deal(street.units, ZHAO, 3, minutes(13), terms, always) == []


# --- samples


def test_a_sample_is_read_as_empty_or_with_what_was_missed(any_street: DeskStreet) -> None:
    street = any_street
    for place in range(4):
        street.sample(f"{place}" * 64, at=place)
    leases = street.deal(LI, 4)
    assert {lease.kind for lease in leases} == {ReviewKind.sample}
    missed = (Drawn("litter", a_box()), Drawn("illegal_ad", a_box(0.8)))
    street.judge(leases[0], LI, None, drawn=missed)
    street.judge(leases[1], LI, None)
    labels = street.labels()
    assert [(label.number, label.kind, label.category, label.image) for label in labels] == [
        (None, "added", "litter", leases[0].subject), (None, "added", "illegal_ad", leases[0].subject),
    ]  # fmt: skip
    with reading(street.engine) as connection:
        rows = connection.execute(sa.select(tables.images.c.digest, tables.images.c.kind)).all()
        kinds = {row[0]: row[1] for row in rows}
        measured = desk_quality.recall_of(connection, START)
    assert kinds[leases[0].subject] == "evidence"  # a label needs its picture
    assert measured is not None
    assert (measured.read, measured.missed, measured.found) == (2, 1, 0)
    assert measured.sampling_share == pytest.approx(2 / 40)  # two of four kept, each one of ten
    with pytest.raises(BadInput):
        street.judge(leases[2], LI, CONFIRM)


def test_a_sample_taken_back_is_read_again(street: DeskStreet) -> None:
    digest = street.sample("a" * 64)
    street.judge(street.deal(LI)[0], LI, None, drawn=(Drawn("litter", a_box()),))
    lease = street.undo(LI)
    assert lease is not None and lease.subject == digest
    with reading(street.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(sample_readings)) == 0
        assert connection.scalar(sa.select(tables.images.c.kind)) == "sample"
    assert street.labels() == []


def test_samples_are_mixed_in_at_their_share(street: DeskStreet) -> None:
    for place in range(6):
        street.file(a_box(0.1 * place), at=place)
        street.sample(f"{place}" * 64, at=place)
    terms = DeskTerms(second_share=0.0, known_share=0.0, sample_share=0.05)
    drawn = iter((0.9, 0.5, 0.01, 0.3, 0.9, 0.5, 0.7, 0.9, 0.9))
    kinds = [lease.kind for lease in desk.deal(street.units, LI, 5, minutes(10), terms, lambda: next(drawn))]
    assert sorted(kinds) == [ReviewKind.first] * 4 + [ReviewKind.sample]


# --- what the card tells


def test_a_card_tells_the_views_verdicts_so_far(street: DeskStreet) -> None:
    numbers = [street.file(a_box(0.1 * place), at=place) for place in range(5)]
    relabel = Ruling(VerdictKind.relabelled, category="illegal_ad")
    for number, ruling in zip(numbers, (CONFIRM, CONFIRM, SHADOW, relabel), strict=False):
        review.judge_one(street.units, number, ruling, "李", Role.reviewer, minutes(9))
    with reading(street.engine) as connection:
        card = desk_queries.card_of(connection, street.deal(LI)[0])
    assert card.precision is not None
    assert (card.precision.confirmed, card.precision.dismissed, card.precision.share) == (2, 2, 0.5)


def test_the_strip_begins_with_the_view_before_the_thing_came(street: DeskStreet) -> None:
    street.sample("b" * 64, at=-30)
    street.sample("c" * 64, at=-3)
    street.sample("d" * 64, at=8)
    street.file(at=0)
    with reading(street.engine) as connection:
        card = desk_queries.card_of(connection, street.deal(LI)[0])
    assert [(frame.role, frame.image) for frame in card.strip] == [("reference", "c" * 64)]


def test_progress_counts_what_stands(street: DeskStreet) -> None:
    for place in range(3):
        street.file(a_box(0.1 * place), at=place)
    for place, lease in enumerate(street.deal(LI, 3)):
        street.judge(lease, LI, at=10 + place)
    street.undo(LI, at=13)
    with reading(street.engine) as connection:
        progress = desk_queries.progress_of(connection, "李", START, minutes(20))
    assert (progress.done, progress.tickets, progress.lately) == (2, 2, 2)
    assert progress.seconds == timedelta(minutes=10).total_seconds()


# --- frames that are asked about


def asked(street: DeskStreet, digest: str, why: AskedFor = AskedFor.doubt, worth: float = 0.5) -> str:
    with street.units.writing() as uow:
        uow.keep_images([KeptImage(digest, ImageKind.asked, 1, 10, minutes(0))])
        uow.asked.add([AskedFrame(digest, 1, minutes(0), minutes(1), why, worth)])
    return digest


def test_what_two_models_differ_about_is_dealt_before_what_is_doubtful(any_street: DeskStreet) -> None:
    street = any_street
    little, much = asked(street, "a" * 64, worth=0.2), asked(street, "b" * 64, worth=0.9)
    differing = asked(street, "c" * 64, AskedFor.shadow, 0.1)
    dealt = street.deal(LI, 3)
    assert [lease.subject for lease in dealt] == [differing, much, little]
    assert {lease.kind for lease in dealt} == {ReviewKind.asked}
    assert street.deal(ZHAO, 3) == []


def test_an_asked_frame_is_read_like_a_sample_but_says_nothing_of_recall(any_street: DeskStreet) -> None:
    street = any_street
    digest = asked(street, "a" * 64)
    lease = street.deal(LI)[0]
    with pytest.raises(BadInput):
        street.judge(lease, LI, CONFIRM)
    street.judge(lease, LI, None, drawn=(Drawn("litter", a_box()),))
    assert [(label.number, label.kind, label.image, label.view_id) for label in street.labels()] == [
        (None, "added", digest, 1)
    ]
    with reading(street.engine) as connection:
        assert desk_quality.recall_of(connection, START) is None
        assert connection.scalar(sa.select(tables.images.c.kind)) == "evidence"
    assert street.deal(ZHAO) == []
    again = street.undo(LI)
    assert again is not None and (again.kind, again.subject) == (ReviewKind.asked, digest)
    assert street.labels() == []
    assert street.judge(again, LI, None).numbers == ()
    with street.units.reading() as uow:
        assert uow.asked.waiting() == 0


def test_asked_frames_are_mixed_in_at_their_share_and_shown_as_frames(street: DeskStreet) -> None:
    for place in range(6):
        street.file(a_box(0.1 * place), at=place)
    digest = asked(street, "a" * 64)
    terms = replace(PLAIN, asked_share=0.1)
    drawn = iter((0.9, 0.5, 0.05, 0.3, 0.9, 0.9))
    dealt = desk.deal(street.units, LI, 4, minutes(10), terms, lambda: next(drawn))
    assert [lease.kind for lease in dealt].count(ReviewKind.asked) == 1
    lease = next(lease for lease in dealt if lease.kind is ReviewKind.asked)
    with reading(street.engine) as connection:
        card = desk_queries.card_of(connection, lease)
    assert (card.is_sample, card.image, card.number) == (True, digest, None)
