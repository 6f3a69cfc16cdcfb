"""Pictures to a series: the evidence of each false ticket, and what was missed, as contact sheets."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from datasets.series.day import Stay
from flows.series_patrol import Scene
from flows.series_scores import Filed, Score
from pipeline.adapters.picture import Bgr
from pipeline.domain.geometry import Box

TILE_WIDTH, TILE_HEIGHT, ACROSS = 480, 200, 4
CROP_SHARE = 0.34
"""The right third of a tile shows the place enlarged."""
LEAST_CROP = 0.05
MOST_TILES = 60
RED = (40, 40, 230)
HOUR_S, MINUTE_S = 3600, 60


def write_false(path: Path, score: Score) -> int:
    """A sheet of false tickets, by category and view; how many tiles it has. No file where there is none."""
    over = {verdict.filed.number: verdict.over for verdict in score.verdicts}
    filed = sorted(score.false_tickets, key=lambda ticket: (ticket.category, ticket.view, ticket.at_s))
    return _write(path, [_false_tile(ticket, over[ticket.number]) for ticket in filed[:MOST_TILES]])


def write_missed(path: Path, score: Score, scenes: Sequence[Scene]) -> int:
    """A sheet of what was due and never ticketed, as its camera saw it half-way through its stay."""
    by_name = {scene.name: scene for scene in scenes}
    tiles = []
    for view, stay in _mixed(score.missed)[:MOST_TILES]:
        at_s = (stay.from_s + stay.until_s) / 2
        box = by_name[view].boxes_at(at_s).get(stay, stay.place)
        bgr = _decoded(by_name[view].jpeg_at(at_s))
        cv2.rectangle(bgr, *_corners(box, bgr), RED, 2)
        tiles.append(_tile(bgr, box, f"{stay.kind} {stay.size_px}px {view} {_clock(at_s)}"))
    return _write(path, tiles)


def _mixed(missed: Sequence[tuple[str, Stay]]) -> list[tuple[str, Stay]]:
    """One of each kind in turn, so that the frequent ones do not fill the sheet."""
    number: Counter[str] = Counter()
    ranked = []
    for view, stay in missed:
        ranked.append((number[stay.kind], stay.kind.value, view, stay))
        number[stay.kind] += 1
    return [(view, stay) for _, _, view, stay in sorted(ranked, key=lambda one: one[:2])]


def _false_tile(filed: Filed, over: str) -> Bgr:
    words = f"{filed.category} {filed.score:.2f} {filed.view} {_clock(filed.at_s)}"
    return _tile(_decoded(filed.picture), filed.box, f"{words} over {over}" if over else words)


def _tile(bgr: Bgr, box: Box, words: str) -> Bgr:
    """The whole frame on the left, the place on the right, words below."""
    tile = np.zeros((TILE_HEIGHT, TILE_WIDTH, 3), np.uint8)
    wide = round(TILE_WIDTH * (1 - CROP_SHARE))
    high = min(TILE_HEIGHT, round(bgr.shape[0] * wide / bgr.shape[1]))
    tile[:high, :wide] = cv2.resize(bgr, (wide, high), interpolation=cv2.INTER_AREA)
    side = max(box.width, box.height * bgr.shape[0] / bgr.shape[1], LEAST_CROP) * 0.75
    x, y = box.centre
    (left, top), (right, bottom) = _corners(
        Box(x - side, y - side * bgr.shape[1] / bgr.shape[0], x + side, y + side * bgr.shape[1] / bgr.shape[0]), bgr
    )  # fmt: skip
    crop = bgr[max(0, top) : bottom, max(0, left) : right]
    square = TILE_WIDTH - wide
    tile[:square, wide:] = cv2.resize(crop, (square, square), interpolation=cv2.INTER_AREA)
    cv2.putText(tile, words, (4, TILE_HEIGHT - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (240, 240, 240), 1, cv2.LINE_AA)
    return tile


def _corners(box: Box, bgr: Bgr) -> tuple[tuple[int, int], tuple[int, int]]:
    height, width = bgr.shape[:2]
    return (int(box.left * width), int(box.top * height)), (int(box.right * width), int(box.bottom * height))


def _decoded(jpeg: bytes) -> Bgr:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def _clock(at_s: float) -> str:
    return f"+{int(at_s // HOUR_S):02d}:{int(at_s % HOUR_S // MINUTE_S):02d}"


def _write(path: Path, tiles: Sequence[Bgr]) -> int:
    if not tiles:
        path.unlink(missing_ok=True)
        return 0
    blank = np.zeros_like(tiles[0])
    padded = [*tiles, *[blank] * (-len(tiles) % ACROSS)]
    rows = [np.hstack(padded[start : start + ACROSS]) for start in range(0, len(padded), ACROSS)]
    cv2.imwrite(str(path), np.vstack(rows))
    return len(tiles)
