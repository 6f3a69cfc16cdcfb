"""Static foreground: what stands on a pavement that the background does not show, and what it is held for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.domain.category import PERSON_CLASSES, Category
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.finding import Finding, FindingState, same_place
from pipeline.domain.geometry import Box
from pipeline.domain.second_look import Evidence, rescored, stall_evidence

STREET_BUSINESS = "street_business"
FOREGROUND_MODEL = "foreground-1"
"""Stands in a detection where else the content hash of the weights does."""

SETTLED_FROM = 0.5
"""Share of a thing that looked the same at the last detected frame from which it stands still."""
ARRIVED_FROM = 0.5
"""Share of its place that showed bare background then from which it has just come."""
UPRIGHT_ASPECT = 0.6
"""Width by height, in pixels, below which something that has just come is taken for a person."""
STALL_SCORE = 0.15
"""From here up a helper box is held against a stall or speaks for it; the redactor's are fainter still."""
MOSTLY_COVERED = 0.5
PARTLY_COVERED = 0.15
NO_STALL = frozenset({"two_wheeler", "car", "truck", "bin", "litter"}) | PERSON_CLASSES
"""Classes that explain a thing on a pavement without any business."""
BESIDE_TRUCK_GAP = 0.1
BORDER = 0.02
"""Nearer to the frame's side than this it is cut by it: the gauge rounds by two of its 135 rows."""
SLIVER = 0.1
"""Share of the frame's side: of what its border cuts so thin nobody can say what it is."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A thing on a pavement zone that the background does not show. Shares are of the pixels that differ."""

    box: Box
    aspect: float
    """Width by height in pixels."""
    coloured: float
    """Share whose hue differs: no shadow does that."""
    settled: float | None
    """Share that looked the same in the last detected frame; None where there is none to compare with."""
    arrived: float | None
    """Share that showed the background in the last detected frame."""


@dataclass(frozen=True, slots=True)
class Foreground:
    """What a frame showed against its view's background. `ready` is False while the background is still learned, or
    where nothing can be told (no pavement zone, most of it changed at once)."""

    ready: bool = False
    standing: tuple[Standing, ...] = ()
    gone: tuple[Box, ...] = ()
    """Where the background shows a thing that has left: it is learned anew there."""


def stalls(
    foreground: Foreground, boxes: Sequence[Detection], live: Sequence[Finding], category: Category
) -> tuple[Detection, ...]:
    """Detections of street_business that the static foreground gives, scored from the category's threshold up or down.

    `boxes` are all boxes of the frame, `live` the view's live findings. A thing that has just come makes a candidate;
    from then on only one that stands still counts as seen again, so that people who pass by open nothing.
    """
    found = []
    for thing in foreground.standing:
        explained = thing.box.covered_by([one.box for one in boxes if _explains(one)])
        if explained < MOSTLY_COVERED and _counts(thing, live, category):
            evidence = _evidence(thing, boxes, explained)
            score = rescored(category.threshold, evidence)
            found.append(Detection(thing.box, STREET_BUSINESS, score, Pass.fast, FOREGROUND_MODEL))
    return tuple(found)


def _explains(one: Detection) -> bool:
    return one.category in NO_STALL and one.score >= STALL_SCORE


def _counts(thing: Standing, live: Sequence[Finding], category: Category) -> bool:
    if thing.settled is None or thing.arrived is None or _is_sliver(thing.box):
        return False
    here = [one for one in live if one.category == STREET_BUSINESS and same_place(one.box, thing.box, category)]
    if any(one.state is not FindingState.candidate for one in here):
        return True
    if thing.settled >= SETTLED_FROM:
        return True
    return not here and thing.arrived >= ARRIVED_FROM and thing.aspect >= UPRIGHT_ASPECT


def _is_sliver(box: Box) -> bool:
    """The end of something that stands mostly outside the frame: a parked car's rear, say."""
    lying = (box.top <= BORDER or box.bottom >= 1 - BORDER) and box.height < SLIVER
    upright = (box.left <= BORDER or box.right >= 1 - BORDER) and box.width < SLIVER
    return lying or upright


def _evidence(thing: Standing, boxes: Sequence[Detection], explained: float) -> list[Evidence]:
    helpers: Mapping[str, list[Box]] = {
        name: [one.box for one in boxes if one.category == name and one.score >= STALL_SCORE]
        for name in ("umbrella", "person", "truck")
    }
    told = [Evidence.static_foreground, *stall_evidence(thing.box, helpers["umbrella"], helpers["person"])]
    if any(thing.box.gap(truck) <= BESIDE_TRUCK_GAP for truck in helpers["truck"]):
        told.append(Evidence.truck_beside)
    if explained >= PARTLY_COVERED:
        told.append(Evidence.partly_explained)
    return told


def judged(detection: Detection, foreground: Foreground) -> Detection:
    """A box of street_business from the detector: raised where the static foreground bears it out, lowered where the
    background shows the same and it has stood there all along."""
    if detection.category != STREET_BUSINESS or not foreground.ready:
        return detection
    borne_out = any(detection.box.overlap_of_smaller(thing.box) >= MOSTLY_COVERED for thing in foreground.standing)
    return Detection(
        detection.box,
        detection.category,
        rescored(detection.score, [Evidence.static_foreground if borne_out else Evidence.always_there]),
        detection.found_by,
        detection.model,
    )
