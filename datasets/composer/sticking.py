"""Where illegal ads stick: walls, poles, cabinets, the pavement; alone, in rows, one over the other."""

import cv2
import numpy as np

from datasets.composer.ads import Ad, paint_ad
from datasets.composer.negatives import paint_cabinet, paint_pole
from datasets.composer.paste import cast_shadow, ground_shadow, stands_out
from datasets.composer.sprites import lit, resized, warped
from datasets.composer.stage import Mix, Painted, Stage, clustered, foot_place, stand, wall_place
from datasets.town_camera import Bgra
from pipeline.domain.geometry import Box

AD_PX = (12.0, 200.0)


def put_ads(stage: Stage, mix: Mix) -> None:
    if not stage.chance(mix.ad):
        return
    boxes: list[Box] = []
    for _ in range(int(stage.rng.integers(1, mix.ads + 1))):
        kind = stage.rng.random()
        if kind < 0.66:
            boxes += _ad_on_wall(stage)
        elif kind < 0.78:
            boxes += _ads_on_pole(stage)
        elif kind < 0.88:
            boxes += _ads_on_cabinet(stage)
        elif kind < 0.95:
            boxes += _ads_in_rows(stage)
        else:
            boxes += _ad_on_ground(stage)
    for box in clustered(boxes):
        stage.note(Painted.illegal_ad, box)


def _ad_width(stage: Stage) -> int:
    """Mostly small: a card of a hand's width seen from afar; now and then a poster."""
    low, high = AD_PX
    width = float(np.exp(stage.rng.normal(np.log(0.42 * stage.scene.px_per_m), 0.65)))
    return int(np.clip(width, low, high))


def _stick(stage: Stage, sprite: Bgra, left: int, top: int) -> list[Box]:
    if sprite[..., 3].mean() > 120 and stage.chance(0.3):
        cast_shadow(stage.scene.bgr, sprite, left, top, (1, 1), 0.3)
    height, width = sprite.shape[:2]
    rows, columns = slice(max(0, top), max(0, top + height)), slice(max(0, left), max(0, left + width))
    before = stage.scene.bgr[rows, columns].copy()
    box = stage.settle(sprite, left, top)
    if box is None:
        return []
    after = stage.scene.bgr[rows, columns]
    y, x = max(0, -top), max(0, -left)
    if stands_out(before, after, sprite[y : y + after.shape[0], x : x + after.shape[1], 3]):
        return [box]
    after[:] = before
    return []


def _ad_on_wall(stage: Stage) -> list[Box]:
    sprite = paint_ad(stage.rng, _ad_width(stage))
    place = wall_place(stage, (sprite.shape[1], sprite.shape[0]), low=stage.chance(0.85))
    if place is None:
        return []
    boxes = _stick(stage, sprite, *place)
    for _ in range(int(stage.rng.integers(1, 5)) if stage.chance(0.25) else 0):
        more = paint_ad(stage.rng, max(12, int(sprite.shape[1] * stage.rng.uniform(0.5, 1.1))))
        shift = stage.rng.normal(0, 0.9, 2) * [sprite.shape[1], sprite.shape[0]]
        boxes += _stick(stage, more, place[0] + int(shift[0]), place[1] + int(shift[1]))
    return boxes


def _ads_in_rows(stage: Stage) -> list[Box]:
    """The same card at an even distance along the wall, each its own box."""
    kind = (Ad.card, Ad.seal, Ad.stencil, Ad.bill)[int(stage.rng.integers(4))]
    sprite = paint_ad(stage.rng, max(14, _ad_width(stage) * 2 // 3), kind)
    place = wall_place(stage, (sprite.shape[1] * 3, sprite.shape[0]))
    if place is None:
        return []
    pitch = sprite.shape[1] * float(stage.rng.uniform(1.15, 2.2))
    boxes = []
    for number in range(int(stage.rng.integers(2, 7))):
        jitter = stage.rng.normal(0, 2, 2)
        boxes += _stick(stage, sprite, int(place[0] + number * pitch + jitter[0]), int(place[1] + jitter[1]))
    return boxes


def _curved(sprite: Bgra) -> Bgra:
    """Wrapped round a post: squeezed and darker towards both rims."""
    height, width = sprite.shape[:2]
    across = np.linspace(-1, 1, width, dtype=np.float32)
    source = (np.arcsin(across * 0.98) / (np.pi / 2) + 1) / 2 * (width - 1)
    columns = np.repeat(source[None].astype(np.float32), height, axis=0)
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    bent = np.asarray(cv2.remap(sprite, columns, rows, cv2.INTER_LINEAR), np.uint8)
    light = np.repeat((0.55 + 0.5 * np.sqrt(np.clip(1 - across**2, 0, 1)))[None], height, axis=0)
    return lit(bent, np.asarray(light, np.float32))


def _ads_on_pole(stage: Stage) -> list[Box]:
    rng, scene = stage.rng, stage.scene
    width = int(np.clip(rng.uniform(0.12, 0.42) * scene.px_per_m, 9, 46))
    foot = foot_place(stage)
    left = int(rng.uniform(0, scene.size[0] - width))
    pole = paint_pole(rng, width, foot + 10)
    ground_shadow(scene.bgr, left, left + width, foot, 0.4)
    stage.settle(pole, left, foot - pole.shape[0])
    boxes = []
    for _ in range(int(rng.integers(1, 5))):
        ad = paint_ad(rng, max(24, width * 2), (Ad.card, Ad.poster, Ad.bill, Ad.layers, Ad.ghost)[int(rng.integers(5))])
        ad = _curved(resized(ad, int(width * rng.uniform(0.7, 1.02)), max(9, int(width * rng.uniform(0.6, 2.2)))))
        top = foot - int(rng.uniform(0.6, 2.1) * scene.px_per_m_at(foot))
        boxes += _stick(stage, ad, left + int(rng.uniform(0, max(1, width - ad.shape[1] + 1))), top)
    return boxes


def _ads_on_cabinet(stage: Stage) -> list[Box]:
    rng = stage.rng
    foot = min(foot_place(stage), stage.scene.ground_y + int(0.2 * stage.scene.px_per_m) + 4)
    cabinet = paint_cabinet(rng, int(np.clip(rng.uniform(0.5, 1.3) * stage.scene.px_per_m_at(foot), 24, 220)))
    left = int(rng.uniform(0, max(1, stage.scene.size[0] - cabinet.shape[1])))
    stand(stage, cabinet, foot, left)
    boxes = []
    for _ in range(int(rng.integers(1, 5))):
        ad = paint_ad(rng, max(12, int(cabinet.shape[1] * rng.uniform(0.2, 0.7))))
        x = left + int(rng.uniform(0, max(1, cabinet.shape[1] - ad.shape[1])))
        y = foot - cabinet.shape[0] + int(rng.uniform(0, max(1, cabinet.shape[0] - ad.shape[0])))
        boxes += _stick(stage, ad, x, y)
    return boxes


def _ad_on_ground(stage: Stage) -> list[Box]:
    """Sprayed or stuck on the pavement or the kerb: flat, seen aslant."""
    sprite = paint_ad(stage.rng, max(30, _ad_width(stage) * 2), Ad.stencil if stage.chance(0.7) else Ad.card)
    height, width = sprite.shape[:2]
    flat = max(6.0, height * float(stage.rng.uniform(0.25, 0.55)))
    lean = float(stage.rng.uniform(0, 0.25)) * width
    lying = warped(sprite, np.array([[lean, 0], [width - lean, 0], [width, flat], [0, flat]], np.float32))
    foot = foot_place(stage)
    return _stick(stage, lying, int(stage.rng.uniform(0, max(1, stage.scene.size[0] - width))), foot - lying.shape[0])
