"""Real pieces cut out of boxed pictures (GrabCut inside the box), and pieces of real texture."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from datasets.composer.sprites import feathered, to_width
from datasets.source import Sample, read_source, samples, splits
from datasets.town_camera import Bgr, Bgra
from datasets.town_litter import Thing, paint_litter
from pipeline.domain.geometry import Box

CUT_PX = {"piece": 84, "heap": 130, "two_wheeler": 130}
"""A piece is cut out of its picture reduced to about this, its box's longer side."""
LEAST_CUT_PX = 14
ROUNDS = 2
SHARE_RANGE = (0.18, 0.93)
"""A cut-out that keeps less or more of its box is a failure."""
CACHED = 1500
TRIES = 4
RIM = 0.006
SIDE_RANGE = (0.015, 0.85)
KEPT_PICTURES = 24
TALLEST_WHEELER = 1.7
"""Cut-outs narrower than this, height to width, are pieces of handlebars rather than two-wheelers."""
TALLEST_SHARE = 0.68
"""A two-wheeler's height as a share of its length."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A box in a picture, as a value that can be cached."""

    picture: Path
    box: Box
    kind: str


@dataclass(frozen=True, slots=True)
class LitterStock:
    """What pieces can be cut from; empty where no real pictures are at hand (pieces are painted then)."""

    pieces: tuple[Piece, ...] = ()
    heaps: tuple[Piece, ...] = ()
    two_wheelers: tuple[Piece, ...] = ()
    textures: tuple[Path, ...] = ()


def stock_of(folders: Sequence[Path], split: str) -> LitterStock:
    """Pieces from source folders: those of `litter` boxes, two-wheelers, and the pictures themselves as textures."""
    pieces: list[Piece] = []
    heaps: list[Piece] = []
    wheels: list[Piece] = []
    textures: list[Path] = []
    for folder in folders:
        source = read_source(folder)
        if split not in splits(source):
            continue
        found = samples(source, split)
        textures += [sample.picture for sample in found]
        for sample in found:
            for labelled in sample.boxes:
                if labelled.name == "garbage":
                    heaps += _pieces(sample, labelled.box, "heap")
                elif labelled.name == "litter":
                    pieces += _pieces(sample, labelled.box, "piece")
                elif "bike" in labelled.name or "scooter" in labelled.name:
                    wheels += _pieces(sample, labelled.box, "two_wheeler")
    return LitterStock(tuple(pieces), tuple(heaps), tuple(wheels), tuple(textures))


def _pieces(sample: Sample, box: Box, kind: str) -> list[Piece]:
    """Whole ones alone: what touches the picture's rim is cut off there."""
    inside = box.left > RIM and box.top > RIM and box.right < 1 - RIM and box.bottom < 1 - RIM
    fits = all(SIDE_RANGE[0] < side < SIDE_RANGE[1] for side in (box.width, box.height))
    return [Piece(sample.picture, box, kind)] if fits and (inside or kind == "heap") else []


def litter_cutout(rng: np.random.Generator, pictures: LitterStock, width_px: int) -> Bgra:
    """A small piece about `width_px` in its longer side; painted where nothing can be cut."""
    sprite = _cut_from(rng, pictures.pieces)
    if sprite is None:
        return painted_litter(rng, width_px)
    return _sized(rng, sprite, width_px)


def heap_cutout(rng: np.random.Generator, pictures: LitterStock, width_px: int) -> Bgra:
    """A pile of rubbish `width_px` in its longer side."""
    sprite = _cut_from(rng, pictures.heaps)
    if sprite is None:
        return painted_litter(rng, max(24, width_px))
    return to_width(sprite, _width_for(sprite, width_px))


def two_wheeler_cutout(rng: np.random.Generator, pictures: LitterStock, width_px: int) -> Bgra | None:
    sprite = _cut_from(rng, pictures.two_wheelers)
    if sprite is None or sprite.shape[0] > TALLEST_WHEELER * sprite.shape[1]:
        return None
    highest = TALLEST_SHARE * width_px
    return to_width(sprite, max(8, round(min(width_px, highest * sprite.shape[1] / sprite.shape[0]))))


def painted_litter(rng: np.random.Generator, width_px: int) -> Bgra:
    thing = list(Thing)[int(rng.integers(len(Thing)))]
    return to_width(paint_litter(thing, max(48, width_px), int(rng.integers(2**31))), max(6, width_px))


def texture_cut(rng: np.random.Generator, stock: LitterStock, size: tuple[int, int]) -> Bgr | None:
    """A rectangle of real texture, `size` = (width, height) px; None where there are no pictures."""
    if not stock.textures:
        return None
    bgr = _picture(stock.textures[int(rng.integers(len(stock.textures)))])
    height, width = bgr.shape[:2]
    wide, high = max(8, int(width * rng.uniform(0.15, 0.5))), max(8, int(height * rng.uniform(0.15, 0.5)))
    left = int(rng.integers(int(width * 0.1), max(int(width * 0.1) + 1, int(width * 0.9) - wide)))
    top = int(rng.integers(int(height * 0.1), max(int(height * 0.1) + 1, int(height * 0.9) - high)))
    part = bgr[top : top + high, left : left + wide]
    return np.asarray(cv2.resize(part, (max(2, size[0]), max(2, size[1])), interpolation=cv2.INTER_AREA), np.uint8)


def _cut_from(rng: np.random.Generator, pieces: tuple[Piece, ...]) -> Bgra | None:
    for _ in range(TRIES):
        if not pieces:
            return None
        sprite = _cut(pieces[int(rng.integers(len(pieces)))])
        if sprite is not None:
            return sprite.copy()
    return None


def _sized(rng: np.random.Generator, sprite: Bgra, width_px: int) -> Bgra:
    if rng.random() < 0.5:
        sprite = sprite[:, ::-1].copy()
    small = to_width(sprite, _width_for(sprite, width_px))
    flat = float(rng.uniform(0.55, 1.0))  # close-ups look down, street cameras aslant
    return np.asarray(cv2.resize(small, (small.shape[1], max(3, int(small.shape[0] * flat)))), np.uint8)


def _width_for(sprite: Bgra, longest_px: int) -> int:
    height, width = (int(side) for side in sprite.shape[:2])
    return max(4, round(longest_px * width / max(height, width)))


@lru_cache(maxsize=KEPT_PICTURES)
def _picture(path: Path) -> Bgr:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return np.zeros((64, 64, 3), np.uint8) if bgr is None else np.asarray(bgr, np.uint8)


@lru_cache(maxsize=CACHED)
def _cut(piece: Piece) -> Bgra | None:
    """The piece with soft rims, or None where GrabCut finds none or all of the box."""
    bgr = _picture(piece.picture)
    height, width = bgr.shape[:2]
    wide, high = piece.box.width * width, piece.box.height * height
    if min(wide, high) < LEAST_CUT_PX:
        return None
    room = 0.25
    x1, y1 = max(0, int(piece.box.left * width - room * wide)), max(0, int(piece.box.top * height - room * high))
    x2 = min(width, int(piece.box.right * width + room * wide) + 1)
    y2 = min(height, int(piece.box.bottom * height + room * high) + 1)
    share = min(1.0, CUT_PX[piece.kind] / max(wide, high))
    size = (max(12, round((x2 - x1) * share)), max(12, round((y2 - y1) * share)))
    part = np.asarray(cv2.resize(bgr[y1:y2, x1:x2], size, interpolation=cv2.INTER_AREA), np.uint8)
    inside = ((piece.box.left * width - x1) * share, (piece.box.top * height - y1) * share, wide * share, high * share)
    return _grabbed(part, inside)


def _grabbed(part: Bgr, inside: tuple[float, float, float, float]) -> Bgra | None:
    x, y, wide, high = (int(side) for side in inside)
    x, y = max(1, x), max(1, y)
    wide, high = min(wide, part.shape[1] - x - 1), min(high, part.shape[0] - y - 1)
    if wide < 6 or high < 6:
        return None
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.setRNGSeed(1)  # its clusters start at random: the same piece shall be the same cut-out in any process
    cv2.grabCut(part, mask, (x, y, wide, high), np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_RECT)
    alpha = np.where((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    alpha = _largest(np.asarray(cv2.morphologyEx(alpha, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8))
    share = float((alpha > 0).sum()) / (wide * high)
    if not SHARE_RANGE[0] < share < SHARE_RANGE[1]:
        return None
    left, top, across, down = cv2.boundingRect(alpha)
    sprite = np.dstack([part, alpha])[top : top + down, left : left + across]
    framed = cv2.copyMakeBorder(np.asarray(sprite, np.uint8), 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    framed[[0, 1, -2, -1], :, 3] = 0
    framed[:, [0, 1, -2, -1], 3] = 0
    return feathered(np.asarray(framed, np.uint8), 0.9)


def _largest(alpha: Bgr) -> Bgr:
    """Only pieces of some size stay: specks are noise."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(alpha)
    if count <= 1:
        return alpha
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = 1 + np.flatnonzero(areas >= 0.2 * areas.max())
    return np.where(np.isin(labels, kept), 255, 0).astype(np.uint8)
