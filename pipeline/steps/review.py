"""A reviewer's verdict: one keystroke moves the ticket, labels its sample and, if dismissed, suppresses its finding."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.domain.errors import BadInput, TransitionRefused
from pipeline.domain.finding import Finding, FindingState
from pipeline.domain.geometry import Box
from pipeline.domain.review import (
    Drawn,
    Reason,
    Review,
    ReviewKind,
    Ruling,
    Suppresses,
    Teaches,
    Verdict,
    VerdictKind,
    checked_box,
)
from pipeline.domain.ticket import HistoryEntry, Role, Status, Ticket
from pipeline.ports import UnitOfWork, UnitsOfWork


@dataclass(frozen=True, slots=True)
class By:
    """Who decides, when, and under which review."""

    who: str
    role: Role
    at: datetime
    key: str


def confirm(units: UnitsOfWork, number: str, who: str, role: Role, at: datetime) -> Ticket:
    """Awaiting review to filed; a positive label. Raises NotFound, TransitionRefused."""
    return judge_one(units, number, Ruling(VerdictKind.confirmed), who, role, at)


def dismiss(units: UnitsOfWork, number: str, reason_code: str, who: str, role: Role, at: datetime) -> Ticket:
    """Awaiting review to dismissed; the reason says what it teaches and suppresses.

    Raises BadInput for a reason that is no row or retired, NotFound, TransitionRefused.
    """
    return judge_one(units, number, Ruling(VerdictKind.dismissed, reason=reason_code), who, role, at)


def judge_one(units: UnitsOfWork, number: str, ruling: Ruling, who: str, role: Role, at: datetime) -> Ticket:
    """A verdict outside the desk. Raises TransitionRefused too where the ticket lies on somebody's desk."""
    with units.writing() as uow:
        _refuse_if_held(uow, number, who, at)
        by = By(who, role, at, uow.reviews.new_key())
        category = uow.findings.get(uow.tickets.get(number).finding_id).category
        uow.reviews.add(Review(by.key, who, at, ReviewKind.first, ruling.answer(category), number))
        ticket = rule(uow, number, ruling, by)
        uow.bump("tickets")
    return ticket


def add_box(units: UnitsOfWork, number: str, drawn: Drawn, who: str, at: datetime) -> str:
    """A further thing on the ticket's frame: a positive label, and no ticket of its own; the review's key."""
    with units.writing() as uow:
        key = uow.reviews.new_key()
        label_further(uow, number, drawn, key, who, at)
    return key


def label_further(uow: UnitOfWork, number: str, drawn: Drawn, key: str, who: str, at: datetime) -> None:
    """Raises BadInput, NotFound."""
    ticket = uow.tickets.get(number)
    uow.reviews.add(Review(key, who, at, ReviewKind.added, drawn.category, number, tickets=0))
    where = (number, ticket.view_id, uow.reviews.shown(number).image)
    uow.reviews.add_labels([further_label(uow, drawn, where, By(who, Role.reviewer, at, key))])


def further_label(uow: UnitOfWork, drawn: Drawn, where: tuple[str | None, int | None, str | None], by: By) -> Verdict:
    """`where`: ticket, view, image. Raises BadInput for a category that is none, or a box that leaves the frame."""
    if drawn.category not in uow.categories():
        raise BadInput(f"{drawn.category!r} is no category")
    number, view_id, image = where
    return Verdict(
        by.at, by.who, VerdictKind.added, Teaches.positive, drawn.category, checked_box(drawn.box), view_id, image,
        number, review=by.key,
    )  # fmt: skip


def reopen(units: UnitsOfWork, number: str, who: str, role: Role, at: datetime) -> Ticket:
    """Take a verdict back: awaiting review again, its labels withdrawn, its suppression ended."""
    with units.writing() as uow:
        reviews = {label.review for label in uow.reviews.labels_of(number)}
        ticket = take_back(uow, number, By(who, role, at, ""))
        for key in reviews:
            if key and not uow.reviews.decided_by(key):
                uow.reviews.withdraw(key, at)
                uow.dealing.forget_seconds(key)
        uow.bump("tickets")
    return ticket


def lift_suppression(units: UnitsOfWork, finding_id: str, at: datetime, who: str) -> None:
    """End a suppression: what still lies there becomes a new candidate at the next visit."""
    with units.writing() as uow:
        finding = uow.findings.get(finding_id)
        if finding.state is not FindingState.dismissed:
            raise TransitionRefused("this finding is not suppressed")
        uow.findings.save([finding.cleared(at)])
        ticket = uow.tickets.of_finding(finding_id)
        if ticket is not None:
            uow.tickets.note(HistoryEntry(ticket.number, at, who, "suppression_lifted"))
        uow.bump("tickets")


def rule(uow: UnitOfWork, number: str, ruling: Ruling, by: By) -> Ticket:
    """Move the ticket and write its labels, in a transaction that the caller holds.

    Raises NotFound, BadInput for a reason or category that is no row, TransitionRefused.
    """
    uow.reviews.lock([number])
    ticket = uow.tickets.get(number)
    finding = uow.findings.get(ticket.finding_id)
    moved, entry = MOVERS[ruling.kind](uow, ticket, ruling, by)
    uow.tickets.save(moved, entry)
    uow.reviews.add_labels(labels(uow, ticket, ruling, by))
    if ruling.reason is not None and finding.state is FindingState.open:
        uow.findings.save([_suppressed(finding, uow.reasons()[ruling.reason], by.at)])
    return moved


Moved = tuple[Ticket, HistoryEntry]


def _filed(_uow: UnitOfWork, ticket: Ticket, ruling: Ruling, by: By) -> Moved:
    detail = "redrawn" if ruling.kind is VerdictKind.redrawn else None
    moved = ticket.moved(Status.filed, by.role, None)
    return moved, HistoryEntry(ticket.number, by.at, by.who, Status.filed, detail=detail)


def _dismissed(_uow: UnitOfWork, ticket: Ticket, ruling: Ruling, by: By) -> Moved:
    moved = ticket.moved(Status.dismissed, by.role, ruling.reason)
    return moved, HistoryEntry(ticket.number, by.at, by.who, Status.dismissed, ruling.reason)


def _relabelled(uow: UnitOfWork, ticket: Ticket, ruling: Ruling, by: By) -> Moved:
    """The category and its kind follow; the finding keeps what the detector calls it, for that is matched."""
    assert ruling.category is not None, "a ruling to relabel bears its category"
    category = uow.categories().get(ruling.category)
    if category is None:
        raise BadInput(f"{ruling.category!r} is no category")
    if category.code == ticket.category:
        raise BadInput(f"{ticket.number} is {category.code} already: confirm it")
    moved = replace(ticket.moved(Status.filed, by.role, None), category=category.code, kind=category.kind)
    detail = f"relabelled: {ticket.category} -> {category.code}"
    return moved, HistoryEntry(ticket.number, by.at, by.who, Status.filed, detail=detail)


MOVERS: dict[VerdictKind, Callable[[UnitOfWork, Ticket, Ruling, By], Moved]] = {
    VerdictKind.confirmed: _filed,
    VerdictKind.redrawn: _filed,
    VerdictKind.dismissed: _dismissed,
    VerdictKind.relabelled: _relabelled,
}


def labels(uow: UnitOfWork, ticket: Ticket, ruling: Ruling, by: By) -> list[Verdict]:
    """What a ruling teaches. Raises BadInput for a reason that is no row."""
    shown = uow.reviews.shown(ticket.number)

    def label(teaches: Teaches, category: str, box: Box = shown.box) -> Verdict:
        return Verdict(
            by.at, by.who, ruling.kind, teaches, category, box, ticket.view_id, shown.image, ticket.number,
            ruling.reason, by.key,
        )  # fmt: skip

    if ruling.reason is not None:
        reason = uow.reasons().get(ruling.reason)
        if reason is None:
            raise BadInput(f"{ruling.reason!r} is no reason, or one that is used no more")
        return [label(reason.teaches, ticket.category)]
    if ruling.category is not None:
        return [label(Teaches.positive, ruling.category), label(Teaches.negative, ticket.category)]
    return [label(Teaches.positive, ticket.category, ruling.box or shown.box)]


def take_back(uow: UnitOfWork, number: str, by: By) -> Ticket:
    """Awaiting review again, as it was before its verdict. Raises NotFound, TransitionRefused."""
    uow.reviews.lock([number])
    before = uow.tickets.get(number)
    ticket = before.moved(Status.awaiting_review, by.role, None)
    given = uow.reviews.labels_of(number)
    for label in given:
        if label.kind is VerdictKind.relabelled and label.teaches is Teaches.negative:
            ticket = replace(ticket, category=label.category, kind=uow.categories()[label.category].kind)
    _unsuppress(uow, uow.findings.get(ticket.finding_id), number, {label.at for label in given})
    uow.reviews.withdraw_labels(number)
    uow.tickets.save(ticket, HistoryEntry(number, by.at, by.who, Status.awaiting_review, detail=f"was {before.status}"))
    return ticket


def _unsuppress(uow: UnitOfWork, finding: Finding, number: str, judged_at: set[datetime]) -> None:
    """What a dismissal suppressed, or cleared at that moment, is open again."""
    cleared_by_it = finding.state is FindingState.cleared and finding.cleared_at in judged_at
    if finding.state is FindingState.dismissed or cleared_by_it:
        _refuse_if_doubled(uow, finding, number)
        uow.findings.save([replace(finding, state=FindingState.open, suppress_until=None, cleared_at=None)])


def _suppressed(finding: Finding, reason: Reason, at: datetime) -> Finding:
    if reason.suppresses is Suppresses.never:
        return finding.cleared(at)
    until = at + timedelta(days=reason.days or 1) if reason.suppresses is Suppresses.until_date else None
    return finding.dismissed(until)


def _refuse_if_held(uow: UnitOfWork, number: str, who: str, at: datetime) -> None:
    lease = uow.dealing.holder(number, at)
    if lease is not None and lease.who != who:
        raise TransitionRefused(f"{number}: {lease.who} has it on the desk at the moment")


def _refuse_if_doubled(uow: UnitOfWork, finding: Finding, number: str) -> None:
    """Another thing may have opened at this place since; two open findings for one place are never made."""
    others = uow.findings.live([finding.view_id]).get(finding.view_id, [])
    for other in others:
        same = other.category == finding.category and other.box.shared_area(finding.box) > 0
        if same and other.id != finding.id and other.state is FindingState.open:
            raise TransitionRefused(f"{number}: another open finding now stands at this place")
