"""Images a second of the OpenVINO detector against ultralytics' own predict, on the same frames in one run.

`python -m benchmarks.detector --frames VIDEO_OR_FOLDER` from the project's root; without --frames on drawn ones.
Frames are JPEG of 1920x1080, as cameras deliver them, and every row includes decoding them.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np

from models.card import ModelCard
from models.detector import OpenVinoDetector
from models.registry import Registry
from models.torch_runtime import load_weights
from models.ultralytics_detector import UltralyticsDetector
from pipeline.adapters.picture import Bgr, Picture, encode_jpeg
from pipeline.domain.camera import SourceKind
from pipeline.domain.detection import Pass
from pipeline.domain.frame import Frame
from pipeline.ports import Detector

ROOT = Path(__file__).resolve().parent.parent
SIZE = (1920, 1080)
THRESHOLD = 0.3
AT = datetime(2026, 6, 1, tzinfo=UTC)
Row = dict[str, str | float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=Path, help="a video or a folder of pictures")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None, help="cores to use (default: all)")
    parser.add_argument("--hash", default=None, help="weights (default: the shipped ones)")
    asked = parser.parse_args()
    jpegs = [encode_jpeg(bgr) for bgr in frames_from(asked.frames, asked.count)]
    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry(ROOT / "models" / "weights", ROOT / "var" / "models")
        card = registry.card(asked.hash) if asked.hash else registry.default()
        rows = [
            {"row": name, **measured(run, jpegs, asked.repeats)}
            for name, run in runs(registry, card, asked.threads, Path(scratch)).items()
        ]
    report(rows, card, len(jpegs), str(asked.frames.name if asked.frames else "drawn"))


def frames_from(source: Path | None, count: int) -> list[Bgr]:
    """1920x1080 BGR frames spread over a video or folder."""
    if source is None:
        return [drawn(seed) for seed in range(count)]
    if source.is_dir():
        paths = sorted(path for path in source.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))[:count]
        pictures = [cv2.imread(str(path)) for path in paths]
    else:
        pictures = video_frames(source, count)
    return [np.asarray(cv2.resize(bgr, SIZE), np.uint8) for bgr in pictures if bgr is not None]


def video_frames(source: Path, count: int) -> list[cv2.typing.MatLike | None]:
    video = cv2.VideoCapture(str(source))
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = {int(number) for number in np.linspace(0, total - 1, count)}
    frames: list[cv2.typing.MatLike | None] = []
    for number in range(total):
        read, bgr = video.read()
        if read and number in wanted:
            frames.append(bgr)
    return frames


def drawn(seed: int) -> Bgr:
    """Smooth shapes: uniform noise would slow the network down, no street is like it."""
    chance = np.random.default_rng(seed)
    street = np.full((SIZE[1], SIZE[0], 3), (150, 155, 160), np.uint8)
    for _ in range(40):
        x, y = int(chance.integers(0, SIZE[0])), int(chance.integers(0, SIZE[1]))
        colour = [int(value) for value in chance.integers(0, 255, 3)]
        cv2.ellipse(
            street, (x, y), (int(chance.integers(10, 150)), int(chance.integers(10, 150))), 0, 0, 360, colour, -1
        )
    return np.asarray(cv2.GaussianBlur(street, (5, 5), 0), np.uint8)


def runs(
    registry: Registry, card: ModelCard, threads: int | None, config: Path
) -> dict[str, Callable[[Sequence[bytes]], int]]:
    """What is measured: each takes JPEGs and gives the number of boxes found."""
    folder = registry.exported(card)
    openvino = OpenVinoDetector(folder, card, threads)
    openvino_f32 = OpenVinoDetector(folder, card, threads, precision="f32")
    reference = UltralyticsDetector(registry.weights(card), card.hash12, card.image_size, config)
    network = load_weights(registry.weights(card), config)

    def predict(jpegs: Sequence[bytes]) -> int:
        pictures = [Picture.from_bytes(jpeg).full() for jpeg in jpegs]
        answers = network.predict(pictures, imgsz=card.image_size, conf=THRESHOLD, batch=8, verbose=False)
        return sum(len(answer.boxes) for answer in answers)

    return {
        "OpenVINO, its own precision, fast": detecting(openvino, Pass.fast),
        "OpenVINO, f32, fast": detecting(openvino_f32, Pass.fast),
        "ultralytics predict, fast": predict,
        "UltralyticsDetector, fast": detecting(reference, Pass.fast),
        "OpenVINO, its own precision, fine": detecting(openvino, Pass.fine),
        "UltralyticsDetector, fine": detecting(reference, Pass.fine),
    }


def detecting(detector: Detector, found_by: Pass) -> Callable[[Sequence[bytes]], int]:
    def detect(jpegs: Sequence[bytes]) -> int:
        frames = [Frame(Picture.from_bytes(jpeg), *SIZE, AT, AT, SourceKind.replay) for jpeg in jpegs]
        return sum(len(boxes) for boxes in detector.detect(frames, found_by, THRESHOLD))

    return detect


def measured(run: Callable[[Sequence[bytes]], int], jpegs: Sequence[bytes], repeats: int) -> Row:
    """The best of `repeats` after one round for warming up."""
    boxes = run(jpegs)
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run(jpegs)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    count = len(jpegs)
    return {
        "images_per_s": round(count / min(walls), 1),
        "ms_per_image": round(min(walls) / count * 1000, 1),
        "cpu_ms_per_image": round(min(cpus) / count * 1000, 1),
        "boxes": boxes,
    }


def report(rows: Sequence[Row], card: ModelCard, count: int, source: str) -> None:
    print(f"{'':36}{'images/s':>10}{'ms/image':>10}{'CPU ms':>10}{'boxes':>8}")
    for row in rows:
        print(
            f"{row['row']:36}{row['images_per_s']:>10}{row['ms_per_image']:>10}"
            f"{row['cpu_ms_per_image']:>10}{row['boxes']:>8}"
        )
    told = {
        "benchmark": "detector",
        "weights": card.hash12,
        "frames": count,
        "source": source,
        "cores": len(os.sched_getaffinity(0)),
        "versions": {name: version(name) for name in ("openvino", "ultralytics", "torch")},
        "rows": list(rows),
    }
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
