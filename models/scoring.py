"""Pure numbers of detection: matching, average precision, precision and recall, intervals, false alarms.

No picture, no network: boxes and scores in, numbers out. Arrays are plain; `n` things are there, `m` were found.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
Interval = tuple[float, float]

IOUS: Numbers = np.linspace(0.5, 0.95, 10)
"""AP50-95 is the mean over these; the first alone decides what counts as found."""
RECALL_POINTS: Numbers = np.linspace(0.0, 1.0, 101)
WILSON_Z = 1.959963984540054
"""The normal quantile of 95 %."""
INTERVAL_PERCENT = (2.5, 97.5)
RESAMPLES = 400
RESAMPLES_AT_ONCE = 50
NOT_FOUND = -1

SMALL_PX, MEDIUM_PX = 32.0, 96.0
"""A box's side is the root of its area in pixels, as COCO has it: small, medium, large."""
LONG_RATIO = 4.0
"""From here up a box is long and thin, whatever its size: cables, strips, rows of goods."""
SIZES = ("small", "medium", "large", "long_and_thin")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One picture and one category: `there` (n, 4) and `found` (m, 4) as left, top, right, bottom in shares of a
    picture of `width` x `height` pixels; `scores` (m,)."""

    there: Numbers
    found: Numbers
    scores: Numbers
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """A category over many pictures: what was found, best first, and what is there, by picture.

    `scores` (m,), `right` (m, 10) a flag for each of IOUS, `picture` (m,) the picture's number, `taken` (m,) which of
    the things there it is at IoU 0.5, or NOT_FOUND; `rank` (m,) its place among its picture's own found boxes.
    `box_picture` (n,), `box_score` (n,) the score of what found the thing at IoU 0.5 (0 where nothing did),
    `sides` (n, 2) width and height in pixels. `pictures` counts them all, also those without anything.
    """

    scores: Numbers
    right: Flags
    picture: Places
    taken: Places
    rank: Places
    box_picture: Places
    box_score: Numbers
    sides: Numbers
    pictures: int

    @property
    def boxes(self) -> int:
        return len(self.box_score)


@dataclass(frozen=True, slots=True)
class Counted:
    """What happens at one threshold."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float | None:
        """None where nothing was found."""
        found = self.right + self.wrong
        return self.right / found if found else None

    @property
    def recall(self) -> float | None:
        """None where nothing is there."""
        boxes = self.right + self.missed
        return self.right / boxes if boxes else None


@dataclass(frozen=True, slots=True)
class CleanCounted:
    """Alarms on pictures without a box of the category."""

    pictures: int
    alarmed: int
    alarms: int

    @property
    def share(self) -> float | None:
        return self.alarmed / self.pictures if self.pictures else None


def ious(one: Numbers, other: Numbers) -> Numbers:
    """(n, m) for boxes (n, 4) and (m, 4)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    union = _areas(one)[:, None] + _areas(other)[None, :] - shared
    return cast(Numbers, np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def _areas(boxes: Numbers) -> Numbers:
    return cast(Numbers, np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None), axis=1))


def match(shown: Sequence[Shown]) -> Matched:
    """Greedy, by falling score: each found box takes the free thing it overlaps most, at each of IOUS on its own.

    A thing is taken once, so doubles are wrong.
    """
    taken = np.concatenate([np.zeros((0, len(IOUS)), np.intp), *(_taken(one) for one in shown)])
    boxes = np.array([len(one.there) for one in shown], np.intp)
    found = np.array([len(one.scores) for one in shown], np.intp)
    scores = np.concatenate([np.zeros(0), *(one.scores for one in shown)])
    picture = np.repeat(np.arange(len(shown)), found)
    first = np.where(taken[:, 0] >= 0, taken[:, 0] + (np.cumsum(boxes) - boxes)[picture], NOT_FOUND)
    rank = np.arange(len(scores)) - (np.cumsum(found) - found)[picture]
    box_score = np.zeros(int(boxes.sum()))
    box_score[first[first >= 0]] = scores[first >= 0]
    order = np.argsort(-scores, kind="stable")
    return Matched(
        scores[order], (taken >= 0)[order], picture[order], first[order], rank[order],
        np.repeat(np.arange(len(shown)), boxes), box_score,
        np.concatenate([np.zeros((0, 2)), *(_sides(one) for one in shown)]), len(shown),
    )  # fmt: skip


def _sides(one: Shown) -> Numbers:
    return (one.there[:, 2:] - one.there[:, :2]) * (one.width, one.height)


def _taken(one: Shown) -> Places:
    """(m, 10): which thing each found box takes at each of IOUS, or NOT_FOUND."""
    taken = np.full((len(one.scores), len(IOUS)), NOT_FOUND, np.intp)
    if not len(one.there) or not len(one.scores):
        return taken
    overlaps = ious(one.found, one.there)
    reaching = np.flatnonzero(overlaps.max(axis=1) >= IOUS[0])
    order = reaching[np.argsort(-one.scores[reaching], kind="stable")]
    for column, least in enumerate(IOUS):
        free = np.ones(len(one.there), bool)
        for row in order:
            best = int(np.argmax(np.where(free, overlaps[row], 0.0)))
            if free[best] and overlaps[row, best] >= least:
                taken[row, column], free[best] = best, False
    return taken


def average_precision(recall: Numbers, precision: Numbers) -> float:
    """Area under the envelope of precision over recall, read at 101 points: ultralytics' and nearly COCO's formula."""
    if not len(recall):
        return 0.0
    x = np.concatenate(([0.0], recall, [recall[-1]], [1.0]))
    y = np.concatenate(([1.0], precision, [0.0], [0.0]))
    envelope = np.flip(np.maximum.accumulate(np.flip(y)))
    return float(np.trapezoid(np.interp(RECALL_POINTS, x, envelope), RECALL_POINTS))


def curve(matched: Matched, column: int = 0) -> tuple[Numbers, Numbers]:
    """Recall and precision as the threshold falls past each found box; `column` is one of IOUS."""
    right = np.cumsum(matched.right[:, column])
    return right / max(matched.boxes, 1), right / np.arange(1, len(right) + 1)


def ap50(matched: Matched) -> float | None:
    """None where nothing is there."""
    return average_precision(*curve(matched)) if matched.boxes else None


def ap50_95(matched: Matched) -> float | None:
    """None where nothing is there."""
    if not matched.boxes:
        return None
    return float(np.mean([average_precision(*curve(matched, column)) for column in range(len(IOUS))]))


def counted(matched: Matched, threshold: float) -> Counted:
    """At IoU 0.5. What a lower score takes changes nothing above it, so no second matching is needed."""
    found = matched.scores >= threshold
    right = int(np.count_nonzero(matched.right[found, 0]))
    return Counted(right, int(np.count_nonzero(found)) - right, matched.boxes - right)


def clean_counted(matched: Matched, threshold: float) -> CleanCounted:
    """Over the pictures without a box of the category."""
    clean = np.ones(matched.pictures, bool)
    clean[matched.box_picture] = False
    alarms = matched.picture[(matched.scores >= threshold) & clean[matched.picture]]
    return CleanCounted(int(clean.sum()), len(np.unique(alarms)), len(alarms))


def size_flags(matched: Matched) -> dict[str, Flags]:
    """Which of the things there are of which size; long and thin ones are of another size too."""
    side = np.sqrt(np.prod(matched.sides, axis=1))
    longer, shorter = matched.sides.max(axis=1, initial=0.0), matched.sides.min(axis=1, initial=math.inf)
    flags = (
        side < SMALL_PX,
        (side >= SMALL_PX) & (side < MEDIUM_PX),
        side >= MEDIUM_PX,
        longer >= LONG_RATIO * shorter,
    )
    return dict(zip(SIZES, flags, strict=True))


def found_by_size(matched: Matched, threshold: float) -> dict[str, tuple[int, int]]:
    """For each size how many were found, of how many."""
    found = _is_found(matched, threshold)
    return {
        size: (int(np.count_nonzero(found & flags)), int(np.count_nonzero(flags)))
        for size, flags in size_flags(matched).items()
    }


def _is_found(matched: Matched, threshold: float) -> Flags:
    return (matched.box_score >= threshold) & (matched.box_score > 0)


def wilson(successes: int, trials: int) -> Interval | None:
    """The 95 % interval of a share (Wilson 1927); None without a trial."""
    if not trials:
        return None
    share, square = successes / trials, WILSON_Z**2
    middle = share + square / (2 * trials)
    reach = WILSON_Z * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    scale = 1 + square / trials
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def ap50_interval(matched: Matched, seed: int = 0, resamples: int = RESAMPLES) -> Interval | None:
    """The 95 % interval of AP50 by drawing pictures with replacement; None where nothing is there."""
    if not matched.boxes:
        return None
    chance = np.random.default_rng(seed)
    even = np.full(matched.pictures, 1.0 / matched.pictures)
    drawn = chance.multinomial(matched.pictures, even, size=resamples)
    parts = range(0, resamples, RESAMPLES_AT_ONCE)
    values = np.concatenate([_resampled(matched, drawn[at : at + RESAMPLES_AT_ONCE]) for at in parts])
    low, high = np.nanpercentile(values, INTERVAL_PERCENT)
    return float(low), float(high)


def _resampled(matched: Matched, drawn: NDArray[np.int64]) -> Numbers:
    """AP50 for each row of `drawn` (resamples, pictures), how often each picture is in it; nan where no box is."""
    times = drawn[:, matched.picture].astype(np.float64)
    right = np.cumsum(times * matched.right[:, 0], axis=1)
    found = np.cumsum(times, axis=1)
    boxes = drawn[:, matched.box_picture].sum(axis=1)
    precision = np.divide(right, found, out=np.zeros_like(right), where=found > 0)
    recall = right / np.maximum(boxes, 1)[:, None]
    values = [average_precision(*row) for row in zip(recall, precision, strict=True)]
    return np.where(boxes > 0, values, np.nan)


def best_threshold(
    candidates: Numbers, worth: Callable[[float], float], allowed: Callable[[float], bool]
) -> float | None:
    """The allowed candidate of the greatest worth, the lower of two equal ones; None where none is allowed."""
    best = max(((worth(value), -value) for value in candidates.tolist() if allowed(value)), default=None)
    return None if best is None else -best[1]
