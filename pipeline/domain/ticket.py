"""What people handle: the transition table of a ticket's life, and its history that is never edited."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pipeline.domain.category import Kind
from pipeline.domain.deadline import Deadline
from pipeline.domain.errors import TransitionRefused
from pipeline.domain.working_time import Hours


class Status(StrEnum):
    awaiting_review = "awaiting_review"
    dismissed = "dismissed"
    filed = "filed"
    dispatched = "dispatched"
    in_progress = "in_progress"
    rectified = "rectified"
    verified = "verified"
    closed = "closed"
    reworked = "reworked"
    suspended = "suspended"
    void = "void"


STATUS_NAMES = {
    Status.awaiting_review: ("待复核", "Awaiting review"),
    Status.dismissed: ("已驳回", "Dismissed"),
    Status.filed: ("立案", "Filed"),
    Status.dispatched: ("派遣", "Dispatched"),
    Status.in_progress: ("处置中", "In progress"),
    Status.rectified: ("反馈", "Rectified"),
    Status.verified: ("核查", "Verified"),
    Status.closed: ("结案", "Closed"),
    Status.reworked: ("返工", "Reworked"),
    Status.suspended: ("挂账", "Suspended"),
    Status.void: ("作废", "Void"),
}


class Evidence(StrEnum):
    """On what a ticket was verified."""

    frame = "frame"
    """A frame of the same view, taken after it was put right, that shows it gone."""
    sign_off = "sign_off"
    """A person's word, by name."""


class Role(StrEnum):
    viewer = "viewer"
    reviewer = "reviewer"
    dispatcher = "dispatcher"
    handler = "handler"
    admin = "admin"


S, R = Status, Role
MOVES: dict[Status, dict[Status, frozenset[Role]]] = {
    S.awaiting_review: {
        S.filed: frozenset({R.reviewer}),
        S.dismissed: frozenset({R.reviewer}),
        S.void: frozenset({R.dispatcher}),
    },
    S.dismissed: {S.awaiting_review: frozenset({R.reviewer})},
    S.filed: {
        S.dispatched: frozenset({R.dispatcher}),
        S.awaiting_review: frozenset({R.reviewer}),
        S.suspended: frozenset({R.dispatcher}),
        S.void: frozenset({R.dispatcher}),
    },
    S.dispatched: {
        S.in_progress: frozenset({R.handler}),
        S.filed: frozenset({R.handler, R.dispatcher}),  # refused or recalled
        S.dispatched: frozenset({R.handler, R.dispatcher}),  # handed over; a unit joins or leaves
        S.suspended: frozenset({R.dispatcher}),
        S.void: frozenset({R.dispatcher}),
    },
    S.in_progress: {
        S.rectified: frozenset({R.handler}),
        S.dispatched: frozenset({R.handler, R.dispatcher}),  # handed over
        S.in_progress: frozenset({R.handler, R.dispatcher}),  # a unit joins or leaves, or reports its part
        S.suspended: frozenset({R.dispatcher}),
        S.void: frozenset({R.dispatcher}),
    },
    S.rectified: {S.verified: frozenset({R.reviewer, R.dispatcher}), S.reworked: frozenset({R.reviewer, R.dispatcher})},
    S.verified: {S.closed: frozenset({R.dispatcher}), S.reworked: frozenset({R.dispatcher})},
    S.reworked: {
        S.in_progress: frozenset({R.handler}),
        S.dispatched: frozenset({R.handler, R.dispatcher}),  # handed over
        S.suspended: frozenset({R.dispatcher}),
        S.void: frozenset({R.dispatcher}),
    },
    S.suspended: {
        S.filed: frozenset({R.dispatcher}),
        S.dispatched: frozenset({R.dispatcher}),
        S.void: frozenset({R.dispatcher}),
    },
    S.closed: {},
    S.void: {},
}
"""Who may move what to what; an admin may make every move that stands here."""

NEEDS_REASON = frozenset({S.dismissed, S.reworked, S.suspended, S.void})
"""Whatever it was before."""
NEEDS_REASON_BETWEEN = frozenset(
    {
        (S.dispatched, S.filed),
        (S.dispatched, S.dispatched),
        (S.in_progress, S.dispatched),
        (S.in_progress, S.in_progress),
        (S.reworked, S.dispatched),
    }
)
ENDED = frozenset({S.dismissed, S.closed, S.void})
RUNNING = frozenset({S.dispatched, S.in_progress, S.reworked})
"""A unit is at work and its deadline runs."""


@dataclass(frozen=True, slots=True)
class Mover:
    """Who moves a ticket, in which role and when."""

    who: str
    role: Role
    at: datetime
    unit: str | None = None
    """Whose account it is; handlers alone need one."""


@dataclass(frozen=True, slots=True)
class Ticket:
    number: str
    """Such as XJ-20261123-0007: the local day it was filed for review, and a counter of that day."""
    finding_id: str
    view_id: int
    category: str
    kind: Kind
    site: str
    unit: str | None
    """Who answers for it: the lead once it is dispatched, before that whose place it is."""
    status: Status
    created_at: datetime
    recurring: bool = False
    units: tuple[str, ...] = ()
    """Dispatched to these, the lead first, then those who join in."""
    deadline: Deadline | None = None
    """As bound when it was dispatched; None: nothing sets one, or it is not dispatched."""
    hours: Hours | None = None
    """Open hours as bound with the deadline."""
    due_at: datetime | None = None
    amber_at: datetime | None = None
    amber_left_s: float = 0.0
    """Between amber and due, on the deadline's clock."""
    left_s: float | None = None
    """What was left when the clock stopped, below zero for what was overdue; None: it runs, or there is none."""
    reworked: int = 0
    dispatched_at: datetime | None = None
    rectified_at: datetime | None = None
    verified_at: datetime | None = None
    closed_at: datetime | None = None
    evidence: Evidence | None = None
    """On what it was verified; nothing is closed without."""

    def moved(self, to: Status, role: Role, reason: str | None) -> "Ticket":
        """The ticket in its new status. Raises TransitionRefused where MOVES or the rule of reasons forbids it."""
        allowed = MOVES[self.status].get(to)
        if allowed is None:
            raise TransitionRefused(f"{self.number}: {self.status} cannot become {to}")
        if role is not Role.admin and role not in allowed:
            raise TransitionRefused(f"{self.number}: a {role} may not move {self.status} to {to}")
        if needs_reason(self.status, to) and not (reason and reason.strip()):
            raise TransitionRefused(f"{self.number}: {to} needs a reason")
        return replace(self, status=to)

    def moved_by_lead(self, to: Status, mover: Mover, reason: str | None) -> "Ticket":
        """As `moved`; of the handlers only those of the lead may. Raises TransitionRefused."""
        if mover.role is Role.handler and (mover.unit is None or mover.unit not in self.units[:1]):
            lead = self.units[0] if self.units else "which it has not got yet"
            raise TransitionRefused(f"{self.number}: only its lead, {lead}, may do this")
        return self.moved(to, mover.role, reason)

    def joined_by(self, unit: str | None) -> bool:
        """Whether a unit takes part without leading."""
        return unit in self.units[1:]

    def with_units(self, units: tuple[str, ...]) -> "Ticket":
        """Lead first, at least one."""
        return replace(self, units=units, unit=units[0])


def needs_reason(status: Status, to: Status) -> bool:
    return to in NEEDS_REASON or (status, to) in NEEDS_REASON_BETWEEN


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a ticket's history; appended, never changed."""

    number: str
    at: datetime
    who: str
    what: str
    """The name of a status, or what happened within or around one: see HISTORY_WORDS."""
    reason: str | None = None
    """Code of a reason row."""
    detail: str | None = None
    """Names of units, onsets and the like; at most 300 characters are kept."""
    words: str | None = None
    """Why, as a person wrote it; at most 300 characters are kept."""


HISTORY_WORDS = (
    "filed_for_review", "grown", "cleared", "seen_again", "handed_over", "refused", "recalled", "joined", "left",
    "reported", "resumed", "looked_again", "photographed",
)  # fmt: skip
"""What stands in a history beside the statuses."""
