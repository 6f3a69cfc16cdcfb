"""Measure a champion and a challenger on the hold-out of a frozen version: the same pictures, looked at in turn."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from datasets.source import IMAGES, Sample, Source, read_source, samples
from datasets.splitting import VAL
from datasets.versions import MANIFEST, version_sources
from models.evaluation import SCORE_FLOOR, frame_of
from models.gate import CategoryFigures, Measured
from models.scoring import Flags, Matched, Numbers, Shown, ap50, ap50_interval, counted, match, wilson
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box
from pipeline.domain.review import Teaches
from pipeline.ports import Detector

AT_A_PLACE = 0.5
"""Share of the smaller of two boxes that lie at one place."""
CALIBRATED_FROM = 0.05
"""Fainter boxes are of no use to anybody, and would drown the others."""
BINS = 10
LEAST_FOUND = 20
"""With fewer boxes nothing is said of calibration."""

Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Place:
    """A place that reviewers called a false alarm of `category`."""

    category: str
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class HeldPicture:
    """One picture of the hold-out, and what both models see in it."""

    source: Source
    sample: Sample
    camera: int
    dismissed: tuple[Place, ...]
    width: int
    height: int
    found: Mapping[str, tuple[Detection, ...]]
    """By model."""

    def there(self, category: str) -> list[Box]:
        return [one.box for one in self.sample.boxes if self.source.category_of(one.name) == category]

    def alarms(self, model: str, threshold: Mapping[str, float]) -> list[Detection]:
        """Boxes from the working threshold up, of categories that this picture speaks of."""
        known = self.source.labelled
        return [
            one for one in self.found[model] if one.category in known and one.score >= threshold.get(one.category, 1.0)
        ]


@dataclass(frozen=True, slots=True)
class Compared:
    champion: Measured
    challenger: Measured
    pictures: tuple[HeldPicture, ...]
    thresholds: Mapping[str, float]


def compare(
    champion: Detector, challenger: Detector, version: Path, thresholds: Mapping[str, float],
    tick: Tick = lambda done, of: None,
) -> Compared:  # fmt: skip
    """Both at the same working `thresholds` by category. Raises BadInput for a version that holds nothing out."""
    told = _manifest(version)
    wanted = [
        (source, sample)
        for source in (read_source(folder) for folder in version_sources(version))
        if (source.folder / VAL / IMAGES).is_dir()
        for sample in samples(source, VAL)
    ]
    if not wanted:
        raise BadInput(f"{version.name} holds nothing out: more cameras or weeks are needed before models are compared")
    spent: list[tuple[float, float]] = []
    pictures = []
    for number, (source, sample) in enumerate(wanted, 1):
        pictures.append(_looked(source, sample, told.get(sample.picture.stem, {}), (champion, challenger), spent))
        tick(number, len(wanted))
    before_ms, after_ms = _times_ms(spent)
    before = _measured(champion.model, pictures, thresholds, before_ms)
    after = _measured(challenger.model, pictures, thresholds, after_ms)
    return Compared(before, after, tuple(pictures), thresholds)


def _times_ms(spent: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Medians; the challenger's by the ratio on each picture, so that what else the machine did falls out."""
    before = median(first for first, _ in spent) * 1000
    return before, before * median(second / max(first, 1e-6) for first, second in spent)


def _manifest(version: Path) -> dict[str, dict[str, Any]]:
    lines = (json.loads(line) for line in (version / MANIFEST).read_text("utf-8").splitlines())
    return {Path(line["file"]).stem: line for line in lines}


def _looked(
    source: Source,
    sample: Sample,
    told: Mapping[str, Any],
    detectors: Sequence[Detector],
    spent: list[tuple[float, float]],
) -> HeldPicture:
    """In turn, so that what else the machine does falls on both."""
    frame = frame_of(sample.picture)
    found, times = {}, []
    for detector in detectors:
        begun = time.perf_counter()
        found[detector.model] = detector.detect([frame], Pass.fast, SCORE_FLOOR)[0]
        times.append(time.perf_counter() - begun)
    spent.append((times[0], times[1]))
    dismissed = tuple(
        Place(verdict["category"], Box(*verdict["place"]))
        for verdict in told.get("verdicts", ())
        if verdict["teaches"] == Teaches.negative
    )
    return HeldPicture(source, sample, int(told.get("camera", 0)), dismissed, frame.width, frame.height, found)


def _measured(
    model: str, pictures: Sequence[HeldPicture], thresholds: Mapping[str, float], ms_an_image: float
) -> Measured:
    places = [(picture, place) for picture in pictures for place in picture.dismissed]
    alarms = sum(alarms_at(picture, place, model, thresholds) for picture, place in places)
    return Measured(
        model=model,
        categories={category: _figures(category, pictures, model, thresholds[category]) for category in thresholds},
        dismissed_places=len(places),
        dismissed_alarms=alarms,
        ms_an_image=ms_an_image,
        pictures=len(pictures),
        cameras=_by_camera(pictures, model, thresholds),
    )


def alarms_at(picture: HeldPicture, place: Place, model: str, thresholds: Mapping[str, float]) -> bool:
    return any(
        one.category == place.category and one.box.overlap_of_smaller(place.box) >= AT_A_PLACE
        for one in picture.alarms(model, thresholds)
    )


def _figures(category: str, pictures: Sequence[HeldPicture], model: str, threshold: float) -> CategoryFigures:
    matched = matched_of(category, pictures, model)
    at_work = counted(matched, threshold)
    return CategoryFigures(
        boxes=matched.boxes,
        ap50=ap50(matched),
        ap50_interval=ap50_interval(matched),
        recall=at_work.recall,
        recall_interval=wilson(at_work.right, matched.boxes),
        calibration_error=calibration_error(matched.scores, matched.right[:, 0]),
    )


def matched_of(category: str, pictures: Sequence[HeldPicture], model: str) -> Matched:
    spoken = [picture for picture in pictures if category in picture.source.labelled]
    return match([_shown(picture, category, model) for picture in spoken])


def _shown(picture: HeldPicture, category: str, model: str) -> Shown:
    found = [one for one in picture.found[model] if one.category == category]
    scores = np.array([one.score for one in found], np.float64)
    there, seen = _corners(picture.there(category)), _corners([one.box for one in found])
    return Shown(np.clip(there, 0.0, 1.0), seen, scores, picture.width, picture.height)


def _corners(boxes: Sequence[Box]) -> Numbers:
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes], np.float64).reshape(-1, 4)


def calibration_error(scores: Numbers, right: Flags) -> float | None:
    """Expected calibration error: the mean distance between score and share of right boxes, over BINS of the score.

    Guo et al., On Calibration of Modern Neural Networks (2017). None where too few boxes were found.
    """
    seen = scores >= CALIBRATED_FROM
    if np.count_nonzero(seen) < LEAST_FOUND:
        return None
    scores, right = scores[seen], right[seen]
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    error = sum(
        abs(float(scores[bins == one].mean()) - float(right[bins == one].mean())) * np.count_nonzero(bins == one)
        for one in np.unique(bins)
    )
    return float(error / len(scores))


def _by_camera(
    pictures: Sequence[HeldPicture], model: str, thresholds: Mapping[str, float]
) -> dict[str, tuple[int, int, int]]:
    """Things found, things there, false alarms."""
    table: dict[str, tuple[int, int, int]] = {}
    for picture in pictures:
        right = wrong = there = 0
        for category in set(thresholds) & picture.source.labelled:
            at_work = counted(matched_of(category, [picture], model), thresholds[category])
            right, wrong, there = right + at_work.right, wrong + at_work.wrong, there + at_work.right + at_work.missed
        before = table.get(str(picture.camera), (0, 0, 0))
        table[str(picture.camera)] = (before[0] + right, before[1] + there, before[2] + wrong)
    return table
