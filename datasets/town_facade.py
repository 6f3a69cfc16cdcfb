"""Walls as textures: flats over shops, plain blocks, site hoardings, alley walls; and a small font of strokes.

The font is drawn from strokes because no Chinese font can be counted on where this runs.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.town_camera import Bgr
from datasets.town_texture import Colour, cloud, flat, grain, shaded

WALL_PX_PER_M = 48
FLOOR_M = 3.2

# Strokes on a square of 10: each string is a path of digit pairs (x, y); y grows downwards.
STROKES: dict[str, tuple[str, ...]] = {
    "水": ("5098", "1343 4317", "9262 6297", "5059 5938"),
    "果": ("2181", "2125 2585", "8185", "2383", "5159", "1696", "5618", "5688"),
    "小": ("5059 5939", "3317", "7397"),
    "吃": ("1144 1145", "1115", "1545", "4145", "1141", "6042", "6292", "5585 8537 3799"),
    "大": ("1393", "5050 5019", "5299"),
    "米": ("2141", "1595", "5059", "3022 2234", "7063", "5519", "5599"),
    "五": ("2181", "4129", "2575 7579", "1999"),
    "金": ("5013", "5093", "3363", "2585", "5359", "3649", "7668", "1999"),
    "文": ("5052", "1393", "735619", "335699"),
    "具": ("3070", "3036", "7076", "3272", "3474", "1696", "3719", "7799"),
    "百": ("1090", "5032", "2282", "2229", "8289", "2585", "2989"),
    "货": ("3013", "2125", "6042", "6165 6595", "2686", "2629", "8688", "5658 5819", "5899"),
    "日": ("2080", "2029", "8089", "2585", "2989"),
    "用": ("2080", "2027 2718", "8089", "2383", "2686", "5059"),
    "人": ("5019", "5299"),
    "民": ("2181", "8184", "2484", "2129 47", "2696", "5478 9998"),
    "中": ("1282", "1216", "8286", "1686", "5059"),
    "山": ("5059", "1419", "9499", "1999"),
    "工": ("2181", "5159", "1999"),
    "土": ("2373", "5059", "1999"),
    "天": ("2080", "1494", "5019", "5499"),
    "口": ("2181", "2129", "8189", "2989"),
    "田": ("1090", "1019", "9099", "1595", "5059", "1999"),
    "王": ("1191", "2585", "5159", "1999"),
    "主": ("4051", "1292", "2585", "5259", "1999"),
    "衣": ("5061", "1292", "5218", "3569", "3539", "3958", "8363", "5499"),
    "早": ("2070", "2024", "7074", "2272", "2474", "1696", "5459"),
    "路": (
        "1040",
        "1013",
        "4043",
        "1343",
        "3338",
        "3646",
        "1519",
        "1949",
        "7053",
        "6090 9057",
        "6399",
        "6696",
        "6669",
        "9699",
        "6999",
    ),
    "点": ("5054", "5282", "2474", "2427", "7477", "2777", "2818", "4149", "6869", "8899"),
}


def write(texture: NDArray[np.uint8], words: str, corner: tuple[int, int], size_px: int, colour: Colour) -> None:
    """Write characters of STROKES in a row from the top left `corner`."""
    thick = max(1, size_px // 9)
    for number, character in enumerate(words):
        left, top = corner[0] + int(number * size_px * 1.22), corner[1]
        for stroke in STROKES.get(character, ()):
            pairs = stroke.replace(" ", "")
            points = [(int(pairs[at]), int(pairs[at + 1])) for at in range(0, len(pairs), 2)]
            path = np.array([(left + x * size_px / 10, top + y * size_px / 10) for x, y in points], np.int32)
            cv2.polylines(texture, [path], False, colour, thick, cv2.LINE_AA)


SIGNS: tuple[tuple[str, Colour, Colour], ...] = (
    ("水果百货", (46, 40, 190), (245, 248, 250)),
    ("五金日用", (150, 84, 24), (240, 246, 250)),
    ("小吃早点", (30, 120, 216), (250, 250, 252)),
    ("文具", (96, 128, 32), (246, 250, 246)),
    ("大米", (36, 150, 200), (40, 40, 120)),
    ("日用百货", (60, 44, 150), (120, 230, 250)),
    ("衣衣", (132, 60, 120), (250, 244, 250)),
)


@dataclass(frozen=True)
class Wall:
    """How a wall is built: its size in metres, storeys, colour and what stands at street level."""

    width_m: float
    floors: int
    colour: Colour
    ground: str
    """`shops`, `plain` or `gate`."""
    seed: int
    px_per_m: float = WALL_PX_PER_M


def paint_wall(wall: Wall) -> Bgr:
    """Texture of a whole wall, street level at the bottom."""
    rng = np.random.default_rng(wall.seed)
    height, width = _px(wall, wall.floors * FLOOR_M), _px(wall, wall.width_m)
    texture = _plaster(rng, height, width, wall.colour)
    for floor in range(1, wall.floors):
        _windows(rng, wall, texture, height - _px(wall, (floor + 1) * FLOOR_M))
    if wall.ground == "shops":
        _shops(rng, wall, texture)
    else:
        _plain_street_level(rng, wall, texture)
    return texture


def _px(wall: Wall, metres: float) -> int:
    return round(metres * wall.px_per_m)


def _plaster(rng: np.random.Generator, height: int, width: int, colour: Colour) -> Bgr:
    """Plaster with rain streaks and grain."""
    streaks = cv2.resize(rng.standard_normal((4, max(2, width // 14))).astype(np.float32), (width, height))
    light = 1 + 0.03 * np.asarray(streaks) + 0.025 * grain(rng, height, width) + 0.04 * cloud(rng, height, width, 150)
    return shaded(flat(height, width, colour), light.astype(np.float32))


def _windows(rng: np.random.Generator, wall: Wall, texture: Bgr, top: int) -> None:
    pitch, size = _px(wall, 3.4), (_px(wall, 1.7), _px(wall, 1.5))
    sill = top + _px(wall, 0.8)
    cv2.rectangle(
        texture, (0, top + _px(wall, 3.05)), (texture.shape[1], top + _px(wall, 3.2)), _dim(wall.colour, 0.8), -1
    )
    for left in range(_px(wall, 0.8), texture.shape[1] - size[0], pitch):
        _window(rng, wall, texture, (left, sill), size)
        if rng.random() < 0.45:
            _air_conditioner(wall, texture, (left + size[0] + _px(wall, 0.25), sill + _px(wall, 0.7)))


def _window(rng: np.random.Generator, wall: Wall, texture: Bgr, corner: tuple[int, int], size: tuple[int, int]) -> None:
    (left, top), (width, height) = corner, size
    glass = _dim((118, 104, 88), float(rng.uniform(0.45, 1.05)))
    cv2.rectangle(texture, (left - 3, top - 3), (left + width + 3, top + height + 3), (222, 224, 226), -1)
    cv2.rectangle(texture, (left, top), (left + width, top + height), glass, -1)
    shine = np.array([[0.1, 0], [0.5, 0], [0.15, 1], [0, 1], [0, 0.3]]) * [width, height] + [left, top]
    cv2.fillPoly(texture, [shine.astype(np.int32)], _dim(glass, 1.3), cv2.LINE_AA)
    if rng.random() < 0.5:
        curtain = _dim((188, 200, 214), float(rng.uniform(0.6, 1)))
        share = int(width * rng.uniform(0.15, 0.45))
        cv2.rectangle(texture, (left, top), (left + share, top + height), curtain, -1)
    for post in (0.0, 0.5, 1.0):
        x = left + int(width * post)
        cv2.line(texture, (x, top), (x, top + height), (214, 216, 218), 2)
    cv2.line(texture, (left, top + height // 3), (left + width, top + height // 3), (214, 216, 218), 2)
    ledge = top + height + 4
    cv2.rectangle(texture, (left - 6, ledge), (left + width + 6, ledge + _px(wall, 0.1)), _dim(wall.colour, 0.68), -1)


def _air_conditioner(wall: Wall, texture: Bgr, corner: tuple[int, int]) -> None:
    left, top = corner
    right, bottom = left + _px(wall, 0.85), top + _px(wall, 0.6)
    cv2.rectangle(texture, (left + 4, top + 6), (right + 6, bottom + 10), _dim(wall.colour, 0.62), -1)
    cv2.rectangle(texture, (left, top), (right, bottom), (206, 210, 210), -1)
    cv2.circle(
        texture,
        (left + (right - left) * 2 // 5, (top + bottom) // 2),
        _px(wall, 0.22),
        (128, 130, 130),
        -1,
        cv2.LINE_AA,
    )
    cv2.line(texture, (right, bottom), (right + 5, bottom + _px(wall, 1.4)), (186, 188, 188), 2)


def _shops(rng: np.random.Generator, wall: Wall, texture: Bgr) -> None:
    height, width = texture.shape[:2]
    top, left = height - _px(wall, FLOOR_M), 0
    number = int(rng.integers(0, len(SIGNS)))
    while left < width - _px(wall, 2):
        unit = _px(wall, float(rng.uniform(3.8, 5.2)))
        _shop(rng, wall, texture[top:height, left : min(left + unit, width)], SIGNS[number % len(SIGNS)])
        left += unit
        number += 1


def _shop(rng: np.random.Generator, wall: Wall, unit: Bgr, sign: tuple[str, Colour, Colour]) -> None:
    """One shop: sign board over a shutter or a glass front with goods dimly behind."""
    words, board, ink = sign
    height, width = unit.shape[:2]
    sign_bottom = _px(wall, 0.95)
    post = _px(wall, 0.18)
    front = unit[sign_bottom : height - _px(wall, 0.12), post : width - post]
    if front.size == 0:
        return
    if rng.random() < 0.35:
        _shutter(front)
    else:
        _glass_front(rng, wall, front)
    cv2.rectangle(unit, (4, 6), (width - 5, sign_bottom), board, -1)
    cv2.rectangle(unit, (4, 6), (width - 5, sign_bottom), _dim(board, 0.6), 2)
    size = _px(wall, 0.56)
    start = max(8, (width - int(len(words) * size * 1.22)) // 2)
    write(unit, words, (start, (sign_bottom - size) // 2 + 3), size, ink)
    shadow = unit[sign_bottom + 1 : sign_bottom + _px(wall, 0.35)]
    shadow[:] = (shadow * np.linspace(0.5, 1, len(shadow))[:, None, None]).astype(np.uint8)


def _shutter(front: Bgr) -> None:
    slats = 0.9 + 0.1 * np.sin(np.arange(front.shape[0]) * 2 * np.pi / 6)
    front[:] = (np.array((168, 164, 160)) * slats[:, None, None]).astype(np.uint8)


def _glass_front(rng: np.random.Generator, wall: Wall, front: Bgr) -> None:
    height, width = front.shape[:2]
    depth = np.linspace(0.75, 1.15, height)[:, None, None]
    front[:] = (np.array((62, 64, 66)) * depth).astype(np.uint8)
    for shelf in range(3):
        row = int(height * (0.25 + 0.22 * shelf))
        for left in range(4, width - 12, 15):
            goods = tuple(int(part) for part in rng.integers(40, 140, 3))
            cv2.rectangle(front, (left, row), (left + 10, row + int(rng.uniform(8, 18))), goods, -1)
    front[:] = cv2.GaussianBlur(front, (0, 0), 2.2)
    door = int(width * rng.uniform(0.35, 0.55))
    for column in (0, door, door + _px(wall, 1.1), width - 3):
        cv2.line(front, (column, 0), (column, height), (150, 154, 156), 3)
    cv2.rectangle(front, (0, height - _px(wall, 0.3)), (width, height), (116, 118, 122), -1)
    gleam = np.array([[0.62, 0], [0.85, 0], [0.7, 1], [0.47, 1]]) * [width, height]
    layer = front.copy()
    cv2.fillPoly(layer, [gleam.astype(np.int32)], (186, 180, 172), cv2.LINE_AA)
    front[:] = cv2.addWeighted(front, 0.82, layer, 0.18, 0)


def _plain_street_level(rng: np.random.Generator, wall: Wall, texture: Bgr) -> None:
    height, width = texture.shape[:2]
    plinth = height - _px(wall, 0.9)
    texture[plinth:] = (texture[plinth:] * 0.72).astype(np.uint8)
    cv2.line(texture, (0, plinth), (width, plinth), _dim(wall.colour, 0.55), 2)
    for left in range(_px(wall, 1.2), width - _px(wall, 3), _px(wall, 6.8)):
        if wall.ground == "gate":
            door = texture[height - _px(wall, 2.3) : height, left : left + _px(wall, 1.5)]
            door[:] = _dim((72, 70, 96), float(rng.uniform(0.8, 1.2)))
            cv2.rectangle(door, (3, 3), (door.shape[1] - 4, door.shape[0] - 2), (52, 50, 66), 3)
            cv2.line(door, (door.shape[1] // 2, 0), (door.shape[1] // 2, door.shape[0]), (48, 46, 60), 2)
        size = (_px(wall, 1.5), _px(wall, 1.2))
        _window(rng, wall, texture, (left + _px(wall, 2.6), height - _px(wall, 2.5)), size)


def paint_hoarding(width_m: float, height_m: float, seed: int) -> Bgr:
    """A blue site hoarding: corrugated sheets between posts, a white foot, dust."""
    rng = np.random.default_rng(seed)
    height, width = round(height_m * WALL_PX_PER_M), round(width_m * WALL_PX_PER_M)
    waves = 1 + 0.1 * np.sin(np.arange(width) * 2 * np.pi / 9)[None, :] + 0.03 * cloud(rng, height, width, 60)
    dust = np.linspace(0, 0.3, height)[:, None]
    texture = shaded(flat(height, width, (172, 112, 44)), np.asarray(waves, np.float32))
    texture = (texture * (1 - dust[..., None]) + np.array((140, 150, 158)) * dust[..., None]).astype(np.uint8)
    for left in range(0, width, 3 * WALL_PX_PER_M):
        cv2.rectangle(texture, (left, 0), (left + 7, height), (216, 218, 218), -1)
    foot = round(0.35 * WALL_PX_PER_M)
    texture[height - foot :] = (np.array((196, 200, 202)) * (1 + 0.05 * cloud(rng, foot, width, 20))[..., None]).clip(
        0, 255
    )
    cv2.rectangle(texture, (0, 0), (width, 8), (206, 210, 210), -1)
    for left in range(5 * WALL_PX_PER_M, width - 6 * WALL_PX_PER_M, 15 * WALL_PX_PER_M):
        write(texture, "中土工人", (left, height // 3), WALL_PX_PER_M, (240, 244, 246))
    return texture


def _dim(colour: Colour, share: float) -> Colour:
    blue, green, red = (int(min(255, part * share)) for part in colour)
    return blue, green, red
