"""More hard negatives, drawn into a scene: couplets, banners, washing, chains, conduits, lightning rods, lamps."""

from collections.abc import Callable

import cv2
import numpy as np

from datasets.composer.background import OPENINGS, Background, foot_within
from datasets.composer.cables import Look, catenary, draw_path
from datasets.composer.lettering import PROMISES, SHOPS, lettered, some
from datasets.composer.paste import cast_shadow, paste, settled
from datasets.composer.sprites import any_colour, clear, dim, jittered, sheet, stamp, to_width
from datasets.town_camera import Bgra
from datasets.town_texture import Colour

BLESSINGS = ("春风得意", "万事如意", "财源广进", "平安喜乐", "福满人间", "吉祥如意年年好", "步步高升财源到")
SLOGANS = (
    "创建文明城市",
    "安全生产人人有责",
    "垃圾分类从我做起",
    "禁止高空抛物",
    "电动车禁止入户",
    "欢迎光临",
    "新店开业",
)
WIRE_TONES: tuple[Colour, ...] = ((28, 28, 30), (90, 92, 94), (190, 192, 194))
Drawer = Callable[[np.random.Generator, Background], None]


def _hang(scene: Background, sprite: Bgra, left: int, top: int) -> None:
    sprite = settled(scene.bgr, sprite, left, top)
    cast_shadow(scene.bgr, sprite, left, top, (1, 2), 0.3)
    paste(scene.bgr, sprite, left, top)


def draw_couplets(rng: np.random.Generator, scene: Background) -> None:
    """New Year's couplets: red strips on both sides of a door, golden or black characters, perhaps one above."""
    doors = scene.of(frozenset({"door", "arch"})) or scene.of(OPENINGS)
    if not doors:
        return
    x1, y1, x2, y2 = doors[int(rng.integers(len(doors)))]
    high, wide = int((y2 - y1) * rng.uniform(0.5, 0.8)), max(6, int((y2 - y1) * rng.uniform(0.07, 0.12)))
    red, gold = jittered(rng, (40, 34, 196)), (90, 210, 250) if rng.random() < 0.6 else (20, 20, 22)
    for left in (x1 - wide - 2, x2 + 2):
        strip = sheet(high, wide, red)
        words = some(rng, BLESSINGS)
        stamp(
            strip,
            lettered(rng, words, int(min(wide * 0.8, high / (len(words) * 1.3))), down=True),
            (wide / 2, high / 2),
            gold,
        )
        _hang(scene, strip, left, y1 + int(0.1 * (y2 - y1)))
    if rng.random() < 0.6 and x2 - x1 > 12:
        above = sheet(wide, int((x2 - x1) * 0.7), red)
        stamp(above, lettered(rng, some(rng, BLESSINGS)[:4], int(wide * 0.75)), (above.shape[1] / 2, wide / 2), gold)
        _hang(scene, above, x1 + int((x2 - x1) * 0.15), y1 - wide - 2)


def draw_banner(rng: np.random.Generator, scene: Background) -> None:
    """A banner of the town or a shop across the wall, large even letters."""
    wide = int(rng.uniform(0.2, 0.7) * scene.size[0])
    high = max(12, int(rng.uniform(0.4, 0.8) * scene.px_per_m))
    red = jittered(rng, (36, 34, 200)) if rng.random() < 0.7 else any_colour(rng)
    banner = sheet(high, wide, red)
    mask = lettered(rng, some(rng, SLOGANS), int(high * 0.62))
    stamp(banner, mask[:, : wide - 4], (wide / 2, high / 2), (240, 246, 250))
    left, top = int(rng.uniform(-20, scene.size[0] - wide + 20)), int(rng.uniform(0.1, 0.75) * scene.ground_y)
    _hang(scene, banner, left, top)


def draw_window_poster(rng: np.random.Generator, scene: Background) -> None:
    """A shop's own advertisement behind glass, filling the pane, straight."""
    windows = scene.of(OPENINGS)
    if not windows:
        return
    x1, y1, x2, y2 = windows[int(rng.integers(len(windows)))]
    wide, high = int((x2 - x1) * rng.uniform(0.4, 0.9)), int((y2 - y1) * rng.uniform(0.4, 0.9))
    if wide < 12 or high < 12:
        return
    poster = sheet(high, wide, any_colour(rng))
    band = any_colour(rng)
    cv2.ellipse(
        poster,
        (wide // 2, int(high * 0.6)),
        (int(wide * 0.35), int(high * 0.25)),
        0,
        0,
        360,
        (*band, 255),
        -1,
        cv2.LINE_AA,
    )
    mask = lettered(
        rng, some(rng, SHOPS) if rng.random() < 0.7 else some(rng, PROMISES), int(min(wide * 0.2, high * 0.3))
    )
    stamp(poster, mask[:, : wide - 2], (wide / 2, high * 0.18), (245, 248, 250))
    poster[..., 3] = int(rng.uniform(170, 255))
    left, top = x1 + (x2 - x1 - wide) // 2, y1 + (y2 - y1 - high) // 2
    paste(scene.bgr, settled(scene.bgr, poster, left, top), left, top)


def draw_washing(rng: np.random.Generator, scene: Background) -> None:
    """A line with clothes on it between two points of the wall: a wire, but a used one."""
    y = float(rng.uniform(0.1, 0.8)) * scene.ground_y
    x1 = float(rng.uniform(0, 0.8)) * scene.size[0]
    x2 = x1 + float(rng.uniform(1.2, 4)) * scene.px_per_m
    line = catenary(np.array([x1, y]), np.array([x2, y + rng.normal(0, 6)]), float(rng.uniform(2, 12)))
    draw_path(scene.bgr, line, Look(WIRE_TONES[int(rng.integers(3))], float(rng.uniform(0.8, 1.8))))
    for point in line[4 : -4 : int(rng.integers(5, 12))]:
        wide = int(rng.uniform(0.15, 0.5) * scene.px_per_m)
        cloth = sheet(int(wide * rng.uniform(0.9, 1.8)), max(4, wide), any_colour(rng))
        cloth[:, ::5, :3] = (cloth[:, ::5, :3] * 0.85).astype(np.uint8)
        paste(scene.bgr, settled(scene.bgr, cloth, int(point[0]), int(point[1])), int(point[0]), int(point[1]))


def draw_chain(rng: np.random.Generator, scene: Background) -> None:
    """Bollards along the kerb, chains or ropes between them."""
    foot = foot_within(rng, scene, 90)
    scale = scene.px_per_m_at(foot)
    high, wide = int(rng.uniform(0.4, 0.8) * scale), max(4, int(0.12 * scale))
    colour = jittered(rng, ((60, 62, 64), (200, 204, 206), (40, 180, 230), (40, 40, 170))[int(rng.integers(4))])
    look = Look(((40, 42, 44), (150, 152, 154), (60, 60, 190))[int(rng.integers(3))], float(rng.uniform(1.2, 3.5)))
    hangs = rng.random() < 0.6
    step, before = float(rng.uniform(1.0, 2.2)) * scale, None
    for x in np.arange(float(rng.uniform(0, step)), scene.size[0], max(step, 30.0))[: int(rng.integers(2, 7))]:
        post = sheet(high, wide, colour)
        post[: max(2, high // 8), :, :3] = dim(colour, 1.4)
        head = np.array([x + wide / 2, foot - high * 0.9])
        if before is not None and hangs:
            draw_path(scene.bgr, catenary(before, head, high * float(rng.uniform(0.2, 0.5))), look)
        paste(scene.bgr, settled(scene.bgr, post, int(x), foot - high), int(x), foot - high)
        before = head


def draw_conduit(rng: np.random.Generator, scene: Background) -> None:
    """Fixed electric lines: straight, with square corners, from box to box; never to what stands on the ground."""
    x, y = rng.uniform(0.05, 0.95) * scene.size[0], rng.uniform(0.1, 0.8) * scene.ground_y
    points = [np.array([x, y])]
    for number in range(int(rng.integers(1, 4))):
        reach = float(rng.normal(0, 2.2)) * scene.px_per_m
        points.append(points[-1] + (np.array([0.0, reach]) if number % 2 == 0 else np.array([reach, 0.0])))
    path = np.minimum(np.vstack(points), [scene.size[0] + 20, scene.ground_y - 4])
    look = Look(jittered(rng, WIRE_TONES[int(rng.integers(3))]), float(rng.uniform(1.0, 4.0)), (1.0, 2.0), 0.3, 0.2)
    for number in range(int(rng.choice([1, 1, 2, 4]))):
        draw_path(scene.bgr, path + number * look.width_px * 1.6, look)
    if rng.random() < 0.6:
        side = max(6, int(rng.uniform(0.15, 0.4) * scene.px_per_m))
        _hang(scene, sheet(int(side * 1.2), side, jittered(rng, (190, 194, 196))), int(x - side / 2), int(y - side / 2))


def draw_down_wire(rng: np.random.Generator, scene: Background) -> None:
    """A lightning conductor or telephone wire: dead straight down the wall, clamped, into the ground."""
    x = float(rng.uniform(0.02, 0.98)) * scene.size[0]
    top = float(rng.uniform(-30, 0.2 * scene.ground_y))
    look = Look(jittered(rng, WIRE_TONES[int(rng.integers(3))]), float(rng.uniform(1, 2.5)), (2.0, 0.0), 0.3, 0.2)
    draw_path(scene.bgr, np.array([[x, top], [x + rng.normal(0, 1.5), scene.ground_y - 1]]), look)
    for y in np.arange(max(0.0, top), scene.ground_y - 6, max(24.0, 1.1 * scene.px_per_m)):
        cv2.rectangle(scene.bgr, (int(x) - 2, int(y)), (int(x) + 2, int(y) + 2), dim(look.colour, 0.8), -1)


def draw_lamp(rng: np.random.Generator, scene: Background) -> None:
    """A lamp post or a traffic sign on its pole."""
    foot = foot_within(rng, scene, scene.size[1])
    scale = scene.px_per_m_at(foot)
    x, high = float(rng.uniform(0.03, 0.97)) * scene.size[0], float(rng.uniform(2.2, 4.5)) * scale
    tone = jittered(rng, ((70, 72, 74), (170, 172, 174), (60, 80, 60))[int(rng.integers(3))])
    pole = Look(tone, max(3.0, 0.07 * scale), (3.0, 1.0), 0.3, 0.3)
    draw_path(scene.bgr, np.array([[x, foot], [x, foot - high]]), pole)
    size = max(12, int(0.6 * scale))
    if rng.random() < 0.5:
        disc = clear(size, size)
        cv2.circle(
            disc,
            (size // 2, size // 2),
            size // 2 - 1,
            (*((60, 40, 200) if rng.random() < 0.5 else (190, 90, 20)), 255),
            -1,
            cv2.LINE_AA,
        )
        cv2.circle(disc, (size // 2, size // 2), size // 3, (240, 242, 244, 255), -1, cv2.LINE_AA)
        _hang(scene, disc, int(x - size / 2), int(foot - high))
    else:
        _hang(scene, to_width(sheet(10, 40, (220, 224, 226)), size), int(x - size / 2), int(foot - high))


MORE_DRAWERS: tuple[tuple[Drawer, float], ...] = (
    (draw_couplets, 0.1), (draw_banner, 0.1), (draw_window_poster, 0.15), (draw_washing, 0.06), (draw_chain, 0.1),
    (draw_conduit, 0.16), (draw_down_wire, 0.08), (draw_lamp, 0.15),
)  # fmt: skip
