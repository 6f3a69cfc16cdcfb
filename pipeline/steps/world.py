"""What a visit needs and passes on: the ports, the terms in force, and one look under way."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.domain.asking import Guess
from pipeline.domain.camera import View
from pipeline.domain.category import Category
from pipeline.domain.detection import Pass
from pipeline.domain.errors import CaptureFailed
from pipeline.domain.finding import Finding, Sighting
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.model_version import Thresholds
from pipeline.domain.patrol import Assessment
from pipeline.domain.shadow import Compared, Difference
from pipeline.ports import (
    Clock,
    Detector,
    ForegroundGauge,
    FrameSource,
    ImageStore,
    KeptImage,
    Redactor,
    SecondLook,
    UnitsOfWork,
    ViewGauge,
    ViewMemories,
)
from pipeline.steps.assess import AssessRules
from pipeline.steps.detect import Seen
from pipeline.steps.file_tickets import Evidence
from pipeline.steps.track import Tracked


@dataclass(frozen=True, slots=True)
class Shadow:
    """A challenger that looks beside the champion."""

    run_id: int
    until: datetime
    detector: Detector
    thresholds: Thresholds


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside that a visit touches."""

    source: FrameSource
    gauge: ViewGauge
    detector: Detector
    redactor: Redactor
    images: ImageStore
    memories: ViewMemories
    units: UnitsOfWork
    clock: Clock
    new_id: Callable[[], str]
    second_look: SecondLook | None = None
    foreground: ForegroundGauge | None = None
    shadow: Shadow | None = None

    @property
    def looks_with(self) -> str:
        """Names all that decides what is seen: the weights, and what looks beside them."""
        second = f" second look {self.second_look.version}" if self.second_look else ""
        return f"{self.detector.model}{second}{' static foreground' if self.foreground else ''}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is in force in this round."""

    categories: Mapping[str, Category]
    zone: ZoneInfo
    rules: AssessRules
    fine_every: timedelta
    passes: Mapping[int, frozenset[Pass]] = field(default_factory=dict)
    """Passes asked for by view, beside the fast one: a follow-up of what the fine pass found."""
    sample_share: float = 0.0
    doubtful_daily: int = 0
    """Frames a view and day that are kept although nothing reached its threshold."""
    workers: int = 2


@dataclass(frozen=True, slots=True)
class Keepsake:
    """The stored images of one visit."""

    last: str | None = None
    """The view's last frame: small."""
    images: tuple[KeptImage, ...] = ()
    evidence: Evidence | None = None
    pictured: frozenset[str] = field(default_factory=frozenset)
    """Findings whose sighting names a picture."""
    asked: str | None = None
    """The frame in full, where people are to be asked what is on it."""

    @property
    def full(self) -> str | None:
        return self.evidence.plain if self.evidence else None

    def sightings(self, round_id: int, attempt: int, tracked: Tracked, at: datetime) -> list[Sighting]:
        whole = self.evidence.plain if self.evidence and self.evidence.outlined else self.last
        return [
            Sighting(finding_id, round_id, attempt, at, detection, whole if finding_id in self.pictured else None)
            for finding_id, detection in tracked.sightings.items()
        ]


@dataclass(frozen=True, slots=True)
class Look:
    """One view's visit under way."""

    view: View
    started_at: datetime
    memory: ViewMemory
    revision: int
    frame: Frame | None = None
    reading: Reading | None = None
    assessment: Assessment | None = None
    failure: CaptureFailed | None = None
    under: str = ""
    passes: frozenset[Pass] = frozenset()
    """Passes to be run; empty where nothing is looked for."""
    seen: Seen | None = None
    inference_s: float = 0.0
    compared: Compared | None = None
    """With what the challenger saw, where one looks too."""
    shadow_s: float = 0.0
    undecided: tuple[Guess, ...] = ()
    """Why the frame is kept although nothing was found on it."""
    tracked: Tracked = field(default_factory=Tracked)
    kept: Keepsake = field(default_factory=Keepsake)


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of the batch's views before."""

    memories: Mapping[int, ViewMemory]
    revisions: Mapping[int, int]
    """Read first: whoever wrote to a view after it has made the rest out of date."""
    live: Mapping[int, list[Finding]]
    ended: Mapping[int, list[Finding]]
    doubted_at: Mapping[int, datetime] = field(default_factory=dict)
    """When a view's newest doubtful frame was taken."""
    differences: Mapping[int, tuple[Difference, ...]] = field(default_factory=dict)
    """That stand already in the shadow run under way."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a batch came to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    opened: tuple[str, ...] = ()
    """Numbers of the tickets filed."""
    found: int = 0

    def plus(self, other: "Summary") -> "Summary":
        return Summary(self.outcomes + other.outcomes, self.opened + other.opened, self.found + other.found)
