"""Lessons as pictures: the window of a frame, with everything grey that may not be learned."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from datasets.judged import WHOLE, Lesson, lessons_of
from datasets.likeness import Print, picture_print
from pipeline.domain.errors import NotFound
from pipeline.domain.geometry import Box
from pipeline.domain.label import JudgedFrame

PAINT = 114
"""The grey that ultralytics pads with: no network learns anything from it."""
JPEG_QUALITY = 95

Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A lesson painted, before it is known which ones stay."""

    key: str
    lesson: Lesson
    picture: Path
    print: Print
    """Of the whole frame: what is painted over makes pictures alike that are not."""


def drawn_lessons(
    frames: Sequence[JudgedFrame], picture: Callable[[str], bytes], part: Path, tick: Tick
) -> list[Drawn]:
    painted = []
    for number, frame in enumerate(frames, 1):
        tick(number - 1, len(frames))
        with suppress(NotFound):
            painted += _lessons_drawn(frame, picture(frame.image), part)
    tick(len(frames), len(frames))
    return painted


def _lessons_drawn(frame: JudgedFrame, jpeg: bytes, part: Path) -> list[Drawn]:
    whole = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if whole is None:
        raise NotFound(f"{frame.image[:12]} is no picture any more")
    pixels = np.asarray(whole, np.uint8)
    stored = part / "frame.jpg"
    stored.write_bytes(jpeg)
    look, drawn = picture_print(stored), []
    for lesson in lessons_of(frame, pixels.shape[1], pixels.shape[0]):
        key = key_of(lesson)
        file = part / f"{key}.jpg"
        cv2.imwrite(str(file), _painted(pixels, lesson), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        drawn.append(Drawn(key, lesson, file, look))
    return drawn


def _painted(pixels: np.ndarray, lesson: Lesson) -> np.ndarray:
    """The window, with everything grey that is not shown or is hidden."""
    canvas = pixels.copy() if lesson.shown == (WHOLE,) else np.full_like(pixels, PAINT)
    for box in lesson.shown if lesson.shown != (WHOLE,) else ():
        rows, columns = _cut(box, pixels)
        canvas[rows, columns] = pixels[rows, columns]
    for box in lesson.hidden:
        rows, columns = _cut(box, pixels)
        canvas[rows, columns] = PAINT
    rows, columns = _cut(lesson.window, pixels)
    return canvas[rows, columns]


def _cut(box: Box, pixels: np.ndarray) -> tuple[slice, slice]:
    height, width = pixels.shape[:2]
    rows = slice(max(0, round(box.top * height)), max(1, round(box.bottom * height)))
    return rows, slice(max(0, round(box.left * width)), max(1, round(box.right * width)))


def key_of(lesson: Lesson) -> str:
    """Names what a sample shows and teaches."""
    told = [
        lesson.frame.image, sides(lesson.window), sorted(sides(box) for box in lesson.shown),
        sorted(sides(box) for box in lesson.hidden), sorted((one.name, sides(one.box)) for one in lesson.boxes),
        sorted(lesson.speaks),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def sides(box: Box) -> list[float]:
    return [round(side, 5) for side in (box.left, box.top, box.right, box.bottom)]
