"""The desk: deal cards, count what reviewers say of them, take it back. One transaction each, all of them short."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.domain.desk import Counted, DeskTerms, Lease, Reviewer, Said
from pipeline.domain.errors import BadInput, NotAllowed, NotFound, TransitionRefused
from pipeline.domain.finding import SAME_LOOK, Finding, same_place, similarity
from pipeline.domain.review import MISSED, NOTHING, Drawn, Review, ReviewKind, Ruling, VerdictKind
from pipeline.domain.ticket import HistoryEntry, Role, Status
from pipeline.ports import UnitOfWork, UnitsOfWork
from pipeline.steps.review import By, further_label, label_further, labels, rule, take_back

Chance = Callable[[], float]
"""A number from 0 to 1, other each time."""

MOST_CARDS = 8
"""Dealt at once."""
PASSED_OVER = timedelta(hours=1)
BACKLOG_FACTOR = 2
"""Second readings are dealt this much more often than they arise, so that none waits for long."""
SWEPT_SHARE = 0.01
"""Of deals that also clear away leases that ended long ago."""
UNDONE_WITHIN = timedelta(days=7)
FRAMES = frozenset({ReviewKind.sample, ReviewKind.asked})
"""Answered with boxes, maybe none."""
REVIEWERS = frozenset({Role.reviewer, Role.admin})


def deal(
    units: UnitsOfWork, reader: Reviewer, count: int, at: datetime, terms: DeskTerms, chance: Chance
) -> list[Lease]:
    """Up to `count` cards, mixed as the terms say; conflicts between readers come first."""
    _refuse_others(reader)
    until = at + terms.lease
    with units.writing() as uow:
        return _dealt(uow, reader.name, min(count, MOST_CARDS), (at, until), terms, chance)


def _dealt(
    uow: UnitOfWork, who: str, count: int, when: tuple[datetime, datetime], terms: DeskTerms, chance: Chance
) -> list[Lease]:
    """Each card's place is drawn for itself, so that its place tells nothing of its kind."""
    if chance() < SWEPT_SHARE:
        uow.dealing.sweep(when[0])
    conflict = uow.dealing.deal_conflict(who, *when) if count else None
    places = [conflict] if conflict else []
    mixed = [_mixed_in(uow, who, when, terms, chance) for _ in range(count - len(places))]
    tickets = iter(uow.dealing.deal_tickets(who, mixed.count(None), *when))
    places += [lease for lease in (place or next(tickets, None) for place in mixed) if lease is not None]
    while len(places) < count:  # no ticket waits: the rest of what there is to read
        more = (
            uow.dealing.deal_second(who, *when)
            or uow.dealing.deal_asked(who, *when)
            or uow.dealing.deal_sample(who, *when, chance())
        )
        if more is None:
            break
        places.append(more)
    return places


def _mixed_in(
    uow: UnitOfWork, who: str, when: tuple[datetime, datetime], terms: DeskTerms, chance: Chance
) -> Lease | None:
    """What is dealt in place of a ticket; None: a ticket."""
    drawn = chance() - terms.known_share
    if drawn < 0:
        return uow.dealing.deal_known(who, *when, chance())
    drawn -= terms.sample_share
    if drawn < 0:
        return uow.dealing.deal_sample(who, *when, chance())
    drawn -= terms.asked_share
    if drawn < 0:
        return uow.dealing.deal_asked(who, *when)
    drawn -= BACKLOG_FACTOR * terms.second_share
    return uow.dealing.deal_second(who, *when) if drawn < 0 else None


def renew(units: UnitsOfWork, reader: Reviewer, tokens: Sequence[str], at: datetime, terms: DeskTerms) -> set[str]:
    """Those that are still this reviewer's, for another while."""
    with units.writing() as uow:
        return set(uow.dealing.renew(reader.name, tokens, at, at + terms.lease))


def give_back(units: UnitsOfWork, reader: Reviewer, tokens: Sequence[str]) -> None:
    """Cards that a reviewer leaves unread; others may have them at once."""
    with units.writing() as uow:
        uow.dealing.release(tokens, reader.name)


def skip(units: UnitsOfWork, reader: Reviewer, token: str, at: datetime) -> None:
    """Somebody else shall read it; it comes back to this reviewer no sooner than in an hour."""
    with units.writing() as uow:
        lease = uow.dealing.held(token)
        if lease is not None and lease.who == reader.name:
            uow.dealing.pass_over(lease, at + PASSED_OVER)
            uow.dealing.release([token], reader.name)


def judge(units: UnitsOfWork, said: Said, reader: Reviewer, at: datetime, terms: DeskTerms, chance: Chance) -> Counted:
    """Count what a reviewer says of a card. Sent twice, it counts once.

    Raises BadInput, NotFound, and TransitionRefused where the lease ended and somebody else has the card, or the
    ticket was judged meanwhile.
    """
    _refuse_others(reader)
    with units.writing() as uow:
        known = _counted_before(uow, said.key, reader.name)
        if known is not None:
            return known
        lease = uow.dealing.held(said.token)
        if lease is None or lease.who != reader.name:
            raise TransitionRefused("this card went to somebody else meanwhile: take the next one")
        if (lease.kind in FRAMES or _is_known_sample(uow, lease)) != (said.ruling is None):
            raise BadInput("a ticket is answered with a verdict, a frame with what was missed in it")
        counted = COUNTERS[lease.kind](uow, lease, said, By(reader.name, reader.role, at, said.key))
        if lease.kind is ReviewKind.first and chance() < terms.second_share:
            review = uow.reviews.get(said.key)
            assert review is not None, "it was written a moment ago"
            uow.dealing.ask_second(review)
        uow.dealing.release([said.token], reader.name)
        uow.bump("tickets")
    return counted


def _counted_before(uow: UnitOfWork, key: str, who: str) -> Counted | None:
    review = uow.reviews.get(key)
    if review is None:
        return None
    if review.who != who:
        raise BadInput("this key is somebody else's: choose a new one for each verdict")
    return Counted(key, uow.reviews.decided_by(key))


def _is_known_sample(uow: UnitOfWork, lease: Lease) -> bool:
    return lease.kind is ReviewKind.known and uow.dealing.known(known_id_of(lease)).image is not None


def known_id_of(lease: Lease) -> int:
    """A known answer's lease names the reader beside it: several may read the same one at once."""
    return int(lease.subject.split(" ", 1)[0])


def category_of(uow: UnitOfWork, number: str) -> str:
    """What the detector said: what a reader sees first, whatever was said since."""
    return uow.findings.get(uow.tickets.get(number).finding_id).category


def _first(uow: UnitOfWork, lease: Lease, said: Said, by: By) -> Counted:
    assert said.ruling is not None
    number = lease.subject
    answer = said.ruling.answer(category_of(uow, number))
    fitting = alike(uow, number) if said.alike else {}
    decided, left = [number], list[str]()
    for other in dict.fromkeys(said.alike):
        held = uow.dealing.holder(other, by.at)
        (decided if other in fitting and (held is None or held.who == by.who) else left).append(other)
    review = Review(by.key, by.who, by.at, ReviewKind.first, answer, number, tickets=len(decided), seconds=said.seconds)
    uow.reviews.add(review)
    whole = replace(said.ruling, kind=VerdictKind.confirmed, box=None) if said.ruling.box else said.ruling
    for one in decided:
        rule(uow, one, said.ruling if one == number else whole, by)
    return Counted(by.key, tuple(decided), tuple(left))


def look_alikes(units: UnitsOfWork, number: str) -> tuple[str, ...]:
    """Tickets that the same ruling may be for, oldest first."""
    with units.reading() as uow:
        return tuple(alike(uow, number))


def alike(uow: UnitOfWork, number: str) -> dict[str, Finding]:
    """Other tickets that await review with the same view, place, category and look."""
    waiting = uow.reviews.awaiting_like(number)
    if not waiting:
        return {}
    finding = uow.findings.get(uow.tickets.get(number).finding_id)
    category = uow.categories()[finding.category]
    return {
        other: candidate
        for other, candidate in waiting.items()
        if same_place(finding.box, candidate.box, category) and similarity(finding.look, candidate.look) >= SAME_LOOK
    }


def _second(uow: UnitOfWork, lease: Lease, said: Said, by: By) -> Counted:
    """Moves nothing: it only says whether two readers agree."""
    assert said.ruling is not None
    reading = uow.dealing.second(int(lease.subject))
    answer = said.ruling.answer(category_of(uow, reading.number))
    _refuse_unknown(uow, said.ruling)
    review = Review(by.key, by.who, by.at, ReviewKind.second, answer, reading.number, tickets=0, seconds=said.seconds)
    uow.reviews.add(review)
    uow.dealing.answer_second(reading.id, review, conflict=answer != reading.first_answer)
    return Counted(by.key, ())


def _known(uow: UnitOfWork, lease: Lease, said: Said, by: By) -> Counted:
    known = uow.dealing.known(known_id_of(lease))
    if said.ruling is None:
        answer = MISSED if said.drawn else NOTHING
    else:
        assert known.number is not None, "checked before: a ruling is of a ticket"
        _refuse_unknown(uow, said.ruling)
        answer = said.ruling.answer(category_of(uow, known.number))
    uow.reviews.add(
        Review(
            by.key, by.who, by.at, ReviewKind.known, answer, known.number, known.image, 0, said.seconds, known.id,
            answer == known.answer,
        )
    )  # fmt: skip
    return Counted(by.key, ())


def _sample(uow: UnitOfWork, lease: Lease, said: Said, by: By) -> Counted:
    sample = uow.dealing.sample(lease.subject)
    review = _looked_over(uow, lease, sample.view_id, said, by)
    uow.dealing.read_sample(sample, review, len(said.drawn))
    return Counted(by.key, ())


def _asked(uow: UnitOfWork, lease: Lease, said: Said, by: By) -> Counted:
    """No sample: what was chosen for its doubt says nothing of how much is missed."""
    asked = uow.asked.get(lease.subject)
    review = _looked_over(uow, lease, asked.view_id, said, by)
    uow.asked.read(asked.image, review, len(said.drawn))
    return Counted(by.key, ())


def _looked_over(uow: UnitOfWork, lease: Lease, view_id: int | None, said: Said, by: By) -> Review:
    image, answer = lease.subject, MISSED if said.drawn else NOTHING
    review = Review(by.key, by.who, by.at, lease.kind, answer, image=image, tickets=0, seconds=said.seconds)
    uow.reviews.add(review)
    where = (None, view_id, image)
    uow.reviews.add_labels([further_label(uow, drawn, where, by) for drawn in said.drawn])
    return review


def _conflict(uow: UnitOfWork, lease: Lease, said: Said, by: By) -> Counted:
    """A third look decides: the first verdict stands, or gives way; where units are at it, its labels alone do."""
    assert said.ruling is not None
    reading = uow.dealing.second(int(lease.subject))
    number = reading.number
    answer = said.ruling.answer(category_of(uow, number))
    stands = answer == reading.first_answer and said.ruling.box is None
    uow.reviews.add(
        Review(by.key, by.who, by.at, ReviewKind.conflict, answer, number, None, int(not stands), said.seconds)
    )
    uow.dealing.settle(reading.id, by.key)
    if stands:
        return Counted(by.key, ())
    uow.reviews.lock([number])
    ticket = uow.tickets.get(number)
    if ticket.status in (Status.filed, Status.dismissed):
        ticket = take_back(uow, number, by)
    if ticket.status is Status.awaiting_review:
        rule(uow, number, said.ruling, by)
    else:
        _correct_labels(uow, number, said.ruling, by)
    return Counted(by.key, (number,))


def _correct_labels(uow: UnitOfWork, number: str, ruling: Ruling, by: By) -> None:
    ticket = replace(uow.tickets.get(number), category=category_of(uow, number))
    corrected = labels(uow, ticket, ruling, by)
    uow.reviews.withdraw_labels(number)
    uow.reviews.add_labels(corrected)
    answer = ruling.answer(ticket.category)
    uow.tickets.note(HistoryEntry(number, by.at, by.who, "label_corrected", ruling.reason, answer))


COUNTERS: dict[ReviewKind, Callable[[UnitOfWork, Lease, Said, By], Counted]] = {
    ReviewKind.first: _first,
    ReviewKind.second: _second,
    ReviewKind.known: _known,
    ReviewKind.sample: _sample,
    ReviewKind.asked: _asked,
    ReviewKind.conflict: _conflict,
}


def _refuse_unknown(uow: UnitOfWork, ruling: Ruling) -> None:
    if ruling.reason is not None and ruling.reason not in uow.reasons():
        raise BadInput(f"{ruling.reason!r} is no reason, or one that is used no more")
    if ruling.category is not None and ruling.category not in uow.categories():
        raise BadInput(f"{ruling.category!r} is no category")


def draw_further(units: UnitsOfWork, key: str, number: str, drawn: Drawn, reader: Reviewer, at: datetime) -> None:
    """A further thing on a ticket's frame: a label, and no second ticket. Sent twice, it counts once."""
    _refuse_others(reader)
    with units.writing() as uow:
        if _counted_before(uow, key, reader.name) is None:
            label_further(uow, number, drawn, key, reader.name, at)


def undo(
    units: UnitsOfWork, reader: Reviewer, at: datetime, terms: DeskTerms, key: str | None = None
) -> tuple[Review, Lease | None]:
    """Take back this reviewer's last review that stands, or the one named; its card lies on the desk again.

    The lease is None where there is no card: a box drawn beside a ticket, or something that others have by now.
    Raises NotFound where there is no such review, TransitionRefused where its ticket has gone further since.
    """
    _refuse_others(reader)
    with units.writing() as uow:
        review = uow.reviews.get(key) if key else uow.reviews.last_of(reader.name)
        if review is None or review.who != reader.name or review.withdrawn_at is not None:
            raise NotFound("there is no verdict of yours to take back")
        if review.at < at - UNDONE_WITHIN:
            raise TransitionRefused(f"a verdict is taken back within {UNDONE_WITHIN.days} days")
        card = _card_of(uow, review)
        _withdraw(uow, review, By(reader.name, reader.role, at, review.key))
        uow.bump("tickets")
        lease = uow.dealing.lease(*card, reader.name, at, at + terms.lease) if card else None
    return review, lease


def _withdraw(uow: UnitOfWork, review: Review, by: By) -> None:
    for number in uow.reviews.decided_by(review.key):
        take_back(uow, number, by)
    uow.reviews.withdraw_labels_by(review.key)
    uow.dealing.forget_seconds(review.key)
    uow.dealing.reopen_second(review.key)
    uow.dealing.unread_sample(review.key)
    uow.asked.unread(review.key)
    if review.kind is ReviewKind.conflict and not review.tickets:
        uow.dealing.unsettle(review.key)
    uow.reviews.withdraw(review.key, by.at)


def _card_of(uow: UnitOfWork, review: Review) -> tuple[ReviewKind, str] | None:
    """Kind and subject of the card that a review was of, once it is taken back."""
    if review.kind is ReviewKind.added:
        return None
    if review.kind is ReviewKind.known:
        return ReviewKind.known, f"{review.known_id} {review.who}"
    if review.kind in FRAMES:
        return review.kind, review.image or ""
    if review.kind is ReviewKind.first or review.tickets:
        return ReviewKind.first, review.number or ""
    reading_id = uow.dealing.reading_of(review.key)
    return None if reading_id is None else (review.kind, str(reading_id))


def _refuse_others(reader: Reviewer) -> None:
    if reader.role not in REVIEWERS:
        raise NotAllowed(f"a {reader.role} may not review; ask a reviewer")
