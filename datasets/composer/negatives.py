"""What looks like a finding and is none: legal signs, plates, pipes, house wires, street art, planters, leaves …"""

from collections.abc import Callable

import cv2
import numpy as np

from datasets.composer.background import OPENINGS, Background, foot_within
from datasets.composer.cables import Look, catenary, draw_path, moved
from datasets.composer.lettering import LATIN, NOTICES, SHOPS, STREETS, lettered, phone, some
from datasets.composer.paste import cast_shadow, paste, settled
from datasets.composer.sprites import (
    any_colour,
    blotched,
    clear,
    dim,
    feathered,
    jittered,
    sheet,
    stamp,
    tilted,
    to_width,
)  # fmt: skip
from datasets.composer.workwear import paint_cone, paint_stone, paint_workwear
from datasets.town_camera import Bgra
from datasets.town_texture import Colour, cloud, foliage

PIPE_COLOURS: tuple[Colour, ...] = ((150, 152, 154), (90, 92, 96), (200, 204, 206), (60, 74, 96), (120, 140, 150))
WIRE_COLOURS: tuple[Colour, ...] = ((26, 26, 28), (60, 60, 62), (110, 112, 114), (200, 202, 204))


def paint_sign(rng: np.random.Generator, width_px: int) -> Bgra:
    """A shop's board over its door: wide, tidy, framed, perhaps lit."""
    width = 340
    height = int(width * rng.uniform(0.14, 0.3))
    ground = any_colour(rng) if rng.random() < 0.7 else ((240, 242, 244), (40, 40, 42))[int(rng.integers(2))]
    board = sheet(height, width, ground)
    ink = (245, 248, 250) if sum(ground) < 400 else dim(any_colour(rng), 0.7)
    words = some(rng, SHOPS) if rng.random() < 0.85 else some(rng, LATIN)
    mask = lettered(rng, words, int(height * rng.uniform(0.5, 0.7)))
    if mask.shape[1] > width * 0.9:
        mask = np.asarray(cv2.resize(mask, (int(width * 0.9), mask.shape[0])), np.uint8)
    stamp(board, mask, (width / 2, height / 2), ink)
    if rng.random() < 0.3:  # a number alone makes no ad illegal
        number = lettered(rng, f"电话 {phone(rng)}", max(8, int(height * 0.2)))
        stamp(board, number[:, : width - 8], (width / 2, height * 0.87), ink)
    cv2.rectangle(board, (1, 1), (width - 2, height - 2), (*dim(ground, 0.6), 255), 3)
    return to_width(board, max(10, width_px))


def paint_notice(rng: np.random.Generator, width_px: int) -> Bgra:
    """A framed notice, a timetable, a plaque: straight lines of small type in a frame."""
    width = 180
    height = int(width * rng.uniform(0.7, 1.5))
    ground: Colour = ((246, 247, 248), (190, 120, 60), (235, 225, 205), (110, 90, 40))[int(rng.integers(4))]
    board = sheet(height, width, ground)
    ink = (40, 40, 44) if sum(ground) > 400 else (245, 246, 248)
    stamp(board, lettered(rng, some(rng, NOTICES), int(width * 0.16)), (width / 2, height * 0.14), ink)
    for row in np.arange(height * 0.3, height * 0.88, max(8.0, height * 0.08)):
        end = int(width * rng.uniform(0.6, 0.9))
        cv2.line(board, (int(width * 0.1), int(row)), (end, int(row)), (*ink, 255), 2)
    cv2.rectangle(
        board, (2, 2), (width - 3, height - 3), (*((150, 152, 154) if rng.random() < 0.6 else dim(ground, 0.5)), 255), 6
    )
    return to_width(board, max(8, width_px))


def paint_plate(rng: np.random.Generator, width_px: int) -> Bgra:
    """A house number or a street's name: enamel, one colour, a few characters."""
    width = 160
    height = int(width * rng.uniform(0.3, 0.7))
    ground: Colour = ((160, 80, 20), (60, 110, 30), (40, 40, 180), (242, 244, 244), (120, 60, 20))[int(rng.integers(5))]
    plate = sheet(height, width, jittered(rng, ground, 8))
    ink = (245, 246, 248) if sum(ground) < 420 else (40, 40, 44)
    number = str(int(rng.integers(1, 260)))
    words = (number, f"{some(rng, STREETS)}{number}号", some(rng, STREETS), f"{number}-{int(rng.integers(1, 9))}")[
        int(rng.integers(4))
    ]
    mask = lettered(rng, words, int(height * 0.62))
    if mask.shape[1] > width * 0.88:
        mask = np.asarray(cv2.resize(mask, (int(width * 0.88), mask.shape[0])), np.uint8)
    stamp(plate, mask, (width / 2, height / 2), ink)
    cv2.rectangle(plate, (3, 3), (width - 4, height - 4), (*ink, 255), 2)
    return to_width(plate, max(8, width_px))


def paint_tag(rng: np.random.Generator, width_px: int) -> Bgra:
    """Street art: fat curved letters or a picture of blots, several colours, no number."""
    width, height = 240, int(240 * rng.uniform(0.3, 0.8))
    area = clear(height, width)
    for colour in (any_colour(rng), any_colour(rng)):
        points = np.stack([np.linspace(10, width - 10, 14), rng.uniform(10, height - 10, 14)], axis=1)
        fine = np.stack([np.interp(np.linspace(0, 13, 90), np.arange(14), points[:, axis]) for axis in (0, 1)], axis=1)
        soft = cv2.GaussianBlur(fine.astype(np.float32), (0, 0), 2.5)
        thick = int(rng.integers(3, 18))
        cv2.polylines(area, [np.asarray(soft).round().astype(np.int32)], False, (*colour, 255), thick, cv2.LINE_AA)
    return to_width(feathered(area, 1.5), max(12, width_px))


def paint_planter(rng: np.random.Generator, width_px: int) -> Bgra:
    width, height = 200, int(200 * rng.uniform(0.7, 1.2))
    area = clear(height, width)
    green: Colour = (int(rng.uniform(40, 80)), int(rng.uniform(90, 150)), int(rng.uniform(50, 110)))
    crown = foliage(rng, int(height * 0.66), width, green)
    area[: crown.shape[0]] = crown
    pot = jittered(rng, ((70, 90, 160), (150, 152, 154), (90, 110, 130), (60, 60, 62))[int(rng.integers(4))])
    inset = int(rng.uniform(20, 60))
    tub = np.array(
        [
            (inset - 12, int(height * 0.52)),
            (width - inset + 12, int(height * 0.52)),
            (width - inset, height - 2),
            (inset, height - 2),
        ]
    )
    cv2.fillPoly(area, [tub], (*pot, 255), cv2.LINE_AA)
    return to_width(blotched(rng, area, 0.06, 30), max(8, width_px))


def paint_bench(rng: np.random.Generator, width_px: int) -> Bgra:
    width, height = 240, 120
    area = clear(height, width)
    wood = jittered(rng, (80, 110, 150))
    for y in (10, 26, 42, 62, 72):
        cv2.rectangle(area, (8, y), (width - 9, y + 9), (*dim(wood, 1.1 if y > 50 else 0.9), 255), -1)
    for x in (24, width - 30):
        cv2.rectangle(area, (x, 8), (x + 7, height - 2), (50, 50, 52, 255), -1)
    return to_width(blotched(rng, area, 0.05, 30), max(10, width_px))


def paint_leaves(rng: np.random.Generator, width_px: int) -> Bgra:
    """Fallen leaves, thinly strewn: small, brown and yellow, each its own."""
    width, height = 220, int(220 * rng.uniform(0.2, 0.45))
    area = clear(height, width)
    for _ in range(int(rng.integers(8, 70))):
        tone = jittered(rng, ((40, 110, 170), (50, 90, 120), (60, 160, 200), (50, 120, 90))[int(rng.integers(4))], 18)
        centre = (int(rng.normal(width / 2, width / 5)), int(rng.normal(height / 2, height / 5)))
        size = (int(rng.integers(3, 8)), int(rng.integers(1, 4)))
        cv2.ellipse(area, centre, size, float(rng.uniform(0, 180)), 0, 360, (*tone, 255), -1, cv2.LINE_AA)
    return to_width(area, max(10, width_px))


def paint_wet(rng: np.random.Generator, width_px: int) -> Bgra:
    """A wet or oily patch, darker than the ground."""
    width, height = 160, 60
    field = cloud(rng, height, width, 24)
    rows, columns = np.mgrid[:height, :width]
    field = field - 2.6 * np.hypot((columns - width / 2) / (width / 2), (rows - height / 2) / (height / 2)) + 1.2
    area = clear(height, width)
    area[..., :3] = (52, 50, 48)
    area[..., 3] = (np.clip(field * 2, 0, 1) * float(rng.uniform(60, 140))).astype(np.uint8)
    return to_width(area, max(10, width_px))


def paint_cabinet(rng: np.random.Generator, width_px: int) -> Bgra:
    """A distribution box of the street, for ads to stick on."""
    width, height = 160, int(160 * rng.uniform(0.9, 1.7))
    colour = jittered(rng, ((130, 140, 120), (170, 172, 172), (90, 110, 80), (205, 208, 206))[int(rng.integers(4))])
    area = sheet(height, width, colour)
    cv2.rectangle(area, (4, 4), (width - 5, height - 12), (*dim(colour, 0.75), 255), 3)
    cv2.line(area, (width // 2, 4), (width // 2, height - 12), (*dim(colour, 0.7), 255), 3)
    cv2.rectangle(area, (0, height - 12), (width - 1, height - 1), (110, 112, 112, 255), -1)
    cv2.rectangle(area, (width // 2 + 6, height // 2), (width // 2 + 12, height // 2 + 20), (60, 60, 62, 255), -1)
    return to_width(blotched(rng, area, 0.05, 50), max(10, width_px))


def paint_pole(rng: np.random.Generator, width_px: int, height_px: int) -> Bgra:
    """A round post: bright along one line, dark at the rims."""
    across = np.linspace(-1, 1, max(4, width_px), dtype=np.float32)
    light = 0.55 + 0.6 * np.clip(1 - (across - float(rng.uniform(-0.4, 0.4))) ** 2, 0, 1)
    colour = jittered(rng, PIPE_COLOURS[int(rng.integers(len(PIPE_COLOURS)))])
    area = sheet(height_px, max(4, width_px), colour)
    area[..., :3] = (area[..., :3] * light[None, :, None]).clip(0, 255).astype(np.uint8)
    return blotched(rng, area, 0.05, 40)


def draw_pipe(rng: np.random.Generator, scene: Background) -> None:
    """A drain pipe down the wall, with clamps and a bent foot."""
    width = int(np.clip(rng.uniform(0.06, 0.16) * scene.px_per_m, 4, 18))
    top = -10 if rng.random() < 0.75 else int(rng.uniform(0, scene.ground_y * 0.4))
    left = int(rng.integers(0, scene.size[0] - width))
    pipe = settled(scene.bgr, paint_pole(rng, width, scene.ground_y - top), left, top)
    for clamp in range(int(rng.integers(10, 80)), pipe.shape[0] - 4, max(20, int(scene.px_per_m * 1.5))):
        pipe[clamp : clamp + 3, :, :3] = (pipe[clamp : clamp + 3, :, :3] * 0.7).astype(np.uint8)
    cast_shadow(scene.bgr, pipe, left, top, (int(rng.integers(-7, 8)), 2), 0.3)
    paste(scene.bgr, pipe, left, top)


def draw_house_wires(rng: np.random.Generator, scene: Background) -> None:
    """Wires of the house or the grid: level, along the eaves or from edge to edge, often several side by side."""
    width, height = scene.size
    y = float(rng.uniform(0.03, 0.55)) * height
    look = Look(WIRE_COLOURS[int(rng.integers(len(WIRE_COLOURS)))], float(rng.uniform(0.8, 2.8)),
                (0.0, float(rng.choice([0, 2, 4]))), 0.25, 0.1)  # fmt: skip
    whole = rng.random() < 0.7
    x1, x2 = (-20.0, width + 20.0) if whole else tuple(np.sort(rng.uniform(-20, width + 20, 2)))
    slope = rng.normal(0, 0.03) * (x2 - x1)
    for number in range(int(rng.integers(1, 5))):
        dy = number * float(rng.uniform(3, 9))
        sag = abs(float(rng.normal(0, 0.02))) * (x2 - x1)
        draw_path(scene.bgr, catenary(np.array([x1, y + dy]), np.array([x2, y + dy + slope]), sag), look)


def draw_hose(rng: np.random.Generator, scene: Background) -> None:
    """An air conditioner under a window with its short pale hose, ending at the wall."""
    windows = scene.of(OPENINGS) or [
        (scene.size[0] // 3, scene.ground_y // 3, scene.size[0] // 3 + 60, scene.ground_y // 2)
    ]
    x1, _, x2, y2 = windows[int(rng.integers(len(windows)))]
    wide = int(np.clip(0.8 * scene.px_per_m, 18, 110))
    left, top = int(rng.uniform(x1 - wide, x2)), y2 + int(rng.uniform(2, 12))
    unit = _outdoor_unit(rng, wide)
    unit = settled(scene.bgr, unit, left, top)
    cast_shadow(scene.bgr, unit, left, top, (4, 5))
    start = np.array([left + wide * 0.92, top + wide * 0.5])
    end = moved(start, float(rng.normal(0, 6)), float(rng.uniform(0.3, 1.1)) * scene.px_per_m)
    pale = jittered(rng, (205, 212, 216), 10)
    draw_path(scene.bgr, catenary(start, end, 4.0), Look(pale, float(rng.uniform(1.6, 4.5)), (2.0, 1.0), 0.3, 0.2))
    paste(scene.bgr, unit, left, top)


def _outdoor_unit(rng: np.random.Generator, wide: int) -> Bgra:
    """The unit of an air conditioner: grille over a fan, slits, rust, a bracket below."""
    unit = sheet(110, 160, jittered(rng, (206, 210, 210), 8))
    cv2.circle(unit, (64, 52), 42, (96, 100, 100, 255), -1, cv2.LINE_AA)
    for radius in (10, 18, 26, 34, 42):
        cv2.circle(unit, (64, 52), radius, (176, 180, 180, 255), 2, cv2.LINE_AA)
    for y in range(20, 84, 8):
        cv2.line(unit, (118, y), (150, y), (150, 154, 154, 255), 2)
    cv2.rectangle(unit, (0, 0), (159, 97), (150, 154, 156, 255), 2)
    unit[98:] = 0
    for x in (24, 132):
        cv2.rectangle(unit, (x, 98), (x + 6, 109), (90, 92, 94, 255), -1)
    return to_width(blotched(rng, unit, 0.06, 50), wide)


def draw_crack(rng: np.random.Generator, scene: Background) -> None:
    start = np.array([rng.uniform(0, scene.size[0]), rng.uniform(0.2, 0.9) * scene.ground_y])
    steps = rng.normal([rng.normal(0, 2), 5], [5, 4], (int(rng.integers(8, 40)), 2))
    dark = Look((50, 54, 58), float(rng.uniform(0.6, 1.6)), strength=float(rng.uniform(0.3, 0.8)))
    draw_path(scene.bgr, start + steps.cumsum(axis=0), dark)


def draw_railing(rng: np.random.Generator, scene: Background) -> None:
    """A low fence along the pavement."""
    foot = foot_within(rng, scene, 60)
    high = int(0.9 * scene.px_per_m_at(foot))
    x1, x2 = sorted(int(part) for part in rng.uniform(-50, scene.size[0] + 50, 2))
    area = clear(high, max(12, x2 - x1))
    colour = ((230, 232, 232), (60, 62, 60), (90, 120, 70))[int(rng.integers(3))]
    step = max(5, int(0.13 * scene.px_per_m))
    for x in range(0, area.shape[1], step):
        cv2.line(area, (x, 2), (x, high), (*colour, 255), 1 + step // 10)
    for y in (3, high // 2, high - 6):
        cv2.line(area, (0, y), (area.shape[1], y), (*dim(colour, 0.9), 255), 1 + step // 8)
    paste(scene.bgr, settled(scene.bgr, area, x1, foot - high), x1, foot - high)


def draw_on_wall(
    painter: Callable[[np.random.Generator, int], Bgra], metres: tuple[float, float]
) -> Callable[[np.random.Generator, Background], None]:
    """A drawer that hangs what `painter` makes somewhere on the wall, `metres` wide, straight and with its shade."""

    def draw(rng: np.random.Generator, scene: Background) -> None:
        sprite = tilted(rng, painter(rng, int(max(10, rng.uniform(*metres) * scene.px_per_m))), 0.01)
        left = int(rng.uniform(0, max(1, scene.size[0] - sprite.shape[1])))
        top = int(rng.uniform(0.1, 0.92) * scene.ground_y - sprite.shape[0] / 2)
        sprite = settled(scene.bgr, sprite, left, top)
        cast_shadow(scene.bgr, sprite, left, top, (2, 3), 0.3)
        paste(scene.bgr, sprite, left, top)

    return draw


WALL_DRAWERS: tuple[tuple[Callable[[np.random.Generator, Background], None], float], ...] = (
    (draw_house_wires, 0.3), (draw_pipe, 0.28), (draw_hose, 0.25), (draw_crack, 0.2), (draw_railing, 0.12),
    (draw_on_wall(paint_sign, (1.2, 4.0)), 0.4), (draw_on_wall(paint_notice, (0.3, 1.0)), 0.3),
    (draw_on_wall(paint_plate, (0.25, 0.7)), 0.3), (draw_on_wall(paint_tag, (0.5, 2.5)), 0.15),
)  # fmt: skip
GROUND_PAINTERS: tuple[tuple[Callable[[np.random.Generator, int], Bgra], tuple[float, float], float], ...] = (
    (paint_planter, (0.4, 1.0), 0.2), (paint_bench, (1.2, 1.8), 0.08), (paint_leaves, (0.6, 2.5), 0.2),
    (paint_wet, (0.5, 2.5), 0.2), (paint_workwear, (0.4, 1.3), 0.15), (paint_cone, (0.3, 0.45), 0.1),
    (paint_stone, (0.3, 1.0), 0.1),
)  # fmt: skip
"""Painter, width in metres, chance."""
FLAT = frozenset({paint_leaves, paint_wet, paint_workwear})
