"""How a view moved is told from two stored pictures: shift, zoom, turn; and what cannot be told is not guessed."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.adapters.alignment import aligned
from pipeline.adapters.picture import Picture, encode_jpeg
from pipeline.domain.errors import BadInput, CaptureFailed
from pipeline.domain.geometry import Point
from pipeline.domain.shape import moved
from tests.api.street import frame_jpeg

WIDTH, HEIGHT = 1280, 720
ZONE = ((0.3, 0.4), (0.6, 0.4), (0.6, 0.7), (0.3, 0.7))
NEAR = 0.01
"""Of the frame: 13 px of 1280."""


@pytest.fixture(scope="module")
def street() -> NDArray[np.uint8]:
    """A drawn street with enough corners."""
    pixels = Picture.from_bytes(frame_jpeg(3)).full().copy()
    chance = np.random.default_rng(5)
    for _ in range(160):
        x, y = int(chance.integers(0, WIDTH)), int(chance.integers(0, HEIGHT))
        colour = tuple(int(part) for part in chance.integers(0, 255, 3))
        cv2.rectangle(pixels, (x, y), (x + int(chance.integers(8, 50)), y + int(chance.integers(8, 40))), colour, -1)
    return pixels


def seen_after(street: NDArray[np.uint8], matrix: NDArray[np.float64]) -> bytes:
    turned = cv2.warpPerspective(street, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    dimmed = cv2.convertScaleAbs(turned, alpha=0.85, beta=10)
    return encode_jpeg(np.asarray(dimmed, np.uint8))


def truth(corner: Point, matrix: NDArray[np.float64]) -> Point:
    x, y, depth = matrix @ np.array([corner[0] * WIDTH, corner[1] * HEIGHT, 1.0])
    return float(x / depth / WIDTH), float(y / depth / HEIGHT)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 0, 90], [0, 1, -40], [0, 0, 1]],
        [[1.15, 0, -60], [0, 1.15, -30], [0, 0, 1]],
        [[0.985, -0.174, 80], [0.174, 0.985, -60], [0, 0, 1]],
        [[1.05, 0.02, -40], [0.01, 1.03, 20], [6e-5, 2e-5, 1]],
    ],
    ids=["shifted", "zoomed", "turned", "tilted"],
)
def test_zones_follow_a_view_that_moved(street: NDArray[np.uint8], matrix: list[list[float]]) -> None:
    how = np.array(matrix, np.float64)
    found = aligned(encode_jpeg(street), seen_after(street, how))
    carried = moved(ZONE, found.transform)
    assert carried is not None
    assert found.confidence > 0.4
    for corner, got in zip(ZONE, carried, strict=True):
        assert got == pytest.approx(truth(corner, how), abs=NEAR)


def test_pictures_of_other_sizes_are_compared_in_shares(street: NDArray[np.uint8]) -> None:
    small = encode_jpeg(np.asarray(cv2.resize(street, (640, 360)), np.uint8))
    found = aligned(small, seen_after(street, np.array([[1, 0, 64], [0, 1, 36], [0, 0, 1]], np.float64)))
    assert moved(ZONE, found.transform)[0] == pytest.approx((0.35, 0.45), abs=NEAR)  # type: ignore[index]


def test_the_same_pictures_give_the_same_answer(street: NDArray[np.uint8]) -> None:
    after = seen_after(street, np.array([[1, 0, 30], [0, 1, 10], [0, 0, 1]], np.float64))
    assert aligned(encode_jpeg(street), after) == aligned(encode_jpeg(street), after)


def test_what_has_nothing_in_common_is_not_guessed(street: NDArray[np.uint8]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    with pytest.raises(BadInput, match="too little in common"):
        aligned(encode_jpeg(street), encode_jpeg(noise))
    with pytest.raises(BadInput, match="too little in common"):
        aligned(encode_jpeg(street), encode_jpeg(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)))


def test_a_damaged_picture_is_one_clear_fault(street: NDArray[np.uint8]) -> None:
    with pytest.raises(CaptureFailed):
        aligned(encode_jpeg(street), b"no picture")
