"""What stalls offer: heaps of produce, packed goods, price tags, cloth; and the roofs over them."""

import cv2
import numpy as np

from datasets.composer.cutouts import LitterStock, texture_cut
from datasets.composer.lettering import Hand, lettered, some
from datasets.composer.sprites import any_colour, clear, dim, jittered, layered, sheet, stamp
from datasets.town_camera import Bgra
from datasets.town_texture import Colour, cloud

GOODS = (
    "水果",
    "蔬菜",
    "早点",
    "烧烤",
    "煎饼",
    "奶茶",
    "袜子",
    "特价",
    "鞋",
    "玉米",
    "红薯",
    "手机壳",
    "十元三斤",
    "甩卖",
)
PRODUCE: tuple[Colour, ...] = (
    (40, 40, 190), (40, 120, 235), (50, 190, 230), (60, 150, 70), (70, 200, 140), (90, 60, 130), (160, 190, 210),
    (50, 80, 140), (220, 226, 226),
)  # fmt: skip
WOOD: Colour = (90, 130, 165)
STEEL: Colour = (165, 168, 170)


def poly(area: Bgra, points: list[tuple[float, float]], colour: Colour, alpha: int = 255) -> None:
    cv2.fillPoly(area, [np.array(points).round().astype(np.int32)], (*colour, alpha), cv2.LINE_AA)


def box(area: Bgra, sides: tuple[float, float, float, float], colour: Colour) -> None:
    x1, y1, x2, y2 = (round(side) for side in sides)
    cv2.rectangle(area, (x1, y1), (x2, y2), (*colour, 255), -1)


def textured(
    rng: np.random.Generator, area: Bgra, sides: tuple[float, float, float, float], stock: LitterStock
) -> None:
    """Cloth or packed goods: a piece of real texture where there is one, blots of colour otherwise."""
    x1, y1, x2, y2 = (round(side) for side in sides)
    x1, y1, x2, y2 = max(0, x1), max(0, y1), min(area.shape[1], x2), min(area.shape[0], y2)
    if x2 - x1 < 3 or y2 - y1 < 3:
        return
    cut = texture_cut(rng, stock, (x2 - x1, y2 - y1))
    if cut is None:
        tones = np.stack([cloud(rng, y2 - y1, x2 - x1, float(rng.uniform(4, 20))) for _ in range(3)], axis=2)
        cut = (tones * 40 + any_colour(rng)).clip(0, 255).astype(np.uint8)
    area[y1:y2, x1:x2, :3] = cut
    area[y1:y2, x1:x2, 3] = 255


def produce(rng: np.random.Generator, area: Bgra, sides: tuple[float, float, float, float]) -> None:
    """A heap of round things: fruit, vegetables, buns, toys."""
    x1, y1, x2, y2 = sides
    colour = PRODUCE[int(rng.integers(len(PRODUCE)))] if rng.random() < 0.8 else any_colour(rng)
    size = float(rng.uniform(3, 9))
    long = float(rng.choice([1.0, 1.0, 1.5, 3.0]))
    count = int(min(130, (x2 - x1) * (y2 - y1) / (size * size * 1.6)))
    for y in np.sort(rng.uniform(y1, y2, count)):
        x = rng.uniform(x1 + size, max(x1 + size + 1, x2 - size))
        tone = jittered(rng, dim(colour, float(rng.uniform(0.65, 1.15))), 10)
        centre, angle = (int(x), int(y)), float(rng.uniform(0, 180))
        cv2.ellipse(area, centre, (int(size * long), int(size)), angle, 0, 360, (*dim(tone, 0.6), 255), -1, cv2.LINE_AA)
        axes = (max(1, int(size * long - 1)), max(1, int(size - 1)))
        cv2.ellipse(area, (centre[0], centre[1] - 1), axes, angle, 0, 360, (*tone, 255), -1, cv2.LINE_AA)


def goods(rng: np.random.Generator, area: Bgra, sides: tuple[float, float, float, float], stock: LitterStock) -> None:
    """A row of heaps, boxes and bags side by side."""
    x1, y1, x2, y2 = sides
    at = x1
    while at < x2 - 12:
        wide = min(x2 - at, float(rng.uniform(24, 80)))
        top = y1 + float(rng.uniform(0, 0.5)) * (y2 - y1)
        kind = rng.random()
        if kind < 0.55:
            produce(rng, area, (at, top, at + wide, y2))
        elif kind < 0.8:
            textured(rng, area, (at + 2, top, at + wide - 2, y2), stock)
        else:
            box(area, (at + 2, top, at + wide - 2, y2), jittered(rng, WOOD))
            box(area, (at + 2, top, at + wide - 2, top + 5), jittered(rng, dim(WOOD, 1.3)))
        at += wide
    if rng.random() < 0.4:
        price(rng, area, (float(rng.uniform(x1, x2)), y1))


def price(rng: np.random.Generator, area: Bgra, place: tuple[float, float]) -> None:
    tag = sheet(34, 62, ((240, 245, 250), (60, 220, 250), (110, 150, 175))[int(rng.integers(3))])
    stamp(tag, lettered(rng, some(rng, GOODS), 22, Hand.brushed), (31, 17), (30, 30, 180))
    layered(area, tag, int(place[0]) - 31, int(place[1]) - 30)


def canopy(rng: np.random.Generator, width: int, high: int) -> Bgra:
    """An umbrella or an awning, striped or plain."""
    area = clear(high, width)
    first = any_colour(rng)
    second = (235, 238, 238) if rng.random() < 0.6 else any_colour(rng)
    if rng.random() < 0.5:
        second = first
    sections = int(rng.integers(5, 10))
    round_top = rng.random() < 0.65
    peak = width * float(rng.uniform(0.4, 0.6))
    for number in range(sections):
        a, b = number / sections, (number + 1) / sections
        tone = dim(first if number % 2 == 0 else second, 1.1 - 0.45 * abs(a - 0.4))
        near, far = (a * width, high * 0.86), (b * width, high * 0.86)
        if round_top:
            poly(area, [(peak, 2), far, near], tone)
        else:
            poly(area, [(0.1 * width + 0.8 * near[0], 2), (0.1 * width + 0.8 * far[0], 2), far, near], tone)
        poly(area, [near, far, ((near[0] + far[0]) / 2, high - 2)], dim(tone, 0.8))
    return area
