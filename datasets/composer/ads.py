"""Illegal ads: cards, stencils, posters, handwritten bills, stamps, layers of torn paper and what is left of them."""

from collections.abc import Callable
from enum import StrEnum

import cv2
import numpy as np

from datasets.composer.lettering import LATIN, PROMISES, TRADES, Hand, lettered, phone, some
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
    torn,
)
from datasets.town_camera import Bgra
from datasets.town_texture import Colour, cloud

PAPERS: tuple[Colour, ...] = (
    (248, 250, 250), (238, 244, 246), (222, 234, 240), (206, 226, 236), (120, 220, 250), (70, 200, 245),
    (190, 190, 250), (235, 205, 180), (190, 235, 200), (40, 40, 200), (150, 190, 245), (228, 228, 228), (60, 160, 250),
)  # fmt: skip
STICKERS: tuple[Colour, ...] = (
    (40, 40, 205), (200, 90, 30), (40, 150, 50), (30, 210, 250), (250, 250, 250), (30, 30, 30), (190, 60, 170),
    (230, 170, 40), (30, 120, 245), (120, 90, 230), (140, 200, 60),
)  # fmt: skip
INKS: tuple[Colour, ...] = ((24, 22, 22), (30, 30, 190), (150, 50, 20), (60, 60, 60), (40, 40, 140), (90, 40, 100))
SPRAYS: tuple[Colour, ...] = ((26, 24, 24), (36, 34, 190), (170, 70, 30), (40, 90, 30), (60, 60, 64), (230, 232, 234))
FINER = 2
LEAST_PAINT_PX = 96
MOST_PAINT_PX = 320


class Ad(StrEnum):
    card = "card"
    stencil = "stencil"
    poster = "poster"
    bill = "bill"
    tabs = "tabs"
    """A bill with strips to tear off below."""
    grid = "grid"
    layers = "layers"
    ghost = "ghost"
    seal = "seal"
    photo = "photo"


AD_WEIGHTS: dict[Ad, float] = {
    Ad.card: 0.24, Ad.stencil: 0.2, Ad.poster: 0.12, Ad.bill: 0.12, Ad.tabs: 0.05, Ad.grid: 0.06, Ad.layers: 0.08,
    Ad.ghost: 0.03, Ad.seal: 0.05, Ad.photo: 0.05,
}  # fmt: skip


def paint_ad(rng: np.random.Generator, size_px: int, kind: Ad | None = None) -> Bgra:
    """An ad about `size_px` wide, as it hangs: aslant, worn, partly gone. `kind` is drawn where not given."""
    chosen = kind or Ad(str(rng.choice(list(AD_WEIGHTS), p=np.array(list(AD_WEIGHTS.values())))))
    paint_px = int(np.clip(size_px * FINER, LEAST_PAINT_PX, MOST_PAINT_PX))
    sprite = PAINTERS[chosen](rng, paint_px)
    sprite = _worn(rng, sprite, chosen)
    if rng.random() < 0.6:
        sprite = rotated(sprite, float(rng.normal(0, 7)))
    return to_width(tilted(rng, sprite, 0.05), max(4, size_px))


def _worn(rng: np.random.Generator, sprite: Bgra, kind: Ad) -> Bgra:
    sprite = blotched(rng, sprite, float(rng.uniform(0.01, 0.1)), max(6.0, sprite.shape[1] * 0.3))
    if kind in (Ad.stencil, Ad.seal):
        return _faded(rng, sprite, float(rng.uniform(0.0, 0.35)))
    if rng.random() < 0.4:
        sprite = _creased(rng, sprite)
    if rng.random() < 0.3:
        sprite = torn(rng, sprite, float(rng.choice([0.04, 0.1, 0.2, 0.35, 0.5])))
    if rng.random() < 0.25:
        sprite = _faded(rng, sprite, float(rng.uniform(0, 0.3)))
    if rng.random() < 0.2:
        sprite = _bleached(rng, sprite)
    return sprite


def _creased(rng: np.random.Generator, sprite: Bgra) -> Bgra:
    height, width = sprite.shape[:2]
    light = np.ones((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        ends = rng.uniform(0, 1, (2, 2)) * [width, height]
        start, end = (tuple(int(part) for part in point) for point in ends)
        cv2.line(light, start, end, float(rng.choice([0.75, 0.85, 1.2])), max(1, width // 60), cv2.LINE_AA)
    return lit(sprite, np.asarray(cv2.GaussianBlur(light, (0, 0), 1.0), np.float32))


def _faded(rng: np.random.Generator, sprite: Bgra, share: float) -> Bgra:
    height, width = sprite.shape[:2]
    thin = np.clip(1 - share * (0.7 + 0.8 * cloud(rng, height, width, max(5.0, width * 0.15))), 0.1, 1)
    alpha = (sprite[..., 3:] * thin[..., None]).astype(np.uint8)
    return np.concatenate([sprite[..., :3], alpha], axis=2)


def _bleached(rng: np.random.Generator, sprite: Bgra) -> Bgra:
    """Months of sun: colours drawn towards a pale grey."""
    share = float(rng.uniform(0.2, 0.6))
    colour = (sprite[..., :3] * (1 - share) + np.array((205, 212, 214)) * share).astype(np.uint8)
    return np.concatenate([colour, sprite[..., 3:]], axis=2)


def _title(rng: np.random.Generator) -> str:
    if rng.random() < 0.12:
        return some(rng, LATIN)
    words = some(rng, TRADES)
    return words + some(rng, TRADES) if len(words) <= 2 and rng.random() < 0.3 else words


def _hand(rng: np.random.Generator) -> Hand:
    return Hand(str(rng.choice(list(Hand), p=[0.68, 0.22, 0.1])))


def _line(
    rng: np.random.Generator, sprite: Bgra, words: str, place: tuple[float, float, float], ink: Colour,
    hand: Hand = Hand.printed,
) -> None:  # fmt: skip
    """A row of words fitted to `place`: centre down, height and greatest width in shares of the sprite."""
    height, width = sprite.shape[:2]
    middle, tall, wide = place
    mask = lettered(rng, words, max(7, round(height * tall)), hand)
    most = int(width * wide)
    if mask.shape[1] > most:
        flat = max(2, round(mask.shape[0] * (0.5 + 0.5 * most / mask.shape[1])))
        mask = np.asarray(cv2.resize(mask, (most, flat), interpolation=cv2.INTER_AREA), np.uint8)
    stamp(sprite, mask, (width / 2, height * middle), ink)


def _card(rng: np.random.Generator, width: int) -> Bgra:
    height = round(width * float(rng.choice([0.35, 0.5, 0.6, 0.62, 0.7, 1.0, 1.4])))
    ground = jittered(rng, STICKERS[int(rng.integers(len(STICKERS)))])
    if rng.random() < 0.15:
        ground = any_colour(rng)
    card = sheet(height, width, ground)
    dark = sum(ground) < 380
    ink = (250, 252, 252) if dark and rng.random() < 0.6 else (40, 230, 250) if dark else _ink(rng)
    if rng.random() < 0.4:
        cv2.rectangle(card, (3, 3), (width - 4, height - 4), (*ink, 255), max(1, width // 50))
    if rng.random() < 0.3:
        band = sheet(height // 3, width, any_colour(rng))
        layered(card, band, 0, height - height // 3 if rng.random() < 0.5 else 0)
    rows = int(rng.integers(1, 4))
    _line(rng, card, _title(rng), (0.33 if rows > 1 else 0.5, 0.42 if rows > 1 else 0.6, 0.9), ink, _hand(rng))
    if rows > 1:
        _line(rng, card, phone(rng), (0.76, 0.28, 0.94), ink if rng.random() < 0.6 else (30, 230, 250))
    if rows > 2:
        _line(rng, card, some(rng, PROMISES), (0.56, 0.13, 0.9), ink)
    return card


def _ink(rng: np.random.Generator) -> Colour:
    return INKS[int(rng.integers(len(INKS)))]


def _stencil(rng: np.random.Generator, width: int) -> Bgra:
    """Sprayed or brushed straight on to the wall: no paper, soft rims, gaps of the stencil, drips."""
    upright = rng.random() < 0.15
    words = _title(rng) if rng.random() < 0.65 else ""
    number = phone(rng) if not words or rng.random() < 0.75 else ""
    size = int(width * 0.26)
    rows = [lettered(rng, row, size, _hand(rng), down=upright) for row in (words, number) if row]
    if rng.random() < 0.3:
        rows = rows[::-1]
    axis = 1 if upright else 0
    wide = max(row.shape[1 - axis] for row in rows)
    high = sum(row.shape[axis] for row in rows) + size // 3 * (len(rows) - 1)
    area = clear(*((wide + 24, high + 24) if upright else (high + 24, wide + 24)))
    colour, at = jittered(rng, SPRAYS[int(rng.integers(len(SPRAYS)))]), 12
    for row in rows:
        along = at + row.shape[axis] / 2
        stamp(area, row, (along, area.shape[0] / 2) if upright else (area.shape[1] / 2, along), colour)
        at += row.shape[axis] + size // 3
    area[..., :3] = colour
    area[..., 3] = cv2.GaussianBlur(area[..., 3], (0, 0), float(rng.uniform(0.6, max(0.8, size * 0.05))))
    if rng.random() < 0.3:
        _drips(rng, area)
    return area


def _drips(rng: np.random.Generator, area: Bgra) -> None:
    for _ in range(int(rng.integers(1, 6))):
        x, y = int(rng.integers(4, area.shape[1] - 4)), int(rng.integers(4, area.shape[0] - 4))
        if area[y, x, 3] > 100:
            cv2.line(area[..., 3:].reshape(area.shape[:2]).copy(), (x, y), (x, y), (255,), 1)
            area[y : y + int(rng.integers(5, 30)), x : x + 2, 3] = 200


def _poster(rng: np.random.Generator, width: int) -> Bgra:
    height = round(width * float(rng.uniform(1.15, 1.7)))
    paper = sheet(height, width, jittered(rng, PAPERS[int(rng.integers(len(PAPERS)))], 8))
    ink = _ink(rng) if sum(int(part) for part in paper[0, 0, :3]) > 330 else (240, 244, 246)
    loud = ink if rng.random() < 0.4 else jittered(rng, (30, 30, 210))
    hand = _hand(rng)
    _line(rng, paper, _title(rng), (0.14, 0.17, 0.92), loud, hand)
    lines = int(rng.integers(2, 7))
    for number in range(lines):
        words = some(rng, PROMISES) + (some(rng, TRADES) if rng.random() < 0.6 else "")
        _line(rng, paper, words, (0.3 + 0.42 * number / lines, 0.07, float(rng.uniform(0.5, 0.92))), ink, hand)
    _line(rng, paper, phone(rng), (0.86, 0.12, 0.94), loud)
    if rng.random() < 0.3:
        cv2.rectangle(paper, (2, 2), (width - 3, height - 3), (*loud, 255), max(1, width // 70))
    return paper


def _bill(rng: np.random.Generator, width: int) -> Bgra:
    """Written by hand on whatever paper there was, upright or level."""
    upright = rng.random() < 0.35
    height = round(width * float(rng.uniform(1.3, 2.4) if upright else rng.uniform(0.5, 1.4)))
    paper = sheet(height, width, jittered(rng, PAPERS[int(rng.integers(len(PAPERS)))], 8))
    ink = _ink(rng)
    hand = Hand.brushed if rng.random() < 0.75 else Hand.strokes
    if upright:
        for column, words in enumerate((_title(rng)[:6], phone(rng).replace("-", "")[:11])):
            size = int(min(width * 0.36, height * 0.9 / max(1, len(words))))
            mask = lettered(rng, words, size, hand, down=True)
            stamp(paper, mask, (width * (0.7 - 0.42 * column), height / 2), ink)
        return paper
    rows = [_title(rng), some(rng, PROMISES), phone(rng)][: int(rng.integers(2, 4))]
    for number, words in enumerate(rows):
        _line(rng, paper, words, ((number + 0.5) / len(rows), 0.7 / len(rows), 0.95), ink, hand)
    return paper


def _tabs(rng: np.random.Generator, width: int) -> Bgra:
    paper = _poster(rng, width)
    height = paper.shape[0]
    top, count = int(height * 0.78), int(rng.integers(6, 12))
    paper[top:, :, :3] = paper[4, 4, :3]
    mask = lettered(rng, phone(rng), max(7, width // count), down=False)
    level = cv2.resize(mask, (max(2, int(height * 0.2)), max(2, width // count - 2)))
    mask = np.rot90(np.asarray(level, np.uint8)).copy()
    for number in range(count):
        left, right = width * number // count, width * (number + 1) // count
        stamp(paper, mask, ((left + right) / 2, (top + height) / 2), _ink(rng))
        cv2.line(paper, (left, top), (left, height), (120, 120, 120, 255), 1)
        if rng.random() < 0.3:
            paper[top:, left:right, 3] = 0
    return paper


def _grid(rng: np.random.Generator, width: int) -> Bgra:
    """The same card again and again, some missing, some askew."""
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    one = to_width(_card(rng, 120), max(24, width // columns))
    gap = int(one.shape[1] * rng.uniform(0, 0.1))
    area = clear((one.shape[0] + gap) * rows + 8, (one.shape[1] + gap) * columns + 8)
    for number in range(columns * rows):
        if rng.random() < 0.12:
            continue
        turned = rotated(one, float(rng.normal(0, 3)))
        left = number % columns * (one.shape[1] + gap) + int(rng.normal(4, 1.5))
        layered(area, turned, left, number // columns * (one.shape[0] + gap) + int(rng.normal(4, 1.5)))
    return area


def _layers(rng: np.random.Generator, width: int) -> Bgra:
    """Paper over paper, each half torn away."""
    area = clear(round(width * float(rng.uniform(0.7, 1.5))), width)
    kinds = (_poster, _bill, _card)
    for _ in range(int(rng.integers(3, 7))):
        one = kinds[int(rng.integers(3))](rng, 120)
        one = to_width(
            rotated(torn(rng, one, float(rng.uniform(0.05, 0.6))), float(rng.normal(0, 8))), int(width * 0.5)
        )
        left = int(rng.uniform(0, max(1, width - one.shape[1])))
        layered(area, one, left, int(rng.uniform(0, max(1, area.shape[0] - one.shape[0]))))
    return area


def _ghost(rng: np.random.Generator, width: int) -> Bgra:
    """Scraped off but not clean: shreds of white paper, glue, half a number."""
    kinds = (_poster, _bill, _card)
    left = torn(rng, kinds[int(rng.integers(3))](rng, width), float(rng.uniform(0.45, 0.7)))
    height = left.shape[0]
    glue = sheet(height, left.shape[1], (176, 186, 190), int(rng.uniform(30, 90)))
    glue = torn(rng, glue, 0.25)
    glue[..., :3] = (176, 186, 190)
    layered(glue, left, 0, 0)
    return glue


def _seal(rng: np.random.Generator, width: int) -> Bgra:
    """A roller stamp: words and number in one ink, often framed."""
    height = round(width * float(rng.uniform(0.3, 0.6)))
    area = clear(height, width)
    colour = ((170, 60, 40), (40, 36, 190), (30, 30, 30))[int(rng.integers(3))]
    _line(rng, area, _title(rng), (0.28, 0.42, 0.9), colour)
    _line(rng, area, phone(rng), (0.72, 0.34, 0.94), colour)
    if rng.random() < 0.5:
        cv2.rectangle(area, (2, 2), (width - 3, height - 3), (*colour, 230), max(1, width // 60))
    area[..., :3] = dim(colour, float(rng.uniform(0.9, 1.4)))
    return area


def _photo(rng: np.random.Generator, width: int) -> Bgra:
    """Half a coloured picture, half words, perhaps a square code."""
    card = _card(rng, width) if rng.random() < 0.5 else _poster(rng, width)
    height = card.shape[0]
    side = max(6, int(min(width, height) * rng.uniform(0.3, 0.5)))
    if rng.random() < 0.5:
        cells = int(rng.integers(11, 25))
        code = np.where(rng.random((cells, cells)) < 0.5, 20, 245).astype(np.uint8)
        code = np.asarray(cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST), np.uint8)
        inset = cv2.merge([code, code, code, np.full_like(code, 255)])
    else:
        tones = np.stack([cloud(rng, side, side, side * 0.3) for _ in range(3)], axis=2) * 45 + any_colour(rng)
        inset = np.concatenate([tones.clip(0, 255).astype(np.uint8), np.full((side, side, 1), 255, np.uint8)], axis=2)
    layered(card, np.asarray(inset, np.uint8), int(rng.uniform(0, width - side)), int(rng.uniform(0, height - side)))
    return card


PAINTERS: dict[Ad, Callable[[np.random.Generator, int], Bgra]] = {
    Ad.card: _card, Ad.stencil: _stencil, Ad.poster: _poster, Ad.bill: _bill, Ad.tabs: _tabs, Ad.grid: _grid,
    Ad.layers: _layers, Ad.ghost: _ghost, Ad.seal: _seal, Ad.photo: _photo,
}  # fmt: skip
