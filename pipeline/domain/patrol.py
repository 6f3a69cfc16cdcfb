"""Plans, rounds, visits, and what one look at a view can come to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.domain.detection import Pass
from pipeline.domain.geometry import Box


class Outcome(StrEnum):
    seen = "seen"
    unchanged = "unchanged"
    unreachable = "unreachable"
    stale = "stale"
    blinded = "blinded"
    moved = "moved"


COVERAGE = frozenset({Outcome.seen, Outcome.unchanged})
"""Only these count as having looked: not looked at is not clean."""


MOVED_ALARM = 2
"""Visits in a row after which a moved view is a fault and not wind or a cleaner."""
PAUSED = "paused"
"""The fault of a visit that did not try, because the view keeps failing."""


class Mode(StrEnum):
    """How a camera sees. A change between colour and infra-red opens nothing and clears nothing."""

    day = "day"
    night = "night"
    infra_red = "infra_red"

    @property
    def is_colour(self) -> bool:
        return self is not Mode.infra_red


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    cron: str
    core_zone_only: bool = False
    site_names: tuple[str, ...] = ()
    fine_every: timedelta = timedelta(hours=1)
    active: bool = True


@dataclass(frozen=True, slots=True)
class RoundRef:
    id: int
    plan: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a frame is worth, before anything is looked for in it."""

    outcome: Outcome
    mode: Mode
    mode_changed: bool = False
    blind: tuple[Box, ...] = ()
    """Areas that show nothing: findings there are neither seen nor cleared."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One view looked at in one round; (round_id, view_id, attempt) is unique."""

    round_id: int
    view_id: int
    attempt: int
    outcome: Outcome
    started_at: datetime
    frame_at: datetime | None = None
    passes: frozenset[Pass] = frozenset()
    mode: Mode | None = None
    fault: str | None = None
    why: str = ""
    inference_s: float = 0.0
    found: int = 0
    moved_in_a_row: int = 0
    image: str | None = None
    """The stored last frame, small and redacted, where one was kept."""
    skew_s: float | None = None
    """Frame time less our own clock, where the source states a time."""
