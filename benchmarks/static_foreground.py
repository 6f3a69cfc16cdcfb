"""Street business by static foreground alone: stalls found in time and false onsets a camera-day, on composed days.

    python -m benchmarks.static_foreground [--data ../shared/data] [--views 4] [--hours 24] [--seed 1] [--helpers 0.85]

The detector is a stand-in that knows nothing of stalls: it gives boxes of those persons, two-wheelers and cars that are
really there, and misses some of them for as long as they stay; who passes on a filmed street is never found.
Everything else is the real patrol.
"""

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from datasets.series.composing import composed, starts_at, stock_at
from datasets.series.day import Kind, Stay
from datasets.series.planning import Mix
from datasets.series.scene import DayScene
from datasets.town_passing import movers_at
from datasets.town_patches import extent
from flows.series_patrol import Looking, Patrolled, patrol_scenes
from flows.series_scores import groups_of, judged, scored
from flows.wiring import WEIGHTS, Town, cameras_of
from models.registry import Registry
from models.second_look import SecondLook
from pipeline.adapters.foreground import StaticForeground
from pipeline.adapters.gauge import Gauge
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.picture import picture_of
from pipeline.adapters.redactor import HeadAndPlateRedactor, find_font
from pipeline.domain.camera import Zone
from pipeline.domain.category import DEFAULT_CATEGORIES, HELPER_CLASSES
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.foreground import Foreground
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box, Polygon
from pipeline.domain.patrol import Mode
from pipeline.steps.world import World

CLASS_OF = {
    "person": "person", "rider": "two_wheeler", "car": "car", "van": "truck",
    Kind.person: "person", Kind.two_wheeler: "two_wheeler", Kind.car: "car",
}  # fmt: skip
SEEN_EACH_TIME = 0.95
"""Of what the stand-in does not miss for good."""
JITTER = 0.04
SCORE = 0.6
MODEL = "stand-in"

Named = list[tuple[str, str, Box]]
"""Class, a name that is the same as long as it is there, and box."""


@dataclass
class Shown:
    """A composed scene that notes what stands in each frame; frames may be kept in a folder between runs."""

    scene: DayScene
    boxes: dict[str, Named]
    folder: Path | None = None

    @property
    def name(self) -> str:
        return self.scene.name

    @property
    def stays(self) -> tuple[Stay, ...]:
        return self.scene.stays

    @property
    def zones(self) -> tuple[Zone, ...]:
        return self.scene.zones

    def boxes_at(self, elapsed_s: float) -> Mapping[Stay, Box]:
        return self.scene.boxes_at(elapsed_s)

    def jpeg_at(self, elapsed_s: float) -> bytes:
        jpeg = self._jpeg(elapsed_s)
        self.boxes[hashlib.sha256(jpeg).hexdigest()] = self._there(elapsed_s)
        return jpeg

    def _jpeg(self, elapsed_s: float) -> bytes:
        if self.folder is None:
            return self.scene.jpeg_at(elapsed_s)
        path = self.folder / f"{self.name}_{self.scene.day.seed}_{elapsed_s:.0f}.jpg"
        if not path.is_file():
            path.write_bytes(self.scene.jpeg_at(elapsed_s))
        return path.read_bytes()

    def _there(self, elapsed_s: float) -> Named:
        day, camera = self.scene.day, self.scene.ground.camera
        named = [
            (CLASS_OF[stay.kind], f"{self.name} {stay.seed} {stay.from_s}", box)
            for stay, box in self.scene.boxes_at(elapsed_s).items()
            if stay.kind in CLASS_OF
        ]
        for number, mover in enumerate(movers_at(camera, self.scene.ground.passing, (), elapsed_s, day.seed)):
            left, top, right, bottom = extent(camera, mover.patches)
            box = Box(max(left / 1920, 0.0), max(top / 1080, 0.0), min(right / 1920, 1.0), min(bottom / 1080, 1.0))
            if box.area > 0:
                named.append((CLASS_OF[mover.kind], f"{self.name} {elapsed_s} {number}", box))
        return named


@dataclass(frozen=True)
class StandIn:
    """Port Detector: helper boxes of a share of what is there, and no category."""

    boxes: Mapping[str, Named]
    recall: float
    model: str = MODEL
    classes: tuple[str, ...] = HELPER_CLASSES

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        return [tuple(self._seen(frame, found_by)) for frame in frames]

    def _seen(self, frame: Frame, found_by: Pass) -> list[Detection]:
        digest = hashlib.sha256(picture_of(frame).as_jpeg()).hexdigest()
        seen = []
        for category, name, box in self.boxes[digest]:
            rng = np.random.default_rng(list(name.encode()))
            for_good = rng.random() < self.recall
            each_time = np.random.default_rng(list(f"{name} {digest}".encode()))
            if for_good and each_time.random() < SEEN_EACH_TIME:
                seen.append(Detection(_jittered(box, each_time), category, SCORE, found_by, MODEL))
        return seen


def _jittered(box: Box, rng: np.random.Generator) -> Box:
    across, down = box.width * JITTER, box.height * JITTER
    left, top, right, bottom = rng.normal(0, 1, 4) * (across, down, across, down)
    return Box(
        max(0.0, box.left + left), max(0.0, box.top + top), min(1.0, box.right + right), min(1.0, box.bottom + bottom)
    )


@dataclass
class Timed:
    """Port ForegroundGauge that measures its own CPU time."""

    inner: StaticForeground = field(default_factory=StaticForeground)
    bare_s: list[float] = field(default_factory=list)
    busy_s: list[float] = field(default_factory=list)

    def read(self, frame: Frame, reading: Reading, memory: ViewMemory, pavement: Sequence[Polygon]) -> Foreground:
        begun = time.thread_time()
        foreground = self.inner.read(frame, reading, memory, pavement)
        (self.busy_s if foreground.standing else self.bare_s).append(time.thread_time() - begun)
        return foreground

    def learn(
        self, frame: Frame, reading: Reading, memory: ViewMemory, foreground: Foreground, keep_out: Sequence[Box]
    ) -> dict[Mode, bytes] | None:
        return self.inner.learn(frame, reading, memory, foreground, keep_out)


@dataclass(frozen=True)
class OnlyForeground(Looking):
    """The patrol's world with the stand-in as its detector; `foreground` None leaves the step out."""

    foreground: Timed | None = None

    def world(self, town: Town) -> World:
        assert self.detector is not None
        return World(
            source=cameras_of(town),
            gauge=Gauge(),
            detector=self.detector,
            redactor=HeadAndPlateRedactor(find_font()),
            images=town.images,
            memories=SqlViewMemories(town.engine, town.prints),
            units=town.units,
            clock=town.clock,
            new_id=_ids(),
            second_look=SecondLook(),
            foreground=self.foreground,
        )


def _ids() -> Any:  # Any: a counter's bound method
    numbers = iter(range(10**9))
    return lambda: f"{next(numbers):032d}"


def measured(options: argparse.Namespace) -> dict[str, object]:
    cv2.setNumThreads(1)
    stock = stock_at(options.data)
    mix = Mix(stall=options.stalls)
    days = composed(stock, options.views, options.seed, (0.0, options.hours), mix)
    boxes: dict[str, Named] = {}
    scenes = [Shown(day, boxes, options.frames) for day in days]
    registry = Registry(WEIGHTS, Path("unused"))
    timed = Timed()
    looking = OnlyForeground(registry, registry.default(), StandIn(boxes, options.helpers), timed)
    lasts = timedelta(hours=options.hours)
    with TemporaryDirectory() as home:
        patrolled = patrol_scenes(scenes, starts_at(0.0), lasts, Path(home), looking)
    return _figures(patrolled, scenes, lasts, timed, options)


def _figures(
    patrolled: Patrolled, scenes: Sequence[Shown], lasts: timedelta, timed: Timed, options: argparse.Namespace
) -> dict[str, object]:
    by_name = {scene.name: scene for scene in scenes}
    verdicts = judged(patrolled.filed, [by_name[one.view].boxes_at(one.at_s) for one in patrolled.filed])
    groups = groups_of({category.code: category for category in DEFAULT_CATEGORIES}, timedelta(hours=1))
    put = [(scene.name, stay, lasts.total_seconds()) for scene in scenes for stay in scene.stays]
    score = scored(verdicts, put, lasts.total_seconds() * len(scenes), groups)
    stalls = score.tallies["street_business"]
    if options.out:
        _kept(options.out, verdicts)
    return {
        "camera_days": score.camera_days,
        "stalls": stalls.put,
        "due": stalls.due,
        "found": stalls.found,
        "in_time": stalls.in_time,
        "share_in_time": stalls.share_in_time,
        "median_minutes": float(np.median(stalls.minutes)) if stalls.minutes else None,
        "false_onsets": len(score.false_tickets),
        "false_a_camera_day": len(score.false_tickets) / score.camera_days,
        "false_over": dict(Counter(verdict.over or "bare" for verdict in verdicts if verdict.stay is None)),
        "again": sum(verdict.again for verdict in verdicts),
        "ms_bare": 1e3 * float(np.mean(timed.bare_s)) if timed.bare_s else None,
        "ms_busy": 1e3 * float(np.mean(timed.busy_s)) if timed.busy_s else None,
        "detected_visits": len(timed.bare_s) + len(timed.busy_s),
        "missed": [
            (name, round(stay.from_s / 3600, 2), round(stay.stays_s / 60), stay.size_px)
            for name, stay in score.missed
            if stay.kind is Kind.stall
        ],
        "outcomes": {name: dict(outcomes) for name, outcomes in patrolled.outcomes.items()},
    }  # fmt: skip


def _kept(folder: Path, verdicts: Sequence[Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for verdict in verdicts:
        if verdict.stay is None:
            name = f"{verdict.filed.view}_{verdict.filed.at_s / 3600:05.2f}_{verdict.over or 'bare'}.jpg"
            (folder / name).write_bytes(verdict.filed.picture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stalls", type=int, default=20, help="a camera-day")
    parser.add_argument("--helpers", type=float, default=0.85, help="share of people and vehicles that are ever found")
    parser.add_argument("--frames", type=Path, help="keep composed frames here between runs")
    parser.add_argument("--out", type=Path, help="write the pictures of false onsets here")
    options = parser.parse_args()
    if options.frames:
        options.frames.mkdir(parents=True, exist_ok=True)
    figures = measured(options)
    for name, value in figures.items():
        print(f"{name:>20}  {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
