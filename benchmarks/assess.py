"""CPU of the Assess stage on one 1080p JPEG: `python -m benchmarks.assess [picture] [--rounds N]`.

Prints milliseconds of CPU a stage (the median of several runs, one thread) and, last, one JSON object.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from pipeline.adapters.gauge import Gauge
from pipeline.adapters.gauge_change import changed_areas
from pipeline.adapters.gauge_print import colour_spread, grey_of, print_of, shown_mask
from pipeline.adapters.gauge_pulse import pulse_change, pulse_of
from pipeline.adapters.gauge_text import find_text
from pipeline.adapters.gauge_tiles import edges_of, likeness
from pipeline.adapters.picture import Bgr, Picture, encode_jpeg
from pipeline.domain.camera import SourceKind
from pipeline.domain.frame import Frame, ViewMemory
from pipeline.steps.assess import assess, remember

WIDTH, HEIGHT = 1920, 1080
RUNS = 7
NOISE_GREY_LEVELS = 2.5


def made_street() -> Bgr:
    """Rough ground and walls at several scales: JPEG and gauge have real work with it."""
    rng = np.random.default_rng(1)
    scene = np.full((HEIGHT, WIDTH, 3), 110, np.float32)
    for size, strength in ((4, 5), (20, 12), (120, 30)):
        rough = rng.normal(0, strength, (HEIGHT // size + 1, WIDTH // size + 1, 3)).astype(np.float32)
        scene += cv2.resize(rough, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(scene, 0, 255), np.uint8)


def shot(scene: Bgr, seed: int) -> bytes:
    noise = np.random.default_rng(seed).normal(0.5, NOISE_GREY_LEVELS, (HEIGHT, WIDTH, 1))
    return encode_jpeg(np.clip(scene + noise, 0, 255).astype(np.uint8))


def frame_of(jpeg: bytes) -> Frame:
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    return Frame(Picture.from_bytes(jpeg), WIDTH, HEIGHT, at, at, SourceKind.http)


def cpu_ms(work: Callable[[], object], rounds: int) -> float:
    def once() -> float:
        started = time.process_time()
        for _ in range(rounds):
            work()
        return (time.process_time() - started) / rounds * 1000

    work()
    return round(statistics.median(once() for _ in range(RUNS)), 3)


def measured(scene: Bgr, rounds: int) -> dict[str, float]:
    before, now = shot(scene, 1), shot(scene, 2)
    gauge = Gauge()
    first = frame_of(before)
    seen = gauge.read(first, ViewMemory(), ())
    memory = remember(ViewMemory(), first, seen, assess(seen, first, ViewMemory(), "v1"), True, "v1")
    frame = frame_of(now)
    reading = gauge.read(frame, memory, ())
    outcome = assess(reading, frame, memory, "v1").outcome
    if outcome != "unchanged":
        raise SystemExit(f"the benchmark wants an unchanged frame; this one was {outcome}")
    preview = Picture.from_bytes(now).preview()
    grey = grey_of(preview)
    printed, shown = print_of(grey), shown_mask(reading.text_areas)
    then = print_of(grey_of(Picture.from_bytes(before).preview()))
    edges = edges_of(printed, shown)
    full_grey = grey_of(Picture.from_bytes(now).full())
    pulse = pulse_of(grey)
    stages: dict[str, Callable[[], object]] = {
        "decode (preview)": lambda: Picture.from_bytes(now).preview(),
        "grey and print": lambda: print_of(grey_of(preview)),
        "mode": lambda: colour_spread(preview, shown),
        "changed": lambda: changed_areas(printed, then, shown),
        "pose, sharpness, blind": lambda: likeness(edges_of(printed, shown), edges),
        "pulse": lambda: pulse_change(pulse_of(grey), pulse, shown),
        "text (once a view, without its full decode)": lambda: find_text(full_grey),
        "gauge, unchanged frame, after decode": lambda: gauge.read(frame, memory, ()),
        "assess and remember": lambda: remember(
            memory, frame, reading, assess(reading, frame, memory, "v1"), False, "v1"
        ),
        "whole visit, unchanged frame": lambda: gauge.read(replace(frame, pixels=Picture.from_bytes(now)), memory, ()),
    }
    return {stage: cpu_ms(work, rounds) for stage, work in stages.items()}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("picture", nargs="?", type=Path, help="a real picture instead of a made one")
    options.add_argument("--rounds", type=int, default=20)
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    scene: Bgr = made_street()
    if chosen.picture is not None:
        real = cv2.imread(str(chosen.picture))
        if real is None:
            raise SystemExit(f"{chosen.picture} is not a picture")
        scene = np.asarray(cv2.resize(real, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    figures = measured(scene, chosen.rounds)
    for stage, spent_ms in figures.items():
        print(f"{stage:45}{spent_ms:8.3f} ms CPU")
    print(json.dumps({"benchmark": "assess", "cpu_ms": figures}))


if __name__ == "__main__":
    main()
