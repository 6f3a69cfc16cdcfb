"""On-screen text: the clock and the name that a camera writes into its picture."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.gauge_print import Grey
from pipeline.domain.geometry import Box

WIDTH = 960
"""Text is looked for at this width, where 20 px letters of 1080p are 10 px high."""
BAND_SHARE = 0.18
"""Of the height, at the top and at the bottom: there cameras write."""
STROKE_PX = 11
"""Thicker bright or dark things are no strokes."""
STROKE_CONTRAST = 45
WHITE_FROM, BLACK_TO = 170, 70
LETTER_GAPS_PX = (7, 13, 25)
"""Strokes of one line are nearer to one another; tried one by one, as texture beside small letters joins sooner."""
LEAST_LETTER_PX = 4
WORD_GAP = 1.0
"""In heights of the line."""
LOWEST_PX, HIGHEST_PX = 7, 44
LEAST_ASPECT = 2.2
FILLED = (0.14, 0.7)
"""Share of a line that its strokes cover."""
MARGIN_PX = 3
MOST_AROUND = 0.06
"""Share of the margin above and below a line that strokes may cover: texture goes on, a line ends."""
CROSSINGS_PER_HEIGHT = 0.8
"""Strokes that a row through the line crosses, for each line height of its width."""
MOST_HIDDEN = 0.1
"""Of the frame: more cannot be on-screen text."""
BORDER_GROWTH_PX = 4
ALREADY_KNOWN = 0.8

Mask = NDArray[np.uint8]
Line = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


def find_text(grey: Grey) -> tuple[Box, ...]:
    """Lines of sharp near-white or near-black strokes in the border bands, as shares of the frame."""
    height, width = grey.shape
    scale = WIDTH / width
    sized = np.asarray(cv2.resize(grey, (WIDTH, max(1, round(height * scale))), interpolation=cv2.INTER_AREA), np.uint8)
    rows = sized.shape[0]
    band = max(1, int(rows * BAND_SHARE))
    lines: list[Box] = []
    for first in (0, rows - band):
        for strokes in _strokes(sized[first : first + band]):
            lines += [_share(line, first, rows) for line in _lines(strokes)]
    return _at_most(lines)


def found_anew(known: tuple[Box, ...], changed: Sequence[Box], find: Callable[[], tuple[Box, ...]]) -> tuple[Box, ...]:
    """`known` and the lines that now show where all that changed lies in the border bands: a clock that was not
    legible before, as white on a bright sky. Letters may come to stand anywhere in such a line, so it counts whole."""
    if not all(box.bottom <= BAND_SHARE or box.top >= 1 - BAND_SHARE for box in changed):
        return known
    fresh = [line for line in find() if line.covered_by(known) < ALREADY_KNOWN]
    fresh = [line for line in fresh if any(line.shared_area(box) for box in changed)]
    return known if sum(box.area for box in (*known, *fresh)) > MOST_HIDDEN else (*known, *fresh)


def _strokes(band: Grey) -> tuple[Mask, Mask]:
    kernel = np.ones((STROKE_PX, STROKE_PX), np.uint8)
    white = cv2.morphologyEx(band, cv2.MORPH_TOPHAT, kernel)
    black = cv2.morphologyEx(band, cv2.MORPH_BLACKHAT, kernel)
    bright = ((white >= STROKE_CONTRAST) & (band >= WHITE_FROM)).astype(np.uint8)
    dark = ((black >= STROKE_CONTRAST) & (band <= BLACK_TO)).astype(np.uint8)
    return bright, dark


def _lines(strokes: Mask) -> list[Line]:
    letters = _letters(strokes)
    found: list[Line] = []
    for gap in LETTER_GAPS_PX:
        joined = cv2.morphologyEx(letters, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
        boxes = [_line(stats[label]) for label in range(1, count)]
        found += [_extended(strokes, line) for line in boxes if _is_line(letters, *line)]
    return found


def _letters(strokes: Mask) -> Mask:
    """Strokes without what is too large, too small or too solid for a letter: texture that a line stands on."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    width, height, area = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_AREA]
    fits = (height >= LEAST_LETTER_PX) & (height <= HIGHEST_PX) & (width <= HIGHEST_PX) & (area >= LEAST_LETTER_PX)
    fits[0] = False
    return np.asarray(fits[np.asarray(labels, np.intp)], np.uint8)


def _line(stats: NDArray[np.int32]) -> Line:
    left, top, width, height = map(int, stats[:4])
    return left, top, width, height


def _extended(strokes: Mask, line: Line) -> Line:
    """Wider to both sides as long as strokes follow within a word's gap: words, dashes and colons of one line."""
    left, top, width, height = line
    columns = np.flatnonzero(strokes[top : top + height].any(axis=0))
    reach = round(WORD_GAP * height)
    right = left + width
    for column in columns[columns >= right].tolist():
        if column - right > reach:
            break
        right = column + 1
    for column in columns[columns < left][::-1].tolist():
        if left - column > reach:
            break
        left = column
    return left, top, right - left, height


def _is_line(strokes: Mask, left: int, top: int, width: int, height: int) -> bool:
    if not LOWEST_PX <= height <= HIGHEST_PX or width < LEAST_ASPECT * height:
        return False
    inside = strokes[top : top + height, left : left + width]
    if not FILLED[0] <= float(inside.mean()) <= FILLED[1]:
        return False
    above = strokes[max(0, top - MARGIN_PX) : top, left : left + width]
    below = strokes[top + height : top + height + MARGIN_PX, left : left + width]
    around = np.concatenate([above, below])
    if around.size and float(around.mean()) > MOST_AROUND:
        return False
    crossings = (np.diff(inside.astype(np.int8), axis=1) > 0).sum(axis=1)
    return float(np.median(crossings)) >= CROSSINGS_PER_HEIGHT * width / height


def _share(line: Line, first_row: int, rows: int) -> Box:
    left, top, width, height = line
    grow = BORDER_GROWTH_PX
    return Box(
        max(0, left - grow) / WIDTH, max(0, first_row + top - grow) / rows,
        min(WIDTH, left + width + grow) / WIDTH, min(rows, first_row + top + height + grow) / rows,
    )  # fmt: skip


def _at_most(lines: Sequence[Box]) -> tuple[Box, ...]:
    """Each once; the smallest first, as long as they hide little: a find that hides much is scenery."""
    distinct: list[Box] = []
    for line in sorted(lines, key=lambda box: box.area, reverse=True):
        if line.covered_by(distinct) < ALREADY_KNOWN:
            distinct.append(line)
    kept: list[Box] = []
    for line in reversed(distinct):
        if sum(box.area for box in kept) + line.area <= MOST_HIDDEN:
            kept.append(line)
    return tuple(kept)
