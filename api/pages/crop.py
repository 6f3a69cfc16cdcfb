"""The part of a frame that a small picture shows: the finding with some of what surrounds it."""

from typing import Protocol

WINDOW_ASPECT = 4 / 3
FRAME_ASPECT = 16 / 9
"""Assumed here; the page's script puts it right for frames of another shape."""
AROUND = 2.2
"""The window is this many times as large as the finding."""
SMALLEST_HEIGHT = 0.4


class Boxed(Protocol):
    left: float
    top: float
    right: float
    bottom: float


def crop_of(boxed: Boxed, frame_aspect: float = FRAME_ASPECT) -> str:
    """An SVG viewBox inside the frame; the unit is the frame's height, so the frame is `frame_aspect` wide."""
    left, right = boxed.left * frame_aspect, boxed.right * frame_aspect
    height = max(SMALLEST_HEIGHT, (boxed.bottom - boxed.top) * AROUND, (right - left) * AROUND / WINDOW_ASPECT)
    height = min(height, 1.0, frame_aspect / WINDOW_ASPECT)
    width = height * WINDOW_ASPECT
    x = min(max(0.0, (left + right - width) / 2), frame_aspect - width)
    y = min(max(0.0, (boxed.top + boxed.bottom - height) / 2), 1 - height)
    return f"{x:.4f} {y:.4f} {width:.4f} {height:.4f}"
