"""What pages and JSON show of a ticket's life, and which moves the person who asks may make."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from api.dependencies import Services
from api.life_schemas import LifeOut
from pipeline.adapters.accounts import Person
from pipeline.domain.dispatch import Proposal
from pipeline.domain.site import Tier
from pipeline.domain.ticket import MOVES, RUNNING, Mover, Role, Status, Ticket
from pipeline.domain.ticket_clock import Light, light_of
from pipeline.domain.verification import AfterLook
from pipeline.steps.dispatch import proposal_of

S = Status
ACTIONS: Mapping[str, tuple[frozenset[Status], Status | None]] = {
    "dispatch": (frozenset({S.filed}), S.dispatched),
    "accept": (frozenset({S.dispatched, S.reworked}), S.in_progress),
    "report": (frozenset({S.dispatched, S.in_progress}), None),
    "rectify": (frozenset({S.in_progress}), S.rectified),
    "hand_over": (RUNNING, S.dispatched),
    "refuse": (frozenset({S.dispatched}), S.filed),
    "join": (frozenset({S.dispatched, S.in_progress}), None),
    "suspend": (frozenset(S), S.suspended),
    "resume": (frozenset({S.suspended}), S.dispatched),
    "void": (frozenset(S), S.void),
    "verify": (frozenset({S.rectified}), S.verified),
    "rework": (frozenset({S.rectified, S.verified}), S.reworked),
    "close": (frozenset({S.verified}), S.closed),
}
"""From which statuses to which; None: it stays where it is. The step decides again."""
FOR_DISPATCHERS = frozenset({"join"})
FOR_ANY_UNIT = frozenset({"report"})
"""Also for those who take part without leading; and they may leave by refusing."""


@dataclass(frozen=True, slots=True)
class LifeFacts:
    ticket: Ticket
    look: AfterLook | None
    proposal: Proposal
    units: Mapping[str, Tier]
    actions: frozenset[str]
    light: Light
    now: datetime

    @property
    def left_s(self) -> float | None:
        """By the wall clock while it runs, else on its own."""
        if self.ticket.left_s is not None:
            return self.ticket.left_s
        return (self.ticket.due_at - self.now).total_seconds() if self.ticket.due_at else None

    @property
    def used(self) -> float:
        """Share of the time that is used up, by the wall clock."""
        begun, due = self.ticket.dispatched_at, self.ticket.due_at
        if begun is None or due is None or due <= begun:
            return 1.0
        return min(1.0, max(0.0, (self.now - begun) / (due - begun)))

    @property
    def look_clears(self) -> bool:
        return self.look is not None and self.look.clears(self.ticket)


def life_facts(services: Services, person: Person, number: str) -> LifeFacts:
    """Raises NotFound."""
    now = services.clock.now()
    with services.units.reading() as uow:
        ticket = uow.tickets.get(number)
        look = uow.tickets.newest_look(number)
        proposal, units = proposal_of(uow, ticket), uow.rules.units()
    return LifeFacts(ticket, look, proposal, units, actions_of(ticket, person), light_at(ticket, now), now)


def actions_of(ticket: Ticket, person: Person) -> frozenset[str]:
    found = {action for action in ACTIONS if _may(ticket, person, action)}
    if person.role is Role.handler and ticket.joined_by(person.unit) and ticket.status in ACTIONS["report"][0]:
        found.add("leave")
    return frozenset(found)


def _may(ticket: Ticket, person: Person, action: str) -> bool:
    statuses, to = ACTIONS[action]
    roles = MOVES[ticket.status].get(to or ticket.status)
    if ticket.status not in statuses or roles is None:
        return False
    if person.role is Role.admin:
        return True
    if person.role not in roles or (action in FOR_DISPATCHERS and person.role is not Role.dispatcher):
        return False
    taking_part = ticket.units if action in FOR_ANY_UNIT else ticket.units[:1]
    return person.role is not Role.handler or person.unit in taking_part


def light_at(ticket: Ticket, now: datetime) -> Light:
    return light_of(ticket.status, ticket.due_at, ticket.amber_at, ticket.left_s, now)


def mover_of(services: Services, person: Person) -> Mover:
    return Mover(person.name, person.role, services.clock.now(), person.unit)


def life_out(ticket: Ticket, now: datetime) -> LifeOut:
    return LifeOut(
        number=ticket.number,
        status=ticket.status,
        unit=ticket.unit,
        units=list(ticket.units),
        deadline=ticket.deadline.amount if ticket.deadline else None,
        deadline_clock=ticket.deadline.clock if ticket.deadline else None,
        due_at=ticket.due_at,
        amber_at=ticket.amber_at,
        left_s=ticket.left_s,
        light=light_at(ticket, now),
        reworked=ticket.reworked,
        dispatched_at=ticket.dispatched_at,
        rectified_at=ticket.rectified_at,
        verified_at=ticket.verified_at,
        closed_at=ticket.closed_at,
        evidence=ticket.evidence,
    )
