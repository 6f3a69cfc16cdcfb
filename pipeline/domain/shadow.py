"""A challenger that looks beside the champion for a set time: what both saw, and what only one of them did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.domain.geometry import Box


class Side(StrEnum):
    """Who alone saw something."""

    champion = "champion"
    challenger = "challenger"


@dataclass(frozen=True, slots=True)
class Seen:
    """Things of one category, over all visits: what lies there for ten rounds counts ten times."""

    both: int = 0
    champion: int = 0
    """By the champion alone."""
    challenger: int = 0

    def plus(self, other: "Seen") -> "Seen":
        return Seen(self.both + other.both, self.champion + other.champion, self.challenger + other.challenger)


Tally = Mapping[str, Seen]
"""By category."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A thing that one of the two saw and the other did not, the first time that this was so at its place."""

    side: Side
    category: str
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One frame that both looked at."""

    tally: Tally
    differences: tuple[Difference, ...]
    """Of which nothing like it stands in the run yet."""


@dataclass(frozen=True, slots=True)
class ShadowRun:
    model: str
    champion: str
    begun_at: datetime
    until: datetime
    id: int = 0
    ended_at: datetime | None = None
    visits: int = 0
    seconds: float = 0.0
    """That it has cost the rounds so far."""
    tally: Tally = field(default_factory=dict)
    failed_why: str | None = None


def summed(one: Tally, other: Tally) -> Tally:
    nothing = Seen()
    return {code: one.get(code, nothing).plus(other.get(code, nothing)) for code in sorted({*one, *other})}
