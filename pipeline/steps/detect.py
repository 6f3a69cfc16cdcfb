"""Look for things in the frames that want it: which pass, above which score, inside which zones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from pipeline.domain.camera import View
from pipeline.domain.category import Category
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.frame import Frame, ViewMemory
from pipeline.ports import Detector, SecondLook

FAINT_SCORE = 0.05
"""Everything from here up is asked for: faint persons and vehicles are still blurred."""
FAINT_SHARE = 0.25
"""From this share of its threshold up a box of a category is a hint."""
HELPER_SCORE = 0.35
"""From here up a person or vehicle hides what is behind it."""
SPREAD = 0.618034
"""Golden ratio: spreads the first fine pass of many views evenly over the interval."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one frame showed."""

    findable: tuple[Detection, ...]
    """Of categories, above threshold, in the zones."""
    faint: tuple[Detection, ...]
    """Of categories, too faint to be found: these keep what they hint at from being cleared."""
    faint_helpers: tuple[Detection, ...]
    """Every helper box, for redaction."""
    passes: frozenset[Pass]
    model: str

    @property
    def helpers(self) -> tuple[Detection, ...]:
        return tuple(helper for helper in self.faint_helpers if helper.score >= HELPER_SCORE)


def terms_in_force(model: str, categories: Mapping[str, Category], view: View) -> str:
    """A hash of all that decides what is found in a view: when it changes, an unchanged view is detected anew."""
    thresholds = sorted(
        (category.code, *(category.threshold_of(found_by) for found_by in Pass), category.merge_gap)
        for category in view.in_force(categories).values()
    )
    zones = sorted(
        repr((zone.kind, zone.polygon, sorted(zone.categories), tuple(hours.key for hours in zone.permitted)))
        for zone in view.zones
    )
    return sha256(repr((model, thresholds, zones)).encode()).hexdigest()[:16]


def fine_is_due(memory: ViewMemory, at: datetime, every: timedelta) -> bool:
    return memory.fine_at is not None and at - memory.fine_at >= every


def first_fine_at(view_id: int, at: datetime, every: timedelta) -> datetime:
    """As if the fine pass had looked some share of the interval ago, another share for each view."""
    return at - every * ((view_id * SPREAD) % 1.0)


def detect(
    wanted: Sequence[tuple[View, Frame, frozenset[Pass]]],
    detector: Detector,
    categories: Mapping[str, Category],
    zone: ZoneInfo,
    second_look: SecondLook | None = None,
) -> list[Seen]:
    """What each frame shows, in order; frames that want the fine pass get it beside the fast one.

    Doubtful boxes of weak categories get their scores from the second look, where there is one.
    """
    fast = detector.detect([frame for _, frame, _ in wanted], Pass.fast, FAINT_SCORE)
    fine_frames = [frame for _, frame, passes in wanted if Pass.fine in passes]
    fine = iter(detector.detect(fine_frames, Pass.fine, FAINT_SCORE) if fine_frames else [])
    seen = []
    for (view, frame, passes), found in zip(wanted, fast, strict=True):
        boxes = (*found, *next(fine)) if Pass.fine in passes else found
        if second_look is not None:
            boxes = _looked_at_again(boxes, frame, view.in_force(categories), second_look)
        seen.append(sorted_out(boxes, (view, frame, passes), categories, zone, detector.model))
    return seen


def sorted_out(
    boxes: Sequence[Detection],
    looked: tuple[View, Frame, frozenset[Pass]],
    categories: Mapping[str, Category],
    zone: ZoneInfo,
    model: str,
) -> Seen:
    """The boxes of one frame by what they are good for; the view's own thresholds go before the categories'."""
    view, frame, passes = looked
    categories = view.in_force(categories)
    local = frame.at.astimezone(zone)
    findable = tuple(
        box
        for box in boxes
        if box.category in categories
        and box.score >= categories[box.category].threshold_of(box.found_by)
        and view.counts(box, local)
    )
    faint = tuple(box for box in boxes if box.category in categories and _is_faint(box, categories))
    return Seen(findable, faint, _helpers(boxes, categories), passes, model)


def _looked_at_again(
    boxes: Sequence[Detection], frame: Frame, categories: Mapping[str, Category], second_look: SecondLook
) -> tuple[Detection, ...]:
    """With the scores of the second look. It is asked about boxes that would be found, and about faint ones of the
    fine pass: a faint box of the fast pass shows too little to be worth the time."""
    asked = [place for place, box in enumerate(boxes) if _is_doubtful(box, categories, second_look.categories)]
    if not asked:
        return tuple(boxes)
    reviewed = second_look.review(frame, [*(boxes[place] for place in asked), *_helpers(boxes, categories)])
    answers = dict(zip(asked, reviewed[: len(asked)], strict=True))
    return tuple(answers.get(place, box) for place, box in enumerate(boxes))


def _is_doubtful(box: Detection, categories: Mapping[str, Category], weak: frozenset[str]) -> bool:
    if box.category not in categories or box.category not in weak:
        return False
    floor = FAINT_SHARE if box.found_by is Pass.fine else 1.0
    return box.score >= floor * categories[box.category].threshold_of(box.found_by)


def helpers_for_storing(
    frame: Frame, seen: Seen, detector: Detector, categories: Mapping[str, Category]
) -> tuple[Detection, ...]:
    """Helper boxes of a frame that is stored in full: the fine pass finds small heads that the fast one misses."""
    if Pass.fine in seen.passes:
        return seen.faint_helpers
    return (*seen.faint_helpers, *_helpers(detector.detect([frame], Pass.fine, FAINT_SCORE)[0], categories))


def _is_faint(box: Detection, categories: Mapping[str, Category]) -> bool:
    threshold = categories[box.category].threshold_of(box.found_by)
    return FAINT_SHARE * threshold <= box.score < threshold


def _helpers(boxes: Iterable[Detection], categories: Mapping[str, Category]) -> tuple[Detection, ...]:
    return tuple(box for box in boxes if box.category not in categories)
