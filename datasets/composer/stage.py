"""A scene in the making: what counts is noted as it is painted, places are found for what comes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from datasets.composer.background import OPENINGS, SIGNS, Background, Sides
from datasets.composer.cutouts import LitterStock
from datasets.composer.paste import ground_shadow, in_shares, paste, settled, stands_out
from datasets.composer.weather import Degrading
from datasets.source import LabelledBox
from datasets.town_camera import Bgra
from pipeline.domain.geometry import Box

COVERED_SHARE = 0.6
"""What later things cover more than this is not labelled any more."""
PLACING_TRIES = 10
TRACE_STEP_PX = 4.0
THIN = 0.003
"""Half the least side of a cable's box in shares of the picture."""
CROWDED = 0.35
CLUSTER_SHARE = 0.3
"""Ads that overlap by this share of the smaller are one cluster, one box."""


Trace = NDArray[np.float64]
"""(n, 2) points in shares of the picture."""


class Painted(StrEnum):
    """The classes that the composer labels."""

    litter = "litter"
    street_business = "street_business"
    charging_cable = "charging_cable"
    illegal_ad = "illegal_ad"
    two_wheeler = "two_wheeler"
    bin = "bin"


@dataclass(frozen=True, slots=True)
class Mix:
    """Chances that a scene shows a thing at all, and how many of it at most."""

    only_negatives: float = 0.12
    cable: float = 0.62
    cables: int = 3
    ad: float = 0.66
    ads: int = 7
    stall: float = 0.42
    stalls: int = 2
    litter: float = 0.5
    litters: int = 6
    heap: float = 0.1
    two_wheeler: float = 0.3
    bin: float = 0.2
    negatives: float = 1.0
    """What the chances of the hard negatives are multiplied by."""
    degrading: Degrading = field(default_factory=Degrading)


@dataclass(slots=True)
class Stage:
    """A scene in the making: the picture is painted on, boxes are noted as they come."""

    rng: np.random.Generator
    scene: Background
    stock: LitterStock
    boxes: list[LabelledBox] = field(default_factory=list)
    traces: dict[Box, Trace] = field(default_factory=dict)

    def note(self, name: Painted, box: Box | None) -> None:
        if box is not None and box.area > 0:
            self.boxes.append(LabelledBox(name.value, box))

    def hide_below(self, box: Box) -> None:
        """Something opaque was put here: what it covers for the most part is no longer seen."""
        kept: list[LabelledBox] = []
        for one in self.boxes:
            trace = self.traces.pop(one.box, None)
            if trace is None:
                kept += [one] if one.box.shared_area(box) < COVERED_SHARE * one.box.area else []
                continue
            left = trace[~within(trace, box)]
            if len(left) > (1 - COVERED_SHARE) * len(trace):
                shown = around(left, one.box)
                self.traces[shown] = left
                kept.append(LabelledBox(one.name, shown))
        self.boxes = kept

    def is_crowded(self, box: Box) -> bool:
        return any(box.overlap_of_smaller(one.box) > CROWDED for one in self.boxes)

    def settle(self, sprite: Bgra, left: int, top: int) -> Box | None:
        return paste(self.scene.bgr, settled(self.scene.bgr, sprite, left, top), left, top)

    def visibly(self, paint: Callable[[], list[Box]]) -> list[Box]:
        """Boxes of what `paint` puts into the picture, those alone that an eye can tell from what was there before."""
        before = self.scene.bgr.copy()
        width, height = self.scene.size
        kept = []
        for box in paint():
            rows = slice(int(box.top * height), max(int(box.top * height) + 1, round(box.bottom * height)))
            columns = slice(int(box.left * width), max(int(box.left * width) + 1, round(box.right * width)))
            if stands_out(before[rows, columns], self.scene.bgr[rows, columns]):
                kept.append(box)
            else:
                self.scene.bgr[rows, columns] = before[rows, columns]
        return kept

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)


def within(trace: Trace, box: Box) -> NDArray[np.bool_]:
    """Which points of a trace lie in the box."""
    x, y = trace[:, 0], trace[:, 1]
    return (x >= box.left) & (x <= box.right) & (y >= box.top) & (y <= box.bottom)


def around(trace: Trace, limit: Box) -> Box:
    """The box of what a trace shows, no larger than `limit`."""
    (left, top), (right, bottom) = trace.min(axis=0) - THIN, trace.max(axis=0) + THIN
    return Box(max(limit.left, left), max(limit.top, top), min(limit.right, right), min(limit.bottom, bottom))


def foot_place(stage: Stage) -> int:
    """Where on the ground something stands: y of its foot in px."""
    height = stage.scene.size[1]
    first = min(stage.scene.ground_y, height - 8)
    return int(stage.rng.uniform(first + 4, height - 2))


def stand(stage: Stage, sprite: Bgra, foot: int, left: int | None = None, flat: bool = False) -> Box | None:
    """Put a sprite on the ground where it is not crowded; None where no place is found or it lies outside."""
    rng, (width, height) = stage.rng, stage.scene.size
    for _ in range(PLACING_TRIES):
        x = int(rng.uniform(-0.15 * sprite.shape[1], width - 0.85 * sprite.shape[1])) if left is None else left
        top = foot - sprite.shape[0]
        place = in_shares((x, top, x + sprite.shape[1], foot), (width, height))
        if left is None and stage.is_crowded(place):
            continue
        if not flat:
            ground_shadow(stage.scene.bgr, x, x + sprite.shape[1], foot - 1, float(rng.uniform(0.25, 0.55)))
        box = stage.settle(sprite, x, top)
        if box is not None and not flat:
            stage.hide_below(box)
        return box
    return None


def wall_place(stage: Stage, size: tuple[int, int], low: bool = True) -> tuple[int, int] | None:
    """Left and top on bare wall for a sprite of `size`: low, within reach of a hand, clear of windows and signs."""
    rng, scene = stage.rng, stage.scene
    reach = min(scene.ground_y * 0.75, 2.6 * scene.px_per_m) if low else scene.ground_y * 0.9
    blocked = scene.of(OPENINGS - {"door"}) + scene.of(SIGNS)
    for _ in range(PLACING_TRIES):
        x = int(rng.uniform(0, max(1, scene.size[0] - size[0])))
        y = int(scene.ground_y - rng.uniform(0.02, 1) * reach)
        y = min(y, scene.ground_y - size[1]) if stage.chance(0.9) else y
        if y > 0 and not any(_meet((x, y, x + size[0], y + size[1]), sides) for sides in blocked):
            return x, y
    return None


def _meet(first: Sides, second: Sides) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def clustered(boxes: list[Box]) -> list[Box]:
    """Boxes that overlap become one, until none overlap."""
    merged: list[Box] = []
    for box in boxes:
        grown = box
        while True:
            near = [one for one in merged if one.overlap_of_smaller(grown) > CLUSTER_SHARE]
            if not near:
                break
            for one in near:
                grown = grown.union(one)
                merged.remove(one)
        merged.append(grown)
    return merged
