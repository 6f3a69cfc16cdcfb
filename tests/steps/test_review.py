"""Verdicts: what moves, what is taught, what is suppressed, and taking it all back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from pipeline.domain.category import Kind
from pipeline.domain.errors import BadInput, TransitionRefused
from pipeline.domain.finding import FindingState
from pipeline.domain.geometry import Box
from pipeline.domain.review import Drawn, Reason, Ruling, Suppresses, Teaches, VerdictKind
from pipeline.domain.ticket import Role, Status
from pipeline.steps import reasons, review
from tests.builders import a_box, minutes
from tests.steps.desk_street import DeskStreet

BY = ("李", Role.reviewer, minutes(5))


@pytest.fixture
def street(sqlite_engine: Engine) -> DeskStreet:
    return DeskStreet(sqlite_engine)


def judge(street: DeskStreet, number: str, ruling: Ruling) -> None:
    review.judge_one(street.units, number, ruling, *BY)


def test_a_confirmed_ticket_is_filed_and_its_box_is_a_label(street: DeskStreet) -> None:
    number = street.file()
    review.confirm(street.units, number, *BY)
    label = street.labels()[0]
    assert street.status(number) is Status.filed
    assert (label.kind, label.teaches, label.category, label.view_id) == ("confirmed", "positive", "litter", 1)
    assert (label.left, label.image) == (a_box().left, f"{1:064x}")


def test_relabelling_files_under_the_other_category_and_teaches_both(street: DeskStreet) -> None:
    number = street.file()
    judge(street, number, Ruling(VerdictKind.relabelled, category="street_business"))
    ticket = street.ticket(number)
    assert (ticket.status, ticket.category, ticket.kind) == (Status.filed, "street_business", Kind.enforcement)
    taught = [(label.teaches, label.category) for label in street.labels()]
    assert taught == [("positive", "street_business"), ("negative", "litter")]
    assert street.history(number)[-1] == ("filed", "relabelled: litter -> street_business")
    assert street.finding(number).category == "litter"  # what the detector says is what the next round matches


def test_relabelling_taken_back_is_as_before(street: DeskStreet) -> None:
    number = street.file()
    judge(street, number, Ruling(VerdictKind.relabelled, category="street_business"))
    review.reopen(street.units, number, *BY)
    ticket = street.ticket(number)
    assert (ticket.status, ticket.category, ticket.kind) == (Status.awaiting_review, "litter", Kind.clean_up)
    assert street.labels() == []


def test_relabelling_to_the_same_or_an_unknown_category_is_refused(street: DeskStreet) -> None:
    number = street.file()
    for category in ("litter", "no_such_thing"):
        with pytest.raises(BadInput):
            judge(street, number, Ruling(VerdictKind.relabelled, category=category))
    assert street.status(number) is Status.awaiting_review


def test_a_redrawn_box_is_the_label(street: DeskStreet) -> None:
    number = street.file()
    judge(street, number, Ruling(VerdictKind.redrawn, box=Box(0.1, 0.2, 0.3, 0.4)))
    label = street.labels()[0]
    assert street.status(number) is Status.filed
    assert (label.kind, label.teaches, label.left, label.bottom) == ("redrawn", "positive", 0.1, 0.4)


@pytest.mark.parametrize("box", [(0.5, 0.2, 0.3, 0.4), (0.1, 0.2, 1.3, 0.4), (0.1, 0.2, 0.1005, 0.4)])
def test_a_box_that_is_none_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(BadInput):
        Ruling(VerdictKind.redrawn, box=Box(*box))


@pytest.mark.parametrize(
    "parts", [{"kind": "dismissed"}, {"kind": "confirmed", "reason": "shadow"}, {"kind": "relabelled", "reason": "x"}]
)
def test_a_verdict_bears_its_own_part_and_no_other(parts: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        Ruling(VerdictKind(parts["kind"]), reason=parts.get("reason"))


def test_a_further_box_is_a_label_and_no_ticket(street: DeskStreet) -> None:
    number = street.file()
    review.add_box(street.units, number, Drawn("illegal_ad", Box(0.1, 0.1, 0.2, 0.2)), "李", minutes(5))
    label = street.labels()[0]
    assert (label.number, label.kind, label.teaches, label.category) == (number, "added", "positive", "illegal_ad")
    assert street.status(number) is Status.awaiting_review
    review.confirm(street.units, number, *BY)
    review.reopen(street.units, number, *BY)
    assert [label.kind for label in street.labels()] == ["added"]  # it has nothing to do with the verdict


@pytest.mark.parametrize(
    ("reason", "teaches", "lasts"),
    [("shadow", "negative", None), ("licensed_stall", "positive", timedelta(days=30)),
     ("permitted_works", "nothing", timedelta(days=30))],
)  # fmt: skip
def test_a_reason_says_what_it_teaches_and_for_how_long_it_suppresses(
    street: DeskStreet, reason: str, teaches: str, lasts: timedelta | None
) -> None:
    number = street.file()
    review.dismiss(street.units, number, reason, *BY)
    finding = street.finding(number)
    assert street.labels()[0].teaches == teaches
    assert finding.state is FindingState.dismissed
    assert finding.suppress_until == (minutes(5) + lasts if lasts else None)


def test_what_suppresses_never_is_over_at_once_and_undo_opens_it_again(street: DeskStreet) -> None:
    gone = Reason("gone", "已清走", "Already gone", Teaches.positive, Suppresses.never)
    reasons.add_reason(street.units, gone, "主任", minutes(1))
    number = street.file()
    review.dismiss(street.units, number, "gone", *BY)
    assert street.finding(number).state is FindingState.cleared
    review.reopen(street.units, number, *BY)
    assert street.finding(number).state is FindingState.open
    assert street.finding(number).cleared_at is None


def test_taking_back_is_refused_where_another_thing_opened_at_the_place(street: DeskStreet) -> None:
    number = street.file()
    review.dismiss(street.units, number, "shadow", *BY)
    street.file()
    with pytest.raises(TransitionRefused, match="another open finding"):
        review.reopen(street.units, number, *BY)


def test_a_lifted_suppression_leaves_its_line(street: DeskStreet) -> None:
    number = street.file()
    review.dismiss(street.units, number, "shadow", *BY)
    review.lift_suppression(street.units, street.finding(number).id, minutes(6), "赵")
    assert street.finding(number).state is FindingState.cleared
    assert street.history(number)[-1][0] == "suppression_lifted"


def test_a_reason_in_use_is_retired_not_deleted(street: DeskStreet) -> None:
    review.dismiss(street.units, street.file(), "shadow", *BY)
    with pytest.raises(TransitionRefused, match="retire"):
        reasons.remove_reason(street.units, "shadow", "主任", minutes(6))
    reasons.retire_reason(street.units, "shadow", True, "主任", minutes(6))
    with pytest.raises(BadInput):
        review.dismiss(street.units, street.file(a_box(0.8)), "shadow", *BY)
    reasons.retire_reason(street.units, "shadow", False, "主任", minutes(7))
    review.dismiss(street.units, street.file(a_box(0.1)), "shadow", *BY)


def test_reasons_are_added_changed_ordered_and_removed(street: DeskStreet) -> None:
    new = Reason("site_hoarding", "施工围挡", "Site hoarding", Teaches.negative, Suppresses.until_date, 90)
    reasons.add_reason(street.units, new, "主任", minutes(1))
    with pytest.raises(BadInput):
        reasons.add_reason(street.units, new, "主任", minutes(1))
    reasons.change_reason(street.units, replace(new, name_zh="围挡", days=7), "主任", minutes(2))
    reasons.move_reason(street.units, "site_hoarding", -1, "主任", minutes(3))
    with street.units.reading() as uow:
        known = uow.reasons()
    assert (known["site_hoarding"].name_zh, known["site_hoarding"].days) == ("围挡", 7)
    assert list(known)[-2:] == ["site_hoarding", "duplicate"]
    reasons.remove_reason(street.units, "site_hoarding", "主任", minutes(4))
    with street.units.reading() as uow:
        assert "site_hoarding" not in uow.reasons()


def test_days_belong_to_a_suppression_until_a_date() -> None:
    with pytest.raises(BadInput):
        Reason("x", "甲", "A", Teaches.negative, Suppresses.while_present, 3)
    with pytest.raises(BadInput):
        Reason("x", "甲", "A", Teaches.negative, Suppresses.until_date)
