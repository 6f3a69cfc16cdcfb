"""Cropped, sheared or slightly turned copies, and second photos of one place: found by corner points that agree.

Slower than the hash: a few milliseconds a pair, so only pairs that the hash finds somewhat alike are compared.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.likeness import FORMS, Likeness

SOMEWHAT_ALIKE_BITS = 18
"""Nine of ten copies sheared by 10° and all of those cropped by 3 % a side differ by no more."""
SAME_PLACE_POINTS = 30
"""Copies cropped by a fifth, sheared by 10° or turned by 12° share 90 and more; different street photos up to 23."""
LONGER_SIDE_PX = 320
CORNERS = 400
CLEARLY_NEARER = 0.8
LEAST_MATCHES = 8
REPROJECTION_PX = 4.0
TRIES = 500
LEAST_SCALE, MOST_SCALE = 0.3, 3.0
"""Of areas: what fits a wilder map is chance."""
CACHED = 2000

Points = NDArray[np.float32]
Descriptors = NDArray[np.uint8]


def of_one_place(
    pictures: Sequence[Path],
    pairs: Iterable[Likeness],
    track: Callable[[Sequence[Likeness]], Iterable[Likeness]] = iter,
) -> list[tuple[Likeness, int]]:
    """Those of `pairs` (indexes into `pictures`) that share enough points, and how many. Unreadable ones share none."""
    look = lru_cache(CACHED)(_corners)
    found = []
    for pair in track(sorted(pairs, key=lambda pair: (pair.first, pair.second))):
        shared = _shared(look(pictures[pair.first], pair.form), look(pictures[pair.second], 0))
        if shared >= SAME_PLACE_POINTS:
            found.append((pair, shared))
    return found


def _corners(picture: Path, form: int) -> tuple[Points, Descriptors]:
    """(n, 2) positions and (n, 32) descriptors of the picture in one of its FORMS."""
    grey = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8)
    scale = LONGER_SIDE_PX / max(grey.shape)
    image = Image.fromarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    turn = FORMS[form]
    turned = np.ascontiguousarray(image if turn is None else image.transpose(turn))
    corners, descriptors = cv2.ORB.create(CORNERS, scaleFactor=1.3, nlevels=5, fastThreshold=10).detectAndCompute(
        turned, cast("NDArray[np.uint8]", None)
    )
    if not corners:
        return np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8)
    return np.array([corner.pt for corner in corners], np.float32), np.asarray(descriptors, np.uint8)


def _shared(one: tuple[Points, Descriptors], other: tuple[Points, Descriptors]) -> int:
    """Points of which one affine map carries the first picture's to the second's."""
    if min(len(one[0]), len(other[0])) < LEAST_MATCHES:
        return 0
    nearest = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(one[1], other[1], k=2)
    clear = [pair[0] for pair in nearest if len(pair) == 2 and pair[0].distance < CLEARLY_NEARER * pair[1].distance]
    if len(clear) < LEAST_MATCHES:
        return 0
    here = one[0][[match.queryIdx for match in clear]]
    there = other[0][[match.trainIdx for match in clear]]
    affine, agreeing = cv2.estimateAffine2D(here, there, ransacReprojThreshold=REPROJECTION_PX, maxIters=TRIES)
    if affine is None or not LEAST_SCALE < abs(np.linalg.det(affine[:, :2])) < MOST_SCALE:
        return 0
    return int(np.count_nonzero(agreeing))
