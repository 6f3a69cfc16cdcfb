"""Port SecondLook: re-scores doubtful boxes of weak categories by what is read in them and stands beside them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock

import cv2
import numpy as np

from models.text_reader import RapidReader, TextReader
from pipeline.adapters.picture import Bgr, Picture, picture_of
from pipeline.domain.category import PERSON_CLASSES
from pipeline.domain.detection import Detection
from pipeline.domain.finding import similarity
from pipeline.domain.frame import Frame
from pipeline.domain.geometry import Box
from pipeline.domain.second_look import (
    SECOND_LOOK_VERSION,
    Evidence,
    ad_evidence,
    cable_evidence,
    rescored,
    stall_evidence,
)

NEARLY_CERTAIN = 0.9
"""From here up a box is believed."""
HELPER_SCORE = 0.35
MARGIN = 0.1
"""Of its own size that a crop reaches beyond its box."""
CROP_SIDE_PX = 480
"""A smaller crop is enlarged to this longer side …"""
MOST_ENLARGED = 4.0
LEAST_CROP_PX = 20
"""A box with a shorter side is not worth reading: its print would be under 4 px."""
LEGIBLE_PX = 90
"""Shorter side from which the print of a small ad can be read."""
SAME_BOX_IOU = 0.6
LOOK_SIDE = 16
SAME_CROP = 0.95
"""Similarity of two crops at one place from which what was read in the first stands for the second."""


@dataclass(frozen=True, slots=True)
class _Memo:
    """What was read at a place: box, a small grey look of the crop, and the evidence."""

    box: Box
    look: bytes
    told: frozenset[Evidence]


class SecondLook:
    """Safe for use by several threads. Reads at most `most_reads` boxes of a frame, the best first; answers for a
    place that looks the same are remembered, `remembered` of them."""

    version = SECOND_LOOK_VERSION

    def __init__(self, reader: TextReader | None = None, most_reads: int = 3, remembered: int = 4096) -> None:
        self._reader = reader or RapidReader()
        self._most_reads = most_reads
        self._remembered = remembered
        self._memos: OrderedDict[tuple[int, int, int, int], _Memo] = OrderedDict()
        self._lock = Lock()

    @property
    def categories(self) -> frozenset[str]:
        """The weak ones."""
        return frozenset(_GEOMETRY) | {"illegal_ad"}

    def review(self, frame: Frame, detections: Sequence[Detection]) -> tuple[Detection, ...]:
        """See port SecondLook. Raises CaptureFailed("corrupt"), and WeightsRefused where the OCR's files lack."""
        aspect = frame.width / frame.height
        reviewed = {
            place: replace(one, score=rescored(one.score, _GEOMETRY[one.category](one, detections, aspect)))
            for place, one in enumerate(detections)
            if one.category in _GEOMETRY and one.score < NEARLY_CERTAIN
        }
        ads = [
            place for place, one in enumerate(detections) if one.category == "illegal_ad" and one.score < NEARLY_CERTAIN
        ]
        if ads:
            reviewed |= self._read(frame, {place: detections[place] for place in ads})
        return tuple(reviewed.get(place, one) for place, one in enumerate(detections))

    def _read(self, frame: Frame, ads: Mapping[int, Detection]) -> dict[int, Detection]:
        """Boxes beyond the budget of reads keep their scores: the next visit comes to them."""
        pixels = _Pixels(picture_of(frame))
        left, known, reviewed = self._most_reads, list[tuple[Box, frozenset[Evidence]]](), {}
        for place, ad in sorted(ads.items(), key=lambda one: -one[1].score):
            told = next((told for box, told in known if box.iou(ad.box) >= SAME_BOX_IOU), None)
            if told is None:
                crop = pixels.crop(ad.box)
                told = self._recalled(frame, ad.box, crop)
                if told is None and left:
                    left -= 1
                    told = self._told(frame, ad.box, crop)
            if told is not None:
                known.append((ad.box, told))
                reviewed[place] = replace(ad, score=rescored(ad.score, told))
        return reviewed

    def _recalled(self, frame: Frame, box: Box, crop: Bgr) -> frozenset[Evidence] | None:
        key = _key(frame, box)
        with self._lock:
            memo = self._memos.get(key)
            if memo is None or similarity(memo.look, _look(crop)) < SAME_CROP:
                return None
            self._memos.move_to_end(key)
            return memo.told

    def _told(self, frame: Frame, box: Box, crop: Bgr) -> frozenset[Evidence]:
        height, width = crop.shape[:2]
        if min(height, width) < LEAST_CROP_PX:
            return frozenset()
        lines = self._reader.read(_enlarged(crop))
        told = ad_evidence(lines, box, width / height, min(height, width) >= LEGIBLE_PX)
        with self._lock:
            self._memos[_key(frame, box)] = _Memo(box, _look(crop), told)
            while len(self._memos) > self._remembered:
                self._memos.popitem(last=False)
        return told


class _Pixels:
    """The full picture, decoded once and only if asked for."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._full: Bgr | None = None

    def crop(self, box: Box) -> Bgr:
        """At least one pixel."""
        if self._full is None:
            self._full = self._picture.full()
        height, width = self._full.shape[:2]
        wide = box.grown(MARGIN)
        left, top = min(int(wide.left * width), width - 1), min(int(wide.top * height), height - 1)
        right, bottom = max(round(wide.right * width), left + 1), max(round(wide.bottom * height), top + 1)
        return self._full[top:bottom, left:right]


def _key(frame: Frame, box: Box) -> tuple[int, int, int, int]:
    """Boxes sway from visit to visit: a place is told to a sixty-fourth of the frame, and its look tells the view."""
    x, y = box.centre
    return frame.width, frame.height, int(x * 64), int(y * 64)


def _look(crop: Bgr) -> bytes:
    small = cv2.resize(crop, (LOOK_SIDE, LOOK_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8).tobytes()


def _enlarged(crop: Bgr) -> Bgr:
    scale = min(max(CROP_SIDE_PX / max(crop.shape[:2]), 1.0), MOST_ENLARGED)
    if scale == 1.0:
        return crop
    return np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)


def _cable(one: Detection, detections: Sequence[Detection], aspect: float) -> frozenset[Evidence]:
    shape = aspect * one.box.width / one.box.height if one.box.height else 0.0
    return cable_evidence(one.box, shape, _boxes(detections, frozenset({"two_wheeler"})))


def _stall(one: Detection, detections: Sequence[Detection], _aspect: float) -> frozenset[Evidence]:
    return stall_evidence(
        one.box, _boxes(detections, frozenset({"umbrella"})), _boxes(detections, PERSON_CLASSES)
    )  # fmt: skip


def _boxes(detections: Sequence[Detection], classes: frozenset[str]) -> list[Box]:
    return [one.box for one in detections if one.category in classes and one.score >= HELPER_SCORE]


_GEOMETRY: Mapping[str, Callable[[Detection, Sequence[Detection], float], frozenset[Evidence]]] = {
    "charging_cable": _cable,
    "street_business": _stall,
}
