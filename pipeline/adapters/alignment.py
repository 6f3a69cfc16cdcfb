"""How a view moved: the transform that carries what the old picture shows to where the new one shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.picture import Picture
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box
from pipeline.domain.shape import Transform

WIDTH = 960
FEATURES = 3000
CLEARER_THAN_NEXT = 0.8
"""A match counts if its distance is below this share of the next best one's."""
NEAR_PX = 4.0
FEWEST_AGREEING = 14
LEAST_SHARE = 0.2
"""Of the matches, that agree on one transform."""
WORTH_BENDING = 1.12
"""A homography has four degrees more than a similarity: it must explain so many more matches to be taken."""
LEAST_SCALE, LARGEST_SCALE = 0.4, 2.5
LEAST_PEAK = 0.06
"""Of phase correlation: noise stays below."""

Grey = NDArray[np.uint8]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alignment:
    transform: Transform
    """From shares of the old picture to shares of the new one."""
    agreeing: int
    """Matches that agree; 0 where the whole picture was correlated instead."""
    confidence: float
    """From 0 to 1: the share of matches that agree, or the peak of the correlation."""


def aligned(old: bytes, new: bytes, hidden: Sequence[Box] = ()) -> Alignment:
    """Two stored pictures of one view; on-screen text at `hidden` stays in place and says nothing.

    Raises BadInput where they have too little in common, CaptureFailed("corrupt") where one does not decode.
    """
    before, after = _grey(old), _grey(new)
    found = _by_features(before, after, hidden) or _by_correlation(before, after)
    if found is None:
        raise BadInput("the two pictures have too little in common: draw the zones anew, or open a repair")
    return found


def _grey(jpeg: bytes) -> Grey:
    """960 wide, with even contrast, so that day and dusk look more alike."""
    grey = cv2.cvtColor(Picture.from_bytes(jpeg).full(), cv2.COLOR_BGR2GRAY)
    height = max(1, round(grey.shape[0] * WIDTH / grey.shape[1]))
    sized = cv2.resize(grey, (WIDTH, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.createCLAHE(2.0, (8, 8)).apply(sized), np.uint8)


def _by_features(before: Grey, after: Grey, hidden: Sequence[Box]) -> Alignment | None:
    orb = cv2.ORB_create(FEATURES)  # type: ignore[attr-defined]  # missing in OpenCV's stubs
    here, here_bits = orb.detectAndCompute(before, _shown(before, hidden))
    there, there_bits = orb.detectAndCompute(after, _shown(after, hidden))
    if here_bits is None or there_bits is None or min(len(here), len(there)) < FEWEST_AGREEING:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(here_bits, there_bits, k=2)
    clear = [two[0] for two in pairs if len(two) == 2 and two[0].distance < CLEARER_THAN_NEXT * two[1].distance]
    if len(clear) < FEWEST_AGREEING:
        return None
    source = np.array([here[match.queryIdx].pt for match in clear], np.float64)
    target = np.array([there[match.trainIdx].pt for match in clear], np.float64)
    matrix, agreeing = _best(source, target)
    share = agreeing / len(clear)
    if matrix is None or agreeing < FEWEST_AGREEING or share < LEAST_SHARE:
        return None
    return Alignment(_in_shares(matrix, before, after), agreeing, share)


def _best(source: Matrix, target: Matrix) -> tuple[Matrix | None, int]:
    """A similarity, or a homography where that explains clearly more; with how many matches agree."""
    cv2.setRNGSeed(7)  # the same pictures give the same answer
    similar, near = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=NEAR_PX)
    bent, nearer = cv2.findHomography(source, target, cv2.RANSAC, NEAR_PX)
    stiff = int(near.sum()) if similar is not None else 0
    bending = int(nearer.sum()) if bent is not None and _is_sound(np.asarray(bent, np.float64)) else 0
    if bending > WORTH_BENDING * stiff:
        return np.asarray(bent, np.float64), bending
    if similar is None:
        return None, 0
    whole = np.vstack([np.asarray(similar, np.float64), [0.0, 0.0, 1.0]])
    return (whole, stiff) if _is_sound(whole) else (None, 0)


def _is_sound(matrix: Matrix) -> bool:
    """Neither mirrored nor shrunk or blown up beyond what a camera that was turned or zoomed shows."""
    area = float(np.linalg.det(matrix[:2, :2]))
    return LEAST_SCALE**2 <= area <= LARGEST_SCALE**2


def _by_correlation(before: Grey, after: Grey) -> Alignment | None:
    """A mere shift, for scenes with few corners."""
    if before.shape != after.shape:
        return None
    window = cv2.createHanningWindow((before.shape[1], before.shape[0]), cv2.CV_32F)
    (across, down), peak = cv2.phaseCorrelate(before.astype(np.float32), after.astype(np.float32), window)
    if peak < LEAST_PEAK:
        return None
    matrix = np.array([[1, 0, across], [0, 1, down], [0, 0, 1]], np.float64)
    return Alignment(_in_shares(matrix, before, after), 0, min(1.0, float(peak)))


def _shown(grey: Grey, hidden: Sequence[Box]) -> Grey:
    height, width = grey.shape
    mask = np.full((height, width), 255, np.uint8)
    for box in hidden:
        mask[
            int(box.top * height) : int(box.bottom * height) + 1, int(box.left * width) : int(box.right * width) + 1
        ] = 0
    return mask


def _in_shares(matrix: Matrix, before: Grey, after: Grey) -> Transform:
    to_pixels = np.diag([before.shape[1], before.shape[0], 1.0])
    to_shares = np.diag([1 / after.shape[1], 1 / after.shape[0], 1.0])
    whole = to_shares @ matrix @ to_pixels
    a, b, c, d, e, f, g, h, i = (whole / whole[2, 2]).ravel().tolist()
    return (a, b, c, d, e, f, g, h, i)
