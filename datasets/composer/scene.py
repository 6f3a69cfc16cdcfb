"""One scene: what stands, hangs and lies on a background, with the box of each thing that counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datasets.composer.background import Background
from datasets.composer.cutouts import LitterStock
from datasets.composer.negatives import FLAT, GROUND_PAINTERS, WALL_DRAWERS
from datasets.composer.running import put_cables
from datasets.composer.stage import Mix, Painted, Stage, Trace, foot_place, stand
from datasets.composer.standing import put_on_ground
from datasets.composer.sticking import put_ads
from datasets.composer.street_things import MORE_DRAWERS
from datasets.composer.weather import degrade
from datasets.source import LabelledBox
from datasets.town_camera import Bgr
from pipeline.domain.geometry import Box

LEAST_CONTRAST = 6.0
"""Deviation of grey levels in a box below which nobody sees anything there."""
BESIDE_PX = 5.0
GOOD_PART = 60


@dataclass(frozen=True, slots=True)
class Composed:
    """`traces` are points in shares along each labelled cable, by its box: what a part of the picture shows of it."""

    bgr: Bgr
    boxes: tuple[LabelledBox, ...]
    traces: Mapping[Box, Trace] = field(default_factory=dict)


def compose(rng: np.random.Generator, background: Background, stock: LitterStock, mix: Mix) -> Composed:
    """Paints on a copy of the background's picture; the same generator state and inputs give the same picture."""
    scene = Background(
        background.name, background.bgr.copy(), background.ground_y, background.px_per_m, background.anchors
    )
    stage = Stage(rng, scene, stock)
    wanted = rng.random() >= mix.only_negatives
    _negatives_on_wall(stage, mix)
    if wanted:
        put_ads(stage, mix)
    _negatives_on_ground(stage, mix)
    if wanted:
        put_cables(stage, mix)
        put_on_ground(stage, mix)
    taken = degrade(rng, scene.bgr, mix.degrading)
    kept = [one for one in stage.boxes if _is_seen(taken, one) and _runs_visibly(taken, stage.traces.get(one.box))]
    return Composed(taken, tuple(kept), dict(stage.traces))


def _runs_visibly(bgr: Bgr, trace: Trace | None) -> bool:
    """Whether a cable's course still differs from what is beside it, for a good part of its length."""
    if trace is None or len(trace) < 2:
        return True
    height, width = bgr.shape[:2]
    points = trace * [width - 1, height - 1]
    along = np.gradient(points, axis=0)
    aside = np.stack([-along[:, 1], along[:, 0]], axis=1)
    aside = aside / np.maximum(np.hypot(*aside.T), 1e-6)[:, None] * BESIDE_PX

    def values(at: Trace) -> NDArray[np.float64]:
        x, y = np.clip(at.round().astype(int), 0, [width - 1, height - 1]).T
        return np.asarray(bgr[y, x], np.float64)

    change = np.abs(values(points) - (values(points + aside) + values(points - aside)) / 2).max(axis=1)
    return float(np.percentile(change, GOOD_PART)) >= LEAST_CONTRAST


def _is_seen(bgr: Bgr, labelled: LabelledBox) -> bool:
    """False for small things that dark and blur have swallowed: they are no label."""
    if labelled.name not in (Painted.illegal_ad, Painted.litter):
        return True
    height, width = bgr.shape[:2]
    box = labelled.box.grown(0.15)
    rows = slice(int(box.top * height), max(int(box.top * height) + 2, int(box.bottom * height)))
    columns = slice(int(box.left * width), max(int(box.left * width) + 2, int(box.right * width)))
    return float(bgr[rows, columns].std(axis=(0, 1)).max()) >= LEAST_CONTRAST


def _negatives_on_wall(stage: Stage, mix: Mix) -> None:
    for draw, chance in (*WALL_DRAWERS, *MORE_DRAWERS):
        if stage.chance(chance * mix.negatives):
            draw(stage.rng, stage.scene)


def _negatives_on_ground(stage: Stage, mix: Mix) -> None:
    for painter, metres, chance in GROUND_PAINTERS:
        if stage.chance(chance * mix.negatives):
            foot = foot_place(stage)
            sprite = painter(stage.rng, int(stage.rng.uniform(*metres) * stage.scene.px_per_m_at(foot)))
            stand(stage, sprite, foot, flat=painter in FLAT)
