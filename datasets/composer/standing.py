"""What stands and lies on the ground: stalls, bins, two-wheelers, litter."""

from collections.abc import Callable

import numpy as np

from datasets.composer.cutouts import heap_cutout, litter_cutout, painted_litter, two_wheeler_cutout
from datasets.composer.paste import ground_shadow, in_shares
from datasets.composer.stage import PLACING_TRIES, Mix, Painted, Stage, foot_place, stand
from datasets.composer.stalls import paint_stall
from datasets.composer.vehicles import paint_bin, paint_two_wheeler
from datasets.town_camera import Bgra

PARKED = 3
HEAP_PX = (30, 260)
PIECE_PX = (8, 90)
PIECE_USUAL_PX = 24
TWO_WHEELER_M = (1.4, 1.9)
TWO_WHEELER_PX = (36, 330)


def put_on_ground(stage: Stage, mix: Mix) -> None:
    if stage.chance(mix.stall):
        _repeat(stage, mix.stalls, _stall)
    if stage.chance(mix.bin):
        _bin(stage)
    if stage.chance(mix.two_wheeler):
        _repeat(stage, PARKED, _two_wheeler)
    if stage.chance(mix.litter):
        _repeat(stage, mix.litters, _piece)
    if stage.chance(mix.heap):
        _heap(stage)


def _repeat(stage: Stage, most: int, put: Callable[[Stage], None]) -> None:
    for _ in range(int(stage.rng.integers(1, most + 1))):
        put(stage)


def _two_wheeler(stage: Stage) -> None:
    foot = foot_place(stage)
    stage.note(Painted.two_wheeler, stand(stage, a_two_wheeler(stage, foot), foot))


def _heap(stage: Stage) -> None:
    foot = foot_place(stage)
    width = int(np.clip(stage.rng.uniform(0.5, 1.8) * stage.scene.px_per_m_at(foot), *HEAP_PX))
    stage.note(Painted.litter, stand(stage, heap_cutout(stage.rng, stage.stock, width), foot))


def _bin(stage: Stage) -> None:
    foot = foot_place(stage)
    sprite = paint_bin(stage.rng, int(np.clip(stage.rng.uniform(0.5, 0.8) * stage.scene.px_per_m_at(foot), 12, 160)))
    stage.note(Painted.bin, stand(stage, sprite, foot))


def _stall(stage: Stage) -> None:
    foot = foot_place(stage)
    width = int(np.clip(stage.rng.uniform(0.9, 3.2) * stage.scene.px_per_m_at(foot), 50, 560))
    stage.note(Painted.street_business, stand(stage, paint_stall(stage.rng, width, stock=stage.stock), foot))


def _piece(stage: Stage) -> None:
    """A small thing lying free: not on a stall or under a wheel."""
    rng = stage.rng
    size = int(np.clip(np.exp(rng.normal(np.log(PIECE_USUAL_PX), 0.55)), *PIECE_PX))
    sprite = painted_litter(rng, size) if stage.chance(0.06) else litter_cutout(rng, stage.stock, size)
    high, wide = sprite.shape[:2]
    for _ in range(PLACING_TRIES):
        foot, left = foot_place(stage), int(rng.uniform(0, max(1, stage.scene.size[0] - wide)))
        if not stage.is_crowded(in_shares((left, foot - high, left + wide, foot), stage.scene.size)):
            ground_shadow(stage.scene.bgr, left, left + wide, foot - 1, float(rng.uniform(0.1, 0.45)))
            boxes = stage.visibly(lambda: [box for box in (stage.settle(sprite, left, foot - high),) if box])  # noqa: B023
            for box in boxes:
                stage.note(Painted.litter, box)
            return


def a_two_wheeler(stage: Stage, foot: int) -> Bgra:
    """Cut out or drawn, of the size that it has with its wheels at `foot` px."""
    width = int(np.clip(stage.rng.uniform(*TWO_WHEELER_M) * stage.scene.px_per_m_at(foot), *TWO_WHEELER_PX))
    if stage.chance(0.45):
        cut = two_wheeler_cutout(stage.rng, stage.stock, width)
        if cut is not None:
            return cut
    return paint_two_wheeler(stage.rng, width)
