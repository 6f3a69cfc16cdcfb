"""Street business: tables of produce, crates, racks, carts under umbrellas, tricycles, boards, goods on tarpaulins."""

from collections.abc import Callable
from enum import StrEnum

import cv2
import numpy as np

from datasets.composer.cutouts import LitterStock
from datasets.composer.lettering import PROMISES, Hand, lettered, some
from datasets.composer.sprites import (
    any_colour,
    blotched,
    clear,
    dim,
    jittered,
    layered,
    lit,
    rotated,
    sheet,
    stamp,
    tilted,
    to_width,
)  # fmt: skip
from datasets.composer.wares import GOODS, STEEL, WOOD, box, canopy, goods, poly, price, produce, textured
from datasets.town_camera import Bgra

PAINT_PX = 360


class Stall(StrEnum):
    table = "table"
    crates = "crates"
    rack = "rack"
    cart = "cart"
    tricycle = "tricycle"
    board = "board"
    tarpaulin = "tarpaulin"
    spread = "spread"
    """Goods of a shop put out along its front."""


UNLETTERED = frozenset({Stall.rack, Stall.tricycle, Stall.tarpaulin})
"""Those that may be mirrored."""

STALL_WEIGHTS: dict[Stall, float] = {
    Stall.table: 0.2, Stall.crates: 0.16, Stall.rack: 0.12, Stall.cart: 0.17, Stall.tricycle: 0.1, Stall.board: 0.06,
    Stall.tarpaulin: 0.09, Stall.spread: 0.1,
}  # fmt: skip


def paint_stall(
    rng: np.random.Generator, width_px: int, kind: Stall | None = None, stock: LitterStock | None = None
) -> Bgra:
    """A stall about `width_px` wide, its foot on the bottom edge; `stock` lends real texture to goods and cloth."""
    chosen = kind or Stall(str(rng.choice(list(STALL_WEIGHTS), p=np.array(list(STALL_WEIGHTS.values())))))
    area = PAINTERS[chosen](rng, stock or LitterStock())
    if chosen not in (Stall.cart, Stall.board, Stall.tarpaulin) and rng.random() < 0.35:
        area = _under_umbrella(rng, area)
    area = _cropped(blotched(rng, area, 0.07, 40))
    if chosen in UNLETTERED and rng.random() < 0.5:
        area = area[:, ::-1].copy()
    fall = np.linspace(1.08, 0.78, area.shape[0], dtype=np.float32)[:, None] * np.ones((1, area.shape[1]), np.float32)
    return to_width(tilted(rng, lit(area, fall), 0.02), max(12, width_px))


def _cropped(area: Bgra) -> Bgra:
    left, top, wide, high = cv2.boundingRect((area[..., 3] > 8).astype(np.uint8))
    return area[top : top + max(2, high), left : left + max(2, wide)].copy()


def _table(rng: np.random.Generator, stock: LitterStock) -> Bgra:
    width = int(PAINT_PX * rng.uniform(0.7, 1.3))
    height = int(width * rng.uniform(0.42, 0.75))
    area = clear(height, width)
    top = int(height * rng.uniform(0.4, 0.55))
    for x in (12, width - 16, width * 0.3, width * 0.7):
        box(area, (x, top, x + 5, height - 2), dim(STEEL, 0.6))
    if rng.random() < 0.5:
        cloth = any_colour(rng)
        box(area, (4, top, width - 5, top + (height - top) * rng.uniform(0.4, 0.95)), cloth)
        for x in range(8, width - 8, 14):
            cv2.line(area, (x, top), (x, int(height * 0.9)), (*dim(cloth, 0.85), 255), 2)
        area[..., 3] = np.where(area[..., 3] > 0, 255, 0)
        area[int(height * 0.97) :, :, 3] = 0
    else:
        goods(rng, area, (10, height * 0.7, width - 10, height - 4), stock)
    box(area, (0, top - 4, width - 1, top + 6), jittered(rng, WOOD))
    goods(rng, area, (6, top * 0.35, width - 6, top - 2), stock)
    return area


def _crates(rng: np.random.Generator, stock: LitterStock) -> Bgra:
    columns, rows = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    wide, high = 84, int(rng.uniform(34, 50))
    area = clear(rows * high + 50, columns * wide + 6)
    for row in range(rows):
        for column in range(columns):
            if row < rows - 1 and rng.random() < 0.35:
                continue
            left, top = column * wide + 3 + rng.normal(0, 2), 46 + row * high
            colour = jittered(
                rng, (WOOD, (200, 120, 40), (60, 60, 190), (80, 150, 70), (225, 228, 228))[int(rng.integers(5))]
            )
            if rng.random() < 0.75:
                produce(rng, area, (left + 4, top - rng.uniform(4, 22), left + wide - 6, top + 8))
            box(area, (left, top, left + wide - 4, top + high - 2), colour)
            for slat in range(1, 4):
                y = int(top + slat * high / 4)
                cv2.line(area, (int(left + 3), y), (int(left + wide - 8), y), (*dim(colour, 0.62), 255), 3)
    if rng.random() < 0.3:
        price(rng, area, (float(rng.uniform(40, area.shape[1] - 40)), 40.0))
    return area


def _rack(rng: np.random.Generator, stock: LitterStock) -> Bgra:
    width, height = int(PAINT_PX * rng.uniform(0.6, 1.2)), int(PAINT_PX * rng.uniform(0.6, 0.8))
    area = clear(height, width)
    bar = 16
    for x in (8, width - 10):
        cv2.line(area, (x, bar), (x, height - 3), (*dim(STEEL, 0.8), 255), 5)
        cv2.line(area, (x - 8, height - 3), (x + 8, height - 3), (*dim(STEEL, 0.6), 255), 5)
    cv2.line(area, (4, bar), (width - 4, bar), (*STEEL, 255), 5)
    at = 14.0
    while at < width - 34:
        wide, long = float(rng.uniform(16, 46)), float(rng.uniform(0.4, 0.85)) * height
        colour = any_colour(rng) if rng.random() < 0.6 else jittered(rng, (60, 60, 64), 40)
        if rng.random() < 0.3:
            textured(rng, area, (at, bar + 10, at + wide, bar + long), stock)
        shoulders = [(at - 5, bar + 16), (at + wide / 2, bar + 2), (at + wide + 5, bar + 16)]
        poly(area, [*shoulders, (at + wide, bar + long), (at, bar + long)], colour, 255 if rng.random() < 0.8 else 200)
        for fold in rng.uniform(at, at + wide, 2):
            cv2.line(
                area,
                (int(fold), bar + 18),
                (int(fold + rng.normal(0, 4)), int(bar + long - 3)),
                (*dim(colour, 0.7), 255),
                2,
            )
        at += wide * float(rng.uniform(0.6, 1.05))
    return area


def _under_umbrella(rng: np.random.Generator, wares: Bgra) -> Bgra:
    height, width = wares.shape[:2]
    spread = int(width * rng.uniform(0.8, 1.3))
    high = int(spread * rng.uniform(0.2, 0.36))
    gap = int(height * rng.uniform(0.25, 0.7))
    area = clear(high + gap + height, max(width, spread) + 4)
    left = (area.shape[1] - width) // 2 + int(rng.normal(0, width * 0.06))
    pole = area.shape[1] // 2
    cv2.line(area, (pole, high // 2), (pole, area.shape[0] - 4), (*dim(STEEL, 0.85), 255), 5)
    layered(area, wares, left, high + gap)
    layered(area, canopy(rng, spread, high), (area.shape[1] - spread) // 2, 0)
    return area


def _cart(rng: np.random.Generator, stock: LitterStock) -> Bgra:
    """A food cart: counter, glass case, lettering, roof or umbrella, wheels."""
    width, height = PAINT_PX, int(PAINT_PX * rng.uniform(0.85, 1.1))
    area = clear(height, width)
    colour = any_colour(rng) if rng.random() < 0.65 else jittered(rng, STEEL)
    counter = int(height * rng.uniform(0.52, 0.62))
    box(area, (30, counter, width - 30, height - 34), colour)
    box(area, (24, counter - 6, width - 24, counter + 4), jittered(rng, STEEL))
    words = lettered(rng, some(rng, GOODS), int((height - counter) * 0.34), Hand.printed)
    stamp(
        area, words, (width / 2, (counter + height - 34) / 2), (240, 245, 250) if sum(colour) < 420 else (40, 40, 190)
    )
    for x in (70, width - 70):
        cv2.circle(area, (x, height - 26), 24, (32, 32, 34, 255), -1, cv2.LINE_AA)
        cv2.circle(area, (x, height - 26), 9, (*STEEL, 255), -1, cv2.LINE_AA)
    goods(rng, area, (40, counter - 60, width - 40, counter - 6), stock)
    if rng.random() < 0.5:
        glass = sheet(74, width - 90, (225, 220, 205), 90)
        layered(area, glass, 45, counter - 80)
        cv2.rectangle(area, (45, counter - 80), (width - 45, counter - 6), (*STEEL, 255), 3)
    for x in (36, width - 36):
        cv2.line(area, (x, 30), (x, counter), (*dim(STEEL, 0.8), 255), 4)
    roof = canopy(rng, width, int(height * rng.uniform(0.14, 0.26)))
    layered(area, roof, 0, 0)
    return area


def _tricycle(rng: np.random.Generator, stock: LitterStock) -> Bgra:
    width, height = int(PAINT_PX * 1.2), int(PAINT_PX * 0.62)
    area = clear(height, width)
    colour = jittered(rng, ((170, 90, 30), (60, 60, 180), (90, 130, 60), (120, 122, 124))[int(rng.integers(4))])
    bed = int(height * 0.6)
    for x in (90, width - 50):
        cv2.circle(area, (x, height - 32), 29, (30, 30, 32, 255), 8, cv2.LINE_AA)
        cv2.circle(area, (x, height - 32), 6, (*STEEL, 255), -1)
    goods(rng, area, (16, bed - rng.uniform(50, 110), width * 0.62, bed + 2), stock)
    box(area, (8, bed, width * 0.64, bed + 40), colour)
    box(area, (8, bed, width * 0.64, bed + 6), dim(colour, 1.3))
    cv2.line(area, (int(width * 0.62), bed + 26), (width - 54, height - 36), (*dim(colour, 0.8), 255), 8, cv2.LINE_AA)
    cv2.line(area, (width - 54, height - 36), (width - 92, bed - 40), (*dim(STEEL, 0.7), 255), 7, cv2.LINE_AA)
    cv2.line(area, (width - 120, bed - 46), (width - 76, bed - 38), (30, 30, 30, 255), 7, cv2.LINE_AA)
    cv2.ellipse(area, (int(width * 0.72), bed - 4), (26, 9), 0, 0, 360, (30, 30, 32, 255), -1, cv2.LINE_AA)
    return area


def _board(rng: np.random.Generator, stock: LitterStock) -> Bgra:
    """A board that stands on the pavement: on legs, lit, or a chalk board."""
    width = int(PAINT_PX * 0.5)
    height = int(width * rng.uniform(1.2, 2.2))
    ground = any_colour(rng) if rng.random() < 0.6 else ((40, 44, 46), (245, 246, 246))[int(rng.integers(2))]
    area = clear(height, width)
    box(area, (6, 4, width - 7, height - 26), ground)
    cv2.rectangle(area, (6, 4), (width - 7, height - 26), (*dim(WOOD, 0.7), 255), 6)
    for x in (14, width - 16):
        cv2.line(area, (x, height - 28), (x + int(rng.integers(-8, 8)), height - 2), (*dim(WOOD, 0.6), 255), 7)
    ink = (245, 248, 250) if sum(ground) < 400 else (30, 30, 180)
    rows = [some(rng, GOODS), some(rng, PROMISES), some(rng, GOODS)][: int(rng.integers(1, 4))]
    for number, words in enumerate(rows):
        mask = lettered(rng, words, int(width * 0.26 if number == 0 else width * 0.16), Hand.brushed)
        mask = mask[:, : width - 24]
        stamp(area, mask, (width / 2, (height - 26) * (number + 0.6) / (len(rows) + 0.2)), ink)
    if rng.random() < 0.25:
        textured(rng, area, (16, height * 0.5, width - 16, height - 36), stock)
    return area


def _tarpaulin(rng: np.random.Generator, stock: LitterStock) -> Bgra:
    """A sheet on the ground with goods in rows, seen aslant."""
    width = int(PAINT_PX * rng.uniform(0.8, 1.4))
    height = int(width * rng.uniform(0.22, 0.42))
    area = clear(height, width)
    colour = any_colour(rng)
    lean = float(rng.uniform(0.05, 0.18)) * width
    poly(area, [(lean, 20), (width - lean, 20 + rng.uniform(-6, 6)), (width - 3, height - 4), (3, height - 4)], colour)
    rows = int(rng.integers(2, 4))
    for row in range(rows):
        y = 20 + (height - 30) * (row + 1) / rows
        inset = lean * (1 - row / rows) + 12
        at = inset
        while at < width - inset - 20:
            size = float(rng.uniform(14, 40)) * (0.7 + 0.3 * row / rows)
            if rng.random() < 0.5:
                produce(rng, area, (at, y - size, at + size * 1.6, y - 4))
            else:
                textured(rng, area, (at, y - size * 0.8, at + size, y - 3), stock)
            at += size * float(rng.uniform(1.2, 2.2))
    return area


def _spread(rng: np.random.Generator, stock: LitterStock) -> Bgra:
    """Boxes, basins, stools and bags of a shop, side by side and on one another."""
    width, height = int(PAINT_PX * rng.uniform(0.9, 1.6)), int(PAINT_PX * rng.uniform(0.35, 0.6))
    area = clear(height, width)
    for row in range(int(rng.integers(1, 4))):
        foot = height - 3 - row * 46 if row else height - 3
        at = float(rng.uniform(0, 40)) * (row + 1)
        while at < width - 40 * (row + 1):
            wide, high = float(rng.uniform(26, 80)), float(rng.uniform(26, 62))
            kind = rng.random()
            if kind < 0.4:
                textured(rng, area, (at, foot - high, at + wide, foot), stock)
            elif kind < 0.7:
                colour = any_colour(rng)
                poly(
                    area,
                    [(at, foot - high), (at + wide, foot - high), (at + wide * 0.85, foot), (at + wide * 0.15, foot)],
                    colour,
                )
                box(area, (at, foot - high, at + wide, foot - high + 6), dim(colour, 1.25))
            else:
                box(area, (at, foot - high, at + wide, foot), jittered(rng, WOOD))
                cv2.line(
                    area,
                    (int(at), int(foot - high * 0.5)),
                    (int(at + wide), int(foot - high * 0.5)),
                    (*dim(WOOD, 1.25), 255),
                    4,
                )
            at += wide * float(rng.uniform(0.95, 1.3))
    return rotated(area, 0.0)


PAINTERS: dict[Stall, Callable[[np.random.Generator, LitterStock], Bgra]] = {
    Stall.table: _table, Stall.crates: _crates, Stall.rack: _rack, Stall.cart: _cart, Stall.tricycle: _tricycle,
    Stall.board: _board, Stall.tarpaulin: _tarpaulin, Stall.spread: _spread,
}  # fmt: skip
