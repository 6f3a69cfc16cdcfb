"""Stand-ins for what lies outside the core: scripted where a rule is under test, real pixels where a store is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import cv2
import numpy as np

from pipeline.adapters.picture import picture_of
from pipeline.domain.camera import SourceKind, View
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import CaptureFailed, StoreFailed
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode, Outcome
from pipeline.ports import UnitOfWork, UnitsOfWork
from tests.builders import BARE_LOOK, START, a_box, look_of

WEIGHTS = "0123456789ab"
SMALLEST_PATCH_PX = 60


@dataclass
class SteppedClock:
    """Stands still until it is moved."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


@dataclass(frozen=True, slots=True)
class Shot:
    """What a scripted camera shows: the pixels of a frame, for the fakes below."""

    outcome: Outcome = Outcome.seen
    """What the frame is worth once measured; `unreachable` never becomes a frame."""
    boxes: tuple[Box, ...] = ()
    """Litter."""


LITTERED = Shot(boxes=(a_box(),))
BARE = Shot()
STILL_LITTERED = Shot(Outcome.unchanged, (a_box(),))


class ScriptedSource:
    """Port FrameSource: delivers to each view the shot that `shots` holds for it."""

    def __init__(self, clock: SteppedClock, shots: Mapping[int, Shot]) -> None:
        self._clock = clock
        self._shots = shots
        self.captured: list[int] = []

    def capture(self, views: Sequence[View], deliver: Callable[[View, Frame | Exception], None]) -> None:
        for view in views:
            self.captured.append(view.id)
            shot, now = self._shots[view.id], self._clock.now()
            if shot.outcome is Outcome.unreachable:
                deliver(view, CaptureFailed("timeout", "no answer within 3 s"))
            else:
                deliver(view, Frame(shot, 1920, 1080, now, now, SourceKind.http))


def shot_of(frame: Frame) -> Shot:
    assert isinstance(frame.pixels, Shot)
    return frame.pixels


class ScriptedGauge:
    """Port ViewGauge: readings from which the real rules conclude the outcome that the shot names."""

    def read(self, frame: Frame, memory: ViewMemory, masks: Sequence[Box]) -> Reading:
        outcome = shot_of(frame).outcome
        dark = outcome is Outcome.blinded
        still = outcome in (Outcome.unchanged, Outcome.stale)
        return Reading(
            mode=Mode.day,
            brightness=3.0 if dark else 120.0,
            contrast=1.0 if dark else 40.0,
            sharpness_share=1.0,
            blind=(),
            blind_share=0.0,
            pose_share=0.9,
            shift=0.4 if outcome is Outcome.moved else 0.0,
            changed=() if still else (Box(0.3, 0.4, 0.6, 0.7),),
            pulse_change=0.0 if outcome is Outcome.stale else 5.0,
            print=f"print {frame.at.isoformat()}".encode(),
            pulse=b"pulse",
            text_areas=(),
        )

    def looks(self, frame: Frame, boxes: Sequence[Box]) -> list[bytes]:
        lying = shot_of(frame).boxes
        return [look_of(1) if box.covered_by(lying) > 0.5 else BARE_LOOK for box in boxes]


class ScriptedDetector:
    """Port Detector: sees the litter of the shot, in either pass. Counts frames by pass."""

    model = WEIGHTS
    classes = ("litter",)

    def __init__(self) -> None:
        self.frames: dict[Pass, int] = {Pass.fast: 0, Pass.fine: 0}

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        self.frames[found_by] += len(frames)
        return [
            tuple(Detection(box, "litter", 0.8, found_by, WEIGHTS) for box in shot_of(frame).boxes) for frame in frames
        ]


class PlainRedactor:
    """Port Redactor: bytes that tell which picture they are."""

    def __init__(self) -> None:
        self._drawn = count()

    def redact(self, frame: Frame, helpers: Sequence[Detection]) -> bytes:
        return b"\xff\xd8plain"

    def redact_small(self, frame: Frame, helpers: Sequence[Detection]) -> bytes:
        return b"\xff\xd8small"

    def outlined(self, jpeg: bytes, boxes: Sequence[tuple[Box, str]]) -> bytes:
        return jpeg + b" outlined " + repr(boxes).encode()


@dataclass
class FailingUnits:
    """Port UnitsOfWork: the real ones, but some writing transactions fail: before they are committed, or just after."""

    units: UnitsOfWork
    plan: Iterator[str | None] = field(default_factory=lambda: iter(()))
    """For each transaction `before`, `after` or None."""

    @contextmanager
    def writing(self) -> Iterator[UnitOfWork]:
        fails = next(self.plan, None)
        with self.units.writing() as uow:
            yield uow
            if fails == "before":
                raise StoreFailed("the power went before the commit")
        if fails == "after":
            raise StoreFailed("the power went after the commit")

    def reading(self) -> Any:  # Any: whatever the real one gives
        return self.units.reading()


class PaintDetector:
    """Port Detector: litter is pure magenta paint. Deterministic, quick, and looks at real pixels."""

    model = WEIGHTS
    classes = ("litter",)

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        return [tuple(self._painted(frame, found_by)) for frame in frames]

    def _painted(self, frame: Frame, found_by: Pass) -> Iterator[Detection]:
        pixels = picture_of(frame).full().astype(np.int16)
        blue, green, red = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        paint = ((np.minimum(blue, red) - green) > 90).astype(np.uint8)
        number, _, boxes, _ = cv2.connectedComponentsWithStats(paint)
        height, width = paint.shape
        for left, top, across, down, area in boxes[1:number].tolist():
            if area >= SMALLEST_PATCH_PX:
                box = Box(left / width, top / height, (left + across) / width, (top + down) / height)
                yield Detection(box, "litter", 0.8, found_by, WEIGHTS)
