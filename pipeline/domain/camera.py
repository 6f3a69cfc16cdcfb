"""Cameras, their views, and when to leave a failing one alone for a while."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from pipeline.domain.category import Category
from pipeline.domain.detection import Detection
from pipeline.domain.geometry import Box, Polygon, encloses

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
FAILURES_BEFORE_PAUSE = 2


class SourceKind(StrEnum):
    rtsp = "rtsp"
    http = "http"
    replay = "replay"
    """A video file or a folder of images, repeated for ever."""


class ZoneKind(StrEnum):
    pavement = "pavement"
    road = "road"
    wall = "wall"
    ignore = "ignore"
    """Nothing is found here."""
    text = "text"
    """On-screen text: masked from every comparison."""


ZONE_KIND_NAMES = {
    ZoneKind.pavement: ("人行道", "Pavement"),
    ZoneKind.road: ("车行道", "Road"),
    ZoneKind.wall: ("墙面", "Wall"),
    ZoneKind.ignore: ("忽略", "Ignore"),
    ZoneKind.text: ("画面文字", "On-screen text"),
}
ALL_DAYS = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class PermittedHours:
    """Local hours in which something is allowed in a zone (外摆时段). An `end` that is not after `start` lies on the
    day after, and that part still belongs to the day on which it began."""

    start: time
    end: time
    days: frozenset[int] = ALL_DAYS
    """0 is Monday."""
    categories: frozenset[str] = frozenset()
    """Empty means all that the zone speaks of."""

    def allow(self, category: str, local: datetime) -> bool:
        if self.categories and category not in self.categories:
            return False
        now, today = local.time(), local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= now < self.end
        return (today in self.days and now >= self.start) or ((today - 1) % 7 in self.days and now < self.end)

    @property
    def key(self) -> tuple[object, ...]:
        """The same in every process."""
        return self.start, self.end, *sorted(self.days), *sorted(self.categories)


@dataclass(frozen=True, slots=True)
class ViewThreshold:
    """What a category needs to score in one view, in place of what its row says."""

    category: str
    threshold: float
    fine_threshold: float | None = None
    """For the fine pass; None: the same."""


@dataclass(frozen=True, slots=True)
class Zone:
    kind: ZoneKind
    polygon: Polygon
    categories: frozenset[str] = frozenset()
    """Categories that this zone speaks of; empty means all."""
    permitted: tuple[PermittedHours, ...] = ()
    name: str = ""

    def speaks_of(self, category: str) -> bool:
        return not self.categories or category in self.categories

    def allows(self, category: str, local: datetime) -> bool:
        return any(hours.allow(category, local) for hours in self.permitted)


@dataclass(frozen=True, slots=True)
class View:
    """One pose of a camera. `source` holds no credentials: those come from the secrets port by camera."""

    id: int
    camera_id: int
    name: str
    site_name: str
    source_kind: SourceKind
    source: str
    zones: tuple[Zone, ...] = field(default=())
    unit: str | None = None
    """The responsible unit nearest to the street."""
    paused_until: datetime | None = None
    """A view that keeps failing is left alone until then."""
    thresholds: tuple[ViewThreshold, ...] = ()
    """Where this view differs from the category table."""

    def in_force(self, categories: Mapping[str, Category]) -> Mapping[str, Category]:
        """The categories with this view's own thresholds; the very same mapping where it has none."""
        own = [one for one in self.thresholds if one.category in categories]
        if not own:
            return categories
        changed = {
            one.category: replace(
                categories[one.category], threshold=one.threshold, fine_threshold=one.fine_threshold
            )
            for one in own
        }  # fmt: skip
        return {**categories, **changed}

    def masks(self) -> tuple[Box, ...]:
        """Bounding boxes of the edited on-screen text."""
        texts = (zone.polygon for zone in self.zones if zone.kind is ZoneKind.text)
        return tuple(
            Box(min(x for x, _ in text), min(y for _, y in text), max(x for x, _ in text), max(y for _, y in text))
            for text in texts
        )

    def pavement(self, category: str) -> tuple[Polygon, ...]:
        """The pavement zones that speak of a category."""
        return tuple(zone.polygon for zone in self.zones if zone.kind is ZoneKind.pavement and zone.speaks_of(category))

    def counts(self, detection: Detection, local: datetime) -> bool:
        """Whether a detection lies where, and at an hour of the town's at which, its category is looked for."""
        foot = (detection.box.centre[0], detection.box.bottom)
        speaking = [zone for zone in self.zones if zone.speaks_of(detection.category)]
        here = [
            zone for zone in speaking if encloses(zone.polygon, detection.box.centre) or encloses(zone.polygon, foot)
        ]
        if any(zone.kind is ZoneKind.ignore for zone in here):
            return False
        if any(zone.allows(detection.category, local) for zone in here):
            return False
        searched = [zone for zone in speaking if zone.kind not in (ZoneKind.ignore, ZoneKind.text)]
        return not searched or any(zone in here for zone in searched)


def next_try(failures: int, failed_at: datetime) -> datetime:
    """When a view that failed `failures` times in a row is looked at again: doubling pauses up to half an hour."""
    if failures < FAILURES_BEFORE_PAUSE:
        return failed_at
    pause = FIRST_PAUSE * (1 << min(failures - FAILURES_BEFORE_PAUSE, 10))
    return failed_at + min(pause, LONGEST_PAUSE)
