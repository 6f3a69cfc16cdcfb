"""Painting what a script stages into a still view: upright sprites on the ground, flat ones on walls, cables."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.composer.ads import Ad, paint_ad
from datasets.composer.cables import Hang, Look, any_look, draw_path
from datasets.composer.negatives import (
    WIRE_COLOURS,
    paint_bench,
    paint_leaves,
    paint_notice,
    paint_planter,
    paint_plate,
    paint_sign,
    paint_wet,
)
from datasets.composer.paste import stands_out
from datasets.composer.sprites import layered, resized, warped
from datasets.composer.stalls import Stall, paint_stall
from datasets.town_cables import cable_path, depth_of_line, sagging
from datasets.town_camera import FAR_M, Bgr, Bgra, Camera, Metres
from datasets.town_light import Light
from datasets.town_litter import Thing, paint_litter
from datasets.town_script import Decoy, Staged
from datasets.town_street import CableWay, Place, Spot, WallSpot
from pipeline.domain.geometry import Box

IN_FRONT_M = 0.8
"""The ground just before a thing's foot is nearer than its middle, yet does not hide it."""
SOLID, FAINT = 177, 60
"""Alpha from which a pixel belongs to a thing: on the ground, where soft shade surrounds it, and on a wall."""
SEEN_SHARE = 0.5
"""What shows less of itself is not labelled."""
FOOT_SHARE = {"litter": 0.8, "street_business": 0.93, "": 0.94}
"""Down a sprite, where the thing's middle meets the ground; it is seen slantwise from above."""
SHADE_ALPHA = 120
SOFT_PX = 0.6
PAINT_FINER = 1.4
LEAST_SPRITE_PX, MOST_SPRITE_PX = 16, 420
CABLE_M = (0.016, 0.036)
CABLE_PX = (1.3, 7.0)
WIRE_SAG = 0.03
NEAREST_CABLE_M = 1.0
LINE_REACH_PX = 4
"""Beside a cable's middle line so far its depth is known, for what hides it."""


@dataclass(frozen=True)
class Still:
    """The scene with what lies about, before anybody passes; changed in place while things are laid."""

    pixels: Bgr
    depth: NDArray[np.float32]


@dataclass(frozen=True)
class Laid:
    """What shows of a thing: `seen` is the part of the window (rows, columns) that it covers, `whole` the number of
    pixels that it would cover if nothing stood before it and the frame had no end."""

    staged: Staged
    box: Box
    window: tuple[slice, slice]
    seen: NDArray[np.bool_]
    whole: int


@dataclass(frozen=True)
class Sprite:
    bgra: Bgra
    left: int
    top: int
    depth_m: float
    on_wall: bool


def lay(still: Still, camera: Camera, light: Light, staged: Staged) -> Laid | None:
    """Paint into `still`; None where hardly anything of it shows. What an eye could not tell from its wall is left
    out."""
    if isinstance(staged.place, CableWay):
        return _run(still, camera, light, staged)
    return _stick(still, sprite_of(camera, light, staged), staged)


@lru_cache(maxsize=96)
def sprite_of(camera: Camera, light: Light, staged: Staged) -> Sprite:
    """In this view's light and scale; the same arguments give the same sprite. Not to be written into."""
    sprite = _on_ground(camera, staged, staged.place) if isinstance(staged.place, Spot) else _on_wall(camera, staged)
    tinted = light.tint(np.ascontiguousarray(sprite.bgra[..., :3]))
    middle = (sprite.left + sprite.bgra.shape[1] / 2, sprite.top + sprite.bgra.shape[0] / 2)
    shaded = (tinted * light.reaching(camera.width_px, camera.height_px, middle)).astype(np.uint8)
    bgra = _softened(np.concatenate([shaded, sprite.bgra[..., 3:]], axis=2))
    return Sprite(bgra, sprite.left, sprite.top, sprite.depth_m, sprite.on_wall)


GROUND_PAINTERS: dict[Decoy, Callable[[np.random.Generator, int], Bgra]] = {
    Decoy.planter: paint_planter, Decoy.bench: paint_bench, Decoy.leaves: paint_leaves, Decoy.wet: paint_wet,
}  # fmt: skip
WALL_PAINTERS: dict[Decoy, Callable[[np.random.Generator, int], Bgra]] = {
    Decoy.sign: paint_sign, Decoy.notice: paint_notice, Decoy.plate: paint_plate,
}  # fmt: skip
LYING_FLAT = frozenset({Decoy.leaves, Decoy.wet})


def _on_ground(camera: Camera, staged: Staged, spot: Spot) -> Sprite:
    column, row, px_per_m = camera.ground(spot.x_m, spot.y_m)
    width = max(LEAST_SPRITE_PX, round(spot.wide_m * px_per_m))
    rng = np.random.default_rng(staged.seed)
    match staged.painting:
        case Thing() as thing:
            bgra = paint_litter(thing, width, staged.seed)
        case Stall() as stall:
            bgra = _shaded(paint_stall(rng, width, stall))
        case Decoy() as decoy if decoy in GROUND_PAINTERS:
            bgra = GROUND_PAINTERS[decoy](rng, width)
            bgra = bgra if decoy in LYING_FLAT else _shaded(bgra)
        case _:
            raise TypeError(f"{staged.painting} does not belong on the ground")
    height, wide = bgra.shape[:2]
    foot = FOOT_SHARE.get(staged.category or "", FOOT_SHARE[""])
    return Sprite(bgra, round(column - wide / 2), round(row - height * foot), _depth_at(camera, staged.place), False)


def _shaded(bgra: Bgra) -> Bgra:
    """On a soft pool of shade that reaches a little below and to the right."""
    height, width = bgra.shape[:2]
    room = max(4, round(width * 0.07))
    area = np.zeros((height + room, width + 2 * room, 4), np.uint8)
    pool = np.zeros(area.shape[:2], np.uint8)
    centre, axes = (room + width // 2 + room // 3, height - room // 4), (width // 2 + room // 3, max(2, room))
    cv2.ellipse(pool, centre, axes, 0, 0, 360, (SHADE_ALPHA,), -1)
    area[..., :3] = (34, 34, 36)
    area[..., 3] = cv2.GaussianBlur(pool, (0, 0), max(1.0, room * 0.3))
    layered(area, bgra, room, 0)
    return area


def _on_wall(camera: Camera, staged: Staged) -> Sprite:
    spot = staged.place
    assert isinstance(spot, WallSpot), "what sticks on a wall wants a WallSpot"
    middle = np.array([spot.x_m, spot.y_m, spot.height_m])
    px_per_m = camera.focal_px / _depth_at(camera, spot)
    rng = np.random.default_rng(staged.seed)
    size = int(np.clip(spot.wide_m * px_per_m * PAINT_FINER, LEAST_SPRITE_PX, MOST_SPRITE_PX))
    match staged.painting:
        case Ad() as ad:
            bgra = paint_ad(rng, size, ad)
        case Decoy() as decoy if decoy in WALL_PAINTERS:
            bgra = WALL_PAINTERS[decoy](rng, size)
        case _:
            raise TypeError(f"{staged.painting} does not belong on a wall")
    along = reading(camera, spot)
    high_m = spot.wide_m * bgra.shape[0] / bgra.shape[1]
    corners = np.array([
        middle + along * (spot.wide_m / 2 * aside) + np.array([0, 0, high_m / 2 * up])
        for aside, up in ((-1, 1), (1, 1), (1, -1), (-1, -1))
    ])  # fmt: skip
    pixels, _ = camera.project(corners)
    wide, high = (float(np.linalg.norm(pixels[0] - pixels[at])) for at in (1, 3))
    fitted = warped(resized(bgra, round(wide), round(high)), pixels.astype(np.float32))
    left, top = np.round(pixels.min(axis=0)).astype(int)
    return Sprite(fitted, int(left), int(top), _depth_at(camera, spot), True)


def reading(camera: Camera, spot: WallSpot) -> Metres:
    """The unit vector along a wall from left to right as it is seen."""
    if spot.heading_deg is None:
        aside = np.array([spot.y_m - camera.y_m, camera.x_m - spot.x_m, 0.0])
        return np.asarray(aside / np.linalg.norm(aside), np.float64)
    turn = np.radians(spot.heading_deg)
    return np.array([np.sin(turn), np.cos(turn), 0.0])


def _depth_at(camera: Camera, place: Place) -> float:
    assert not isinstance(place, CableWay), "a cable has no one depth"
    height = place.height_m if isinstance(place, WallSpot) else 0.0
    _, depth = camera.project(np.array([[place.x_m, place.y_m, height]]))
    return float(depth[0])


def _softened(bgra: Bgra) -> Bgra:
    """As blurred as the lens makes the rest of the picture, colours weighted by alpha."""
    framed = cv2.copyMakeBorder(bgra, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0)).astype(np.float32)
    alpha = framed[..., 3:] / 255
    weighted = np.concatenate([framed[..., :3] * alpha, alpha], axis=2)
    soft = np.asarray(cv2.GaussianBlur(weighted, (0, 0), SOFT_PX), np.float32)[2:-2, 2:-2]
    colour = soft[..., :3] / np.maximum(soft[..., 3:], 1e-3)
    return np.concatenate([colour, soft[..., 3:] * 255], axis=2).clip(0, 255).astype(np.uint8)


def _stick(still: Still, sprite: Sprite, staged: Staged) -> Laid | None:
    least = FAINT if sprite.on_wall else SOLID
    whole = int((sprite.bgra[..., 3] > least).sum())
    inside = _inside(sprite, still.pixels)
    if inside is None:
        return None
    rows, columns, cut = inside
    here, near = still.pixels[rows, columns], still.depth[rows, columns]
    free = near > sprite.depth_m - 2 * IN_FRONT_M
    share = cut[..., 3:].astype(np.float32) / 255 * free[..., None]
    after = (here * (1 - share) + cut[..., :3] * share).astype(np.uint8)
    if sprite.on_wall and not stands_out(here, after, (share[..., 0] * 255).astype(np.uint8)):
        return None
    here[:] = after
    if not sprite.on_wall and staged.painting not in LYING_FLAT:
        near[share[..., 0] > 0.5] = sprite.depth_m
    return _laid(staged, (rows, columns), (cut[..., 3] > least) & free, whole, still.pixels)


def _inside(sprite: Sprite, pixels: Bgr) -> tuple[slice, slice, Bgra] | None:
    """Rows and columns of the picture that a sprite covers, and the part of the sprite that is inside."""
    height, width = sprite.bgra.shape[:2]
    first_row, first_column = max(0, sprite.top), max(0, sprite.left)
    last_row, last_column = min(pixels.shape[0], sprite.top + height), min(pixels.shape[1], sprite.left + width)
    if first_row >= last_row or first_column >= last_column:
        return None
    cut = sprite.bgra[first_row - sprite.top : last_row - sprite.top, first_column - sprite.left :]
    return slice(first_row, last_row), slice(first_column, last_column), cut[:, : last_column - first_column]


def _laid(staged: Staged, window: tuple[slice, slice], seen: NDArray[np.bool_], whole: int, pixels: Bgr) -> Laid | None:
    if not seen.any() or seen.sum() < SEEN_SHARE * whole:
        return None
    down, across = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    height, width = pixels.shape[:2]
    left, top = window[1].start, window[0].start
    box = Box(
        (left + int(across[0])) / width, (top + int(down[0])) / height,
        (left + int(across[-1]) + 1) / width, (top + int(down[-1]) + 1) / height,
    )  # fmt: skip
    return Laid(staged, box, window, seen, whole)


def _run(still: Still, camera: Camera, light: Light, staged: Staged) -> Laid | None:
    """A cable or a wire: its picture, and its depth for those who pass before or behind it."""
    path, look = _path_and_look(camera, light, staged)
    pixels, depth = camera.project(path)
    if depth.min() < NEAREST_CABLE_M:
        return None
    thick = max(1, round(look.width_px))
    around = depth_of_line(camera, path, thick + 2 * LINE_REACH_PX)
    hidden = (still.depth < around - IN_FRONT_M) & (around < FAR_M)
    before = still.pixels.copy()
    box = draw_path(still.pixels, pixels, look, hidden.astype(np.uint8))
    line = depth_of_line(camera, path, thick)
    seen = (line < FAR_M) & ~hidden
    if box is None or not stands_out(before, still.pixels, seen.astype(np.uint8) * 255):
        still.pixels[:] = before
        return None
    np.copyto(still.depth, np.minimum(still.depth, line), where=seen)
    window = (slice(0, seen.shape[0]), slice(0, seen.shape[1]))
    length_px = float(np.linalg.norm(np.diff(pixels, axis=0), axis=1).sum())
    if seen.sum() < SEEN_SHARE * length_px * thick * 0.8:
        return None
    return Laid(staged, box, window, seen, int(seen.sum()))


def _path_and_look(camera: Camera, light: Light, staged: Staged) -> tuple[Metres, Look]:
    way, rng = staged.place, np.random.default_rng(staged.seed)
    assert isinstance(way, CableWay), "a cable wants a CableWay"
    start, end = np.array(way.start), np.array(way.end)
    px_per_m = camera.focal_px / max(NEAREST_CABLE_M, float(camera.project(np.array([start, end]))[1].mean()))
    width_px = float(np.clip(rng.uniform(*CABLE_M) * px_per_m, *CABLE_PX))
    look = any_look(rng, width_px)
    if isinstance(staged.painting, Hang):
        path = cable_path(rng, way, staged.painting)
    else:
        path = sagging(start, end, WIRE_SAG * float(np.linalg.norm(end - start)))
        look = Look(WIRE_COLOURS[int(rng.integers(len(WIRE_COLOURS)))], width_px * 0.8)
    if light.grey:
        grey = int(np.mean(look.colour))
        look = Look((grey, grey, grey), look.width_px, look.shadow_px, look.shadow, look.gleam, look.strength)
    return path, look
