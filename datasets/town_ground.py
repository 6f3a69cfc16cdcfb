"""The ground as one texture seen from above: strips of material, painted marks, shade; and what borders it."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from datasets.town_camera import Bgr, Metres, Surface
from datasets.town_facade import WALL_PX_PER_M, Wall, paint_hoarding, paint_wall
from datasets.town_texture import (
    GROUND_PX_PER_M,
    Colour,
    asphalt,
    cloud,
    concrete,
    earth,
    flat,
    grain,
    grass,
    paving,
    shaded,
    water,
)

WHITE: Colour = (206, 210, 212)
YELLOW: Colour = (64, 168, 206)
KERB_M = 0.15
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Area:
    """A rectangle on the ground in metres."""

    left: float
    right: float
    near: float
    far: float


@dataclass(frozen=True)
class Strip:
    material: str
    """A name of MATERIALS."""
    area: Area


@dataclass(frozen=True)
class Mark:
    area: Area
    colour: Colour = WHITE


@dataclass(frozen=True)
class Built:
    """Something upright and straight from `start` to `end` (x, y), seen from its right-hand side."""

    kind: str
    """`wall`, `hoarding`, `hedge`, `railing` or `kerb`."""
    start: tuple[float, float]
    end: tuple[float, float]
    wall: Wall | None = None
    height_m: float = 2.4

    @property
    def length_m(self) -> float:
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))


MATERIALS: dict[str, Callable[[np.random.Generator, int, int], Bgr]] = {
    "asphalt": asphalt,
    "old_asphalt": lambda rng, h, w: asphalt(rng, h, w, (116, 118, 118)),
    "grey_paving": lambda rng, h, w: paving(rng, h, w, (150, 156, 160), (0.25, 0.5)),
    "red_paving": lambda rng, h, w: paving(rng, h, w, (110, 124, 162), (0.2, 0.4)),
    "pale_paving": lambda rng, h, w: paving(rng, h, w, (168, 176, 178), (0.4, 0.4)),
    "concrete": concrete,
    "earth": earth,
    "grass": grass,
    "water": water,
}


def paint_ground(
    rng: np.random.Generator, whole: Area, strips: tuple[Strip, ...], marks: tuple[Mark, ...], shades: list[Area]
) -> Surface:
    """Everything that lies flat; `shades` are the soft shadows' areas (ellipses)."""
    height, width = _px(whole.far - whole.near), _px(whole.right - whole.left)
    texture = flat(height, width, (120, 122, 122))
    for strip in strips:
        left, top, right, bottom = _pixels(whole, strip.area)
        texture[top:bottom, left:right] = MATERIALS[strip.material](rng, bottom - top, right - left)
    for mark in marks:
        _paint_mark(rng, texture, _pixels(whole, mark.area), mark.colour)
    light = np.ones((height // 4, width // 4), np.float32)
    for shade in shades:
        left, top, right, bottom = (side // 4 for side in _pixels(whole, shade, clip=False))
        centre = ((left + right) // 2, (top + bottom) // 2)
        axes = (max(1, (right - left) // 2), max(1, (bottom - top) // 2))
        cv2.ellipse(light, centre, axes, 0, 0, 360, 0.66, -1)
    light = np.asarray(cv2.GaussianBlur(light, (0, 0), 5), np.float32)
    light = np.asarray(cv2.resize(light, (width, height)), np.float32)
    origin = np.array([whole.left, whole.far, 0.0])
    along, down = np.array([1.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0])
    return Surface(origin, along, down, shaded(texture, light), GROUND_PX_PER_M)


def _px(metres: float) -> int:
    return round(metres * GROUND_PX_PER_M)


def _pixels(whole: Area, area: Area, clip: bool = True) -> tuple[int, int, int, int]:
    left, right = _px(area.left - whole.left), _px(area.right - whole.left)
    top, bottom = _px(whole.far - area.far), _px(whole.far - area.near)
    if not clip:
        return left, top, right, bottom
    return (
        max(0, left),
        max(0, top),
        min(right, _px(whole.right - whole.left)),
        min(bottom, _px(whole.far - whole.near)),
    )


def _paint_mark(rng: np.random.Generator, texture: Bgr, sides: tuple[int, int, int, int], colour: Colour) -> None:
    """Road paint, worn."""
    left, top, right, bottom = sides
    here = texture[top:bottom, left:right]
    if here.size == 0:
        return
    wear = cloud(rng, bottom - top, right - left, 12) + 0.5 * grain(rng, bottom - top, right - left)
    cover = np.clip(0.86 - 0.22 * np.maximum(wear, 0), 0.2, 0.9)[..., None]
    here[:] = (here * (1 - cover) + np.array(colour) * cover).astype(np.uint8)


def dashes(x_m: float, near: float, far: float, wide: float = 0.15) -> tuple[Mark, ...]:
    """Lane dashes along y."""
    return tuple(Mark(Area(x_m - wide / 2, x_m + wide / 2, y, y + 2.4)) for y in np.arange(near, far, 6.0))


def zebra(left: float, right: float, near: float, far: float) -> tuple[Mark, ...]:
    """A crossing whose bars run along y."""
    return tuple(Mark(Area(x, x + 0.45, near, far)) for x in np.arange(left, right, 0.95))


def surfaces_of(built: Built, seed: int) -> list[Surface]:
    """Textured planes of something upright."""
    start, end = np.array([*built.start, 0.0]), np.array([*built.end, 0.0])
    along = (end - start) / built.length_m
    if built.kind == "kerb":
        return _kerb(start, along, built.length_m, seed)
    if built.kind == "hedge":
        return _hedge(start, along, built, seed)
    if built.kind == "wall":
        assert built.wall is not None
        texture: Bgr = paint_wall(built.wall)
        return [_upright(start, along, texture, built.wall.px_per_m)]
    if built.kind == "railing":
        return [_upright(start, along, _railing(built.length_m, built.height_m), WALL_PX_PER_M)]
    return [_upright(start, along, paint_hoarding(built.length_m, built.height_m, seed), WALL_PX_PER_M)]


def _upright(start: Metres, along: Metres, texture: Bgr, px_per_m: float) -> Surface:
    return Surface(start + UP * texture.shape[0] / px_per_m, along, -UP, texture, px_per_m)


def _kerb(start: Metres, along: Metres, length_m: float, seed: int) -> list[Surface]:
    rng = np.random.default_rng(seed)
    width = _px(length_m)
    stone = shaded(flat(_px(0.22), width, (160, 166, 168)), 1 + 0.05 * grain(rng, _px(0.22), width))
    stone[:, :: _px(1.0)] = (stone[:, :: _px(1.0)] * 0.6).astype(np.uint8)
    face = (stone[: _px(KERB_M)] * 0.72).astype(np.uint8)
    inward = np.cross(UP, along)
    top = Surface(start + UP * KERB_M + inward * 0.22, along, -inward, stone, GROUND_PX_PER_M)
    return [top, Surface(start + UP * KERB_M, along, -UP, face, GROUND_PX_PER_M)]


def _hedge(start: Metres, along: Metres, built: Built, seed: int) -> list[Surface]:
    rng = np.random.default_rng(seed)
    height, deep, width = round(built.height_m * WALL_PX_PER_M), round(0.9 * WALL_PX_PER_M), 0
    width = round(built.length_m * WALL_PX_PER_M)

    def leaves(rows: int, light: float) -> Bgr:
        tone = light * (1 + 0.25 * grain(rng, rows, width) + 0.2 * cloud(rng, rows, width, 6))
        return shaded(flat(rows, width, (48, 96, 66)), (tone + 0.1 * cloud(rng, rows, width, 60)).astype(np.float32))

    face = shaded(leaves(height, 0.95), np.repeat(np.linspace(1.05, 0.55, height, dtype=np.float32)[:, None], width, 1))
    inward = np.cross(UP, along)
    lid = Surface(start + UP * built.height_m + inward * 0.9, along, -inward, leaves(deep, 1.25), WALL_PX_PER_M)
    return [lid, _upright(start, along, face, WALL_PX_PER_M)]


def _railing(length_m: float, height_m: float) -> Bgr:
    height, width = round(height_m * WALL_PX_PER_M), round(length_m * WALL_PX_PER_M)
    texture = np.zeros((height, width, 4), np.uint8)
    for left in range(0, width, 10):
        cv2.rectangle(texture, (left, 6), (left + 2, height), (176, 178, 176, 255), -1)
    for left in range(0, width, 2 * WALL_PX_PER_M):
        cv2.rectangle(texture, (left, 0), (left + 7, height), (206, 208, 206, 255), -1)
    for row in (2, height - 10):
        cv2.rectangle(texture, (0, row), (width, row + 5), (210, 212, 210, 255), -1)
    return texture
