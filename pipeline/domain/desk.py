"""The desk: what lies before a reviewer, for how long, and what is mixed in among the tickets."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.domain.geometry import Box
from pipeline.domain.review import Drawn, ReviewKind, Ruling
from pipeline.domain.ticket import Role


@dataclass(frozen=True, slots=True)
class DeskTerms:
    """Shares are from 0 to 1."""

    lease: timedelta = timedelta(minutes=2)
    """For as long a card is one reviewer's, from the last time it was asked for or renewed."""
    second_share: float = 0.05
    """Of first verdicts that somebody else reads again."""
    known_share: float = 0.02
    """Of cards dealt that are planted: their answer is known."""
    sample_share: float = 0.05
    """Of cards dealt that are frames in which nothing was found."""
    asked_share: float = 0.1
    """Of cards dealt that are frames chosen for what their answer teaches."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Lease:
    """A card on a reviewer's desk."""

    token: str
    """Opaque: it does not tell a second reading or a planted card from any other."""
    kind: ReviewKind
    subject: str
    """A ticket's number, a frame's digest, or the id of a second reading or known answer."""
    who: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """The stored picture that a card shows, and the box on it."""

    image: str | None
    box: Box


@dataclass(frozen=True, slots=True)
class SecondReading:
    id: int
    number: str
    first_who: str
    first_answer: str
    second_who: str | None
    second_answer: str | None


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """Of a ticket or of a sample, whichever is named."""

    answer: str
    """A category or `dismissed` for a ticket, `nothing` or `missed` for a sample."""
    number: str | None = None
    image: str | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A stored frame in which nothing was found."""

    image: str
    view_id: int | None
    at: datetime
    share: float
    """Of empty frames that were kept, when this one was."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a reviewer sends of one card."""

    key: str
    """The reviewer's own, new for each: what is sent twice counts once."""
    token: str
    ruling: Ruling | None = None
    """Of a ticket."""
    drawn: tuple[Drawn, ...] = ()
    """Of a sample: what was missed; empty: nothing is there."""
    alike: tuple[str, ...] = ()
    """Further tickets that the same ruling is for."""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of it."""

    review: str
    numbers: tuple[str, ...]
    """Tickets that it decided."""
    left: tuple[str, ...] = ()
    """Look-alikes that stay as they are: judged, leased or changed meanwhile."""
