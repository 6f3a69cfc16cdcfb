"""Values for tests, each with sensible defaults."""

from datetime import UTC, datetime, timedelta

from pipeline.domain.camera import SourceKind, View
from pipeline.domain.category import Category, Kind, Persistence
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.finding import Finding, FindingState, Mark, Sight
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LITTER = Category(
    "litter", "暴露垃圾", "Litter", Kind.clean_up, Persistence(3, 5, timedelta(minutes=2)), threshold=0.45
)
ADS = Category("illegal_ad", "非法小广告", "Illegal ad", Kind.clean_up, Persistence(3, 5, timedelta(minutes=30)), 0.45)
CATEGORIES = {category.code: category for category in (LITTER, ADS)}

BARE_LOOK = bytes(range(0, 128, 2))
"""The place without anything on it."""


def look_of(thing: int) -> bytes:
    """A look of its own for each thing: nothing like the bare place nor like another thing's."""
    return bytes((position * (2 * thing + 37) * 89 + thing * 57) % 251 for position in range(64))


def minutes(count: float) -> datetime:
    return START + timedelta(minutes=count)


def a_box(left: float = 0.4, top: float = 0.5, width: float = 0.05, height: float = 0.08) -> Box:
    return Box(left, top, left + width, top + height)


def a_detection(
    box: Box | None = None, category: str = "litter", score: float = 0.8, found_by: Pass = Pass.fast
) -> Detection:
    return Detection(box or a_box(), category, score, found_by, "0123456789ab")


def a_view(view_id: int = 1, kind: SourceKind = SourceKind.http, source: str = "http://127.0.0.1/cam.jpg") -> View:
    return View(view_id, view_id, f"相机{view_id}", f"点位{view_id}", kind, source, unit="青禾社区")


def a_finding(
    finding_id: str = "f1", state: FindingState = FindingState.candidate, box: Box | None = None, at: float = 0
) -> Finding:
    return Finding(
        id=finding_id,
        view_id=1,
        category="litter",
        box=box or a_box(),
        look=look_of(1),
        score=0.8,
        state=state,
        first_seen_at=minutes(at),
        last_seen_at=minutes(at),
        not_before=None,
        marks=(Mark.seen,),
        sights=frozenset({Sight(Mode.day, Pass.fast)}),
        born_on_switch=False,
        noted_area=(box or a_box()).area,
    )
