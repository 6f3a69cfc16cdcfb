"""Distinct 1080p JPEGs for benchmarks: real scenes where they are at hand, drawn ones else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Bgr = NDArray[np.uint8]
SIZE = (1920, 1080)
SMALLEST_BYTES = 200_000
SENSOR_NOISE = 2.5
VIDEOS = ("vtest.avi", "car-detection.mp4")


def views(shared: Path, count: int, rounds: int) -> list[list[bytes]]:
    """For each of `count` views, `rounds` JPEGs (each at least 200 kB) in which people, cars or things have changed."""
    rng = np.random.default_rng(7)
    if not shared.is_dir():
        return [[jpeg(frame, rng) for frame in frames] for frames in _drawn(count, rounds)]
    halves = [_video_views(shared, (count + 1) // 2, rounds), _still_views(shared, count // 2, rounds, rng)]
    return [[jpeg(frame, rng) for frame in frames] for half in halves for frames in half]


def jpeg(frame: Bgr, rng: np.random.Generator) -> bytes:
    """With fresh sensor noise; the quality is the first that gives a realistic size."""
    noisy = noise(frame, rng)
    for quality in (85, 90, 93, 96, 98, 100):
        content = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(content) >= SMALLEST_BYTES:
            return content
    raise ValueError("a frame without detail cannot reach 200 kB")


def noise(frame: Bgr, rng: np.random.Generator) -> Bgr:
    grain = rng.normal(0, SENSOR_NOISE, (*frame.shape[:2], 1)).astype(np.float32)
    return np.asarray(np.clip(frame + grain, 0, 255), np.uint8)


def _video_views(shared: Path, count: int, rounds: int) -> Iterator[list[Bgr]]:
    """Each view starts at another place of a video; its rounds are 40 frames apart."""
    for number in range(count):
        video = cv2.VideoCapture(str(shared / "video" / VIDEOS[number % len(VIDEOS)]))
        total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        frames = []
        for round_ in range(rounds):
            video.set(cv2.CAP_PROP_POS_FRAMES, (number * 17 + round_ * 40) % (total - 2))
            frames.append(_full(video.read()[1]))
        yield frames


def _still_views(shared: Path, count: int, rounds: int, rng: np.random.Generator) -> Iterator[list[Bgr]]:
    """Facades and streets; in each round a cut-out of another picture stands somewhere else."""
    stills = sorted((shared / "facades" / "val" / "images").iterdir())
    stills += sorted((shared / "street_garbage" / "val" / "images").iterdir())[::5]
    for number in range(count):
        base = _full(cv2.imread(str(stills[number % len(stills)])))
        other = _full(cv2.imread(str(stills[(number + 1) % len(stills)])))
        frames = []
        for _ in range(rounds):
            left, top = int(rng.integers(0, SIZE[0] - 160)), int(rng.integers(0, SIZE[1] - 160))
            frame = base.copy()
            frame[top : top + 160, left : left + 160] = other[top : top + 160, left : left + 160]
            frames.append(frame)
        yield frames


def _drawn(count: int, rounds: int) -> Iterator[list[Bgr]]:
    """Textured blocks with a thing that moves; they stand in where no real picture is at hand."""
    for number in range(count):
        rng = np.random.default_rng(number)
        coarse = rng.integers(40, 210, (54, 96, 3), dtype=np.uint8)
        base = np.asarray(cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)
        frames = []
        for _ in range(rounds):
            left, top = int(rng.integers(0, 1700)), int(rng.integers(0, 900))
            frame = base.copy()
            cv2.rectangle(frame, (left, top), (left + 150, top + 150), (20, 30, 30), -1)
            frames.append(frame)
        yield frames


def _full(frame: Any) -> Bgr:  # Any: what cv2 gives back
    return np.asarray(cv2.resize(frame, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)
