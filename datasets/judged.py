"""What reviewers said of a frame, and what of it may be taught: nothing is background that nobody looked at.

A frame that somebody looked over is a lesson as a whole, but for regions that stay open. Of any other frame only the
judged places are shown, each for its own category: around them everything is painted over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datasets.source import LabelledBox
from pipeline.domain.geometry import Box
from pipeline.domain.label import JudgedBox, JudgedFrame
from pipeline.domain.review import Teaches

SAME_THING = 0.5
"""Overlap (IoU) from which an unjudged box is the judged one, seen again."""
MARGIN = 0.25
"""Of a box's sides: so much around it belongs to a judged place."""
LEAST_MARGIN_PX = 12
WINDOW_PX = 640
"""Width and height of what is shown around a judged place, where the frame is that large."""
HIDDEN_SHARE = 0.3
"""A judged box of which open regions cover more is left out."""
WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A picture to learn from, cut from a frame. Places in shares of the frame, `boxes` in shares of the window."""

    frame: JudgedFrame
    window: Box
    shown: tuple[Box, ...]
    """What stays visible of the window; all of it where this is WHOLE."""
    hidden: tuple[Box, ...]
    """Painted over, whatever else is shown."""
    boxes: tuple[LabelledBox, ...]
    speaks: frozenset[str]
    """Categories of which it shows all there is."""
    rests_on: tuple[JudgedBox, ...]

    @property
    def teaches(self) -> Teaches:
        """`nothing` is plain background: a frame on which nothing was ever found."""
        if self.boxes:
            return Teaches.positive
        return Teaches.negative if self.rests_on else Teaches.nothing


def lessons_of(frame: JudgedFrame, width: int, height: int) -> tuple[Lesson, ...]:
    """`width` and `height` of the frame in pixels."""
    standing = _standing(frame.boxes)
    open_regions = _open_regions(frame, standing)
    judged = [one for one in standing if one.teaches is not Teaches.nothing and not _covered(one.box, open_regions)]
    if frame.looked_for:
        given_up = [one.box for one in standing if one.teaches is not Teaches.nothing and one not in judged]
        hidden = (*open_regions, *given_up)
        return (_lesson(frame, WHOLE, (WHOLE,), hidden, judged, frame.looked_for),)
    by_category = {one.category: [other for other in judged if other.category == one.category] for one in judged}
    return tuple(
        lesson
        for category, boxes in sorted(by_category.items())
        for lesson in _windows(frame, category, boxes, open_regions, (width, height))
    )


def _standing(boxes: Sequence[JudgedBox]) -> list[JudgedBox]:
    """One word on each thing: the newest, and one that teaches nothing (a second ticket for it) gives way."""
    standing: list[JudgedBox] = []
    for one in sorted(boxes, key=lambda one: (one.teaches is Teaches.nothing, -one.verdict_id)):
        if all(one.category != other.category or one.box.iou(other.box) < SAME_THING for other in standing):
            standing.append(one)
    return standing


def _open_regions(frame: JudgedFrame, standing: Sequence[JudgedBox]) -> tuple[Box, ...]:
    """Of which nothing may be learned: unjudged boxes, and what a verdict says nothing about."""
    unjudged = [box for box in frame.unjudged if all(box.iou(one.box) < SAME_THING for one in standing)]
    silent = [one.box for one in standing if one.teaches is Teaches.nothing]
    return (*unjudged, *silent)


def _covered(box: Box, regions: Sequence[Box]) -> bool:
    return box.covered_by(regions) > HIDDEN_SHARE


def _windows(
    frame: JudgedFrame, category: str, boxes: Sequence[JudgedBox], hidden: tuple[Box, ...], size: tuple[int, int]
) -> Iterator[Lesson]:
    """As few as hold every judged place once, the largest places first."""
    left = sorted(boxes, key=lambda one: (-one.box.area, one.box.left, one.box.top))
    while left:
        window = _around(_place(left[0].box, size), size)
        here = [one for one in left if _place(one.box, size).covered_by([window]) >= 1.0 - 1e-9] or left[:1]
        left = [one for one in left if one not in here]
        places = tuple(_place(one.box, size) for one in here)
        elsewhere = [one.box for one in boxes if one not in here and one.teaches is Teaches.positive]
        yield _lesson(frame, window, places, (*hidden, *_touching(elsewhere, places)), here, frozenset({category}))


def _touching(boxes: Sequence[Box], places: Sequence[Box]) -> list[Box]:
    """Those of which a part shows: a thing cut off at its edge would be taught as background."""
    return [box for box in boxes if any(box.shared_area(place) > 0 for place in places)]


def _place(box: Box, size: tuple[int, int]) -> Box:
    """A judged box with a little of what is around it."""
    across = max(MARGIN * box.width, LEAST_MARGIN_PX / size[0])
    down = max(MARGIN * box.height, LEAST_MARGIN_PX / size[1])
    return Box(
        max(0.0, box.left - across), max(0.0, box.top - down), min(1.0, box.right + across), min(1.0, box.bottom + down)
    )


def _around(place: Box, size: tuple[int, int]) -> Box:
    """A window of WINDOW_PX about the place, inside the frame; larger where the place is."""
    sides = []
    for low, high, pixels in ((place.left, place.right, size[0]), (place.top, place.bottom, size[1])):
        length = min(1.0, max(WINDOW_PX / pixels, high - low))
        start = min(max(0.0, (low + high - length) / 2), 1.0 - length)
        sides.append((start, start + length))
    (left, right), (top, bottom) = sides
    return Box(left, top, right, bottom)


def _lesson(
    frame: JudgedFrame, window: Box, shown: tuple[Box, ...], hidden: tuple[Box, ...],
    rests_on: Sequence[JudgedBox], speaks: frozenset[str],
) -> Lesson:  # fmt: skip
    positives = [one for one in rests_on if one.teaches is Teaches.positive and one.category in speaks]
    boxes = tuple(LabelledBox(one.category, within(one.box, window)) for one in positives)
    return Lesson(frame, window, shown, hidden, boxes, speaks, tuple(rests_on))


def within(box: Box, window: Box) -> Box:
    """In shares of the window, clipped to it."""
    return Box(
        (max(box.left, window.left) - window.left) / window.width,
        (max(box.top, window.top) - window.top) / window.height,
        (min(box.right, window.right) - window.left) / window.width,
        (min(box.bottom, window.bottom) - window.top) / window.height,
    )
