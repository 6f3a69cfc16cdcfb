"""Run detectors over source folders and score what they find, a source and a category at a time."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from datasets.source import SOURCE_FILE, USUAL_SPLITS, Sample, Source, samples, splits
from models.card import ModelCard
from models.scoring import (
    CleanCounted,
    Counted,
    Interval,
    Matched,
    Numbers,
    Shown,
    ap50,
    ap50_95,
    ap50_interval,
    clean_counted,
    counted,
    found_by_size,
    match,
)
from models.tiles import tiles
from pipeline.adapters.picture import Picture
from pipeline.domain.camera import SourceKind
from pipeline.domain.category import DEFAULT_CATEGORIES, HELPER_CLASSES, Category
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import BadInput, CaptureFailed
from pipeline.domain.frame import Frame
from pipeline.domain.geometry import Box
from pipeline.ports import Detector
from pipeline.steps.detect import FAINT_SCORE, FAINT_SHARE

SCORE_FLOOR = 0.005
"""Average precision wants the faint boxes too; below this they change it by less than a thousandth."""
DEFAULT_PASS = Pass.fast
"""The pass that figures without a pass's name speak of."""
FIRST_LOOK = "without_second_look"
"""The default pass's own boxes, where a second look changes them afterwards."""
ASKED_FROM = {Pass.fast: 1.0, Pass.fine: FAINT_SHARE}
"""From this share of its threshold a patrol asks the second look about a box; see pipeline/steps/detect.py."""
SPLITS_IN_TURN = ("val", "test", "train")
PICTURES_AT_ONCE = 2
TAKEN_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""Stills know no time; nothing in detection asks for it."""

Detect = Callable[[Frame], Sequence[Detection]]
Review = Callable[[Frame, Sequence[Detection]], Sequence[Detection]]
"""A second look at what a pass found in a frame: the same boxes in the same order, some with other scores."""
Look = Callable[[Frame], Mapping[str, Sequence[Detection]]]
"""Several ways of looking at one frame, by name: what they share is done once."""
Tick = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Looked:
    """A picture of `width` x `height` pixels and what each way of looking found in it."""

    sample: Sample
    width: int
    height: int
    found: Mapping[str, tuple[Detection, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class CategoryScores:
    """How well one category is found in one source. `labelled`: whether the source speaks of it at all."""

    category: str
    threshold: float
    labelled: bool
    shown: tuple[Shown, ...]
    """In the order of the source's pictures."""
    matched: Matched
    ap50: float | None
    ap50_interval: Interval | None
    ap50_95: float | None
    counted: Counted
    clean: CleanCounted
    sizes: Mapping[str, tuple[int, int]]
    """For each size how many were found, of how many."""

    @property
    def boxes(self) -> int:
        return self.matched.boxes

    @property
    def precision(self) -> float | None:
        """None where there is nothing to find: every alarm is false then, and counted as such."""
        return self.counted.precision if self.boxes else None


@dataclass(frozen=True, slots=True)
class SourceScores:
    """`key` names the source's folder: names may occur twice, folders do not."""

    key: str
    split: str
    pictures: tuple[Looked, ...]
    categories: Mapping[str, CategoryScores]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All sources, by key. `usual` is the default pass, second look and all; `first_look` the same pass before its
    second look, empty where there is none."""

    model: str
    classes: tuple[str, ...]
    default: Pass
    usual: Mapping[str, SourceScores]
    passes: Mapping[Pass, Mapping[str, SourceScores]]
    first_look: Mapping[str, SourceScores]


def source_folders(folder: Path) -> list[Path]:
    """The source folders in `folder`, or itself if it is one. Raises BadInput where there is none."""
    if (folder / SOURCE_FILE).exists():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{SOURCE_FILE}"))
    if not found:
        raise BadInput(f"{folder} holds no source: wanted are FOLDER/{SOURCE_FILE} and FOLDER/<split>/images, labels")
    return found


def split_to_measure(source: Source, wanted: str) -> str:
    """`wanted` where the source has it, else the first it has of val, test, train. Raises BadInput for no split."""
    there = splits(source)
    for split in (wanted, *SPLITS_IN_TURN, *there):
        if split in there:
            return split
    raise BadInput(f"{source.folder} has no pictures: wanted is <split>/images, say {USUAL_SPLITS[1]}/images")


def frame_of(picture: Path) -> Frame:
    """Raises CaptureFailed where the file cannot be read or is no picture."""
    try:
        pixels = Picture.from_bytes(picture.read_bytes())
    except OSError as error:
        raise CaptureFailed("unreadable", f"{picture.name} cannot be read ({error.strerror})") from error
    return Frame(pixels, pixels.width, pixels.height, TAKEN_AT, TAKEN_AT, SourceKind.replay)


def passes_of(
    detector: Detector,
    image_size: tuple[int, int],
    review: Review | None = None,
    passes: Sequence[Pass] = tuple(Pass),
    default: Pass = DEFAULT_PASS,
) -> Look:
    """Each of `passes` by its name, after `review`; with one, also FIRST_LOOK, what the default pass finds before it.

    Where the network's canvas (`image_size`: height, width) shows a picture whole, fine is fast and is not run.
    """

    def look(frame: Frame) -> Mapping[str, Sequence[Detection]]:
        found: dict[str, Sequence[Detection]] = {}
        for found_by in passes:
            if Pass.fast in found and not tiles(frame.width, frame.height, image_size):
                found[found_by] = [replace(one, found_by=found_by) for one in found[Pass.fast]]
            else:
                found[found_by] = detector.detect([frame], found_by, SCORE_FLOOR)[0]
        if review is None:
            return found
        seconds = {found_by: _reviewed(frame, boxes, review) for found_by, boxes in found.items()}
        return {**seconds, FIRST_LOOK: found[default]}

    return look


def _reviewed(frame: Frame, boxes: Sequence[Detection], review: Review) -> Sequence[Detection]:
    """Scores that pass a threshold where the box would on patrol, were that the threshold in force.

    A patrol asks about a box only from a share of its threshold, so the score is the second look's, but no more than
    the box's own over that share. Nothing is fainter than FAINT_SCORE there.
    """
    asked = [box for box in boxes if box.score >= FAINT_SCORE]
    answers = zip(asked, review(frame, asked), strict=True)
    known = [replace(box, score=min(answer.score, box.score / ASKED_FROM[box.found_by])) for box, answer in answers]
    return [*known, *(box for box in boxes if box.score < FAINT_SCORE)]


def look_at(wanted: Sequence[Sample], look: Look, tick: Tick = lambda: None) -> tuple[list[Looked], list[str]]:
    """What `look` finds in each picture, in order, and what is wrong with those that are no pictures.

    Calls `look` from several threads.
    """

    def looked(sample: Sample) -> Looked | str:
        try:
            frame = frame_of(sample.picture)
            found = {way: tuple(boxes) for way, boxes in look(frame).items()}
        except CaptureFailed as error:
            return f"{sample.picture}: {error}"
        return Looked(sample, frame.width, frame.height, found)

    good: list[Looked] = []
    bad: list[str] = []
    with ThreadPoolExecutor(PICTURES_AT_ONCE) as threads:
        for one in threads.map(looked, wanted):
            if isinstance(one, Looked):
                good.append(one)
            else:
                bad.append(one)
            tick()
    return good, bad


def evaluate_source(
    detect: Detect, source: Source, split: str, thresholds: Mapping[str, float], tick: Tick = lambda: None
) -> SourceScores:
    """Score one way of looking over one split. Raises BadInput for broken labels and for a picture that is none."""
    looked, bad = look_at(samples(source, split), lambda frame: {"": detect(frame)}, tick)
    if bad:
        raise BadInput(bad[0])
    return score(source, split, looked, "", thresholds)


def score(
    source: Source, split: str, looked: Sequence[Looked], way: str, thresholds: Mapping[str, float]
) -> SourceScores:
    """Score what one way of looking found; `thresholds` names the categories, in the order of the report."""
    return SourceScores(
        source.folder.resolve().name,
        split,
        tuple(looked),
        {
            category: _scored(category, threshold, category in source.labelled, _shown(source, category, looked, way))
            for category, threshold in thresholds.items()
        },
    )


def _shown(source: Source, category: str, looked: Sequence[Looked], way: str) -> tuple[Shown, ...]:
    shown = []
    for one in looked:
        there = [box.box for box in one.sample.boxes if source.category_of(box.name) == category]
        found = [box for box in one.found[way] if box.category == category]
        scores = np.array([box.score for box in found], np.float64)
        boxes = _numbers([box.box for box in found])
        shown.append(Shown(np.clip(_numbers(there), 0.0, 1.0), boxes, scores, one.width, one.height))
    return tuple(shown)


def _numbers(boxes: Sequence[Box]) -> Numbers:
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes], np.float64).reshape(-1, 4)


def _scored(category: str, threshold: float, labelled: bool, shown: tuple[Shown, ...]) -> CategoryScores:
    matched = match(shown)
    return CategoryScores(
        category=category,
        threshold=threshold,
        labelled=labelled,
        shown=shown,
        matched=matched,
        ap50=ap50(matched),
        ap50_interval=ap50_interval(matched),
        ap50_95=ap50_95(matched),
        counted=counted(matched, threshold),
        clean=clean_counted(matched, threshold),
        sizes=found_by_size(matched, threshold),
    )


def thresholds_of(
    card: ModelCard, found_by: Pass, sources: Sequence[Source], categories: Sequence[Category] = DEFAULT_CATEGORIES
) -> dict[str, float]:
    """The working threshold of each category: the card's, else the category table's.

    Further categories that sources label come after those of the table; helper classes are none.
    """
    known = {category.code: category.threshold for category in categories}
    mapped = {code for source in sources for code in source.categories.values() if code is not None}
    further = sorted(mapped - set(known) - set(HELPER_CLASSES))
    usual = categories[0].threshold
    codes = (*known, *further)
    measured = {code: card.threshold(code, found_by) for code in codes}
    return {code: known.get(code, usual) if value is None else value for code, value in measured.items()}


def evaluate(
    sources: Sequence[tuple[Source, str, Sequence[Looked]]], card: ModelCard, passes: Sequence[Pass], default: Pass
) -> Evaluation:
    """Score what `passes_of` found in each split of each source, given with its split's name.

    Pictures are held by what was found in them, not by their pixels.
    """
    all_sources = [source for source, _, _ in sources]
    terms = {found_by: thresholds_of(card, found_by, all_sources) for found_by in passes}

    def scores(way: str, found_by: Pass) -> dict[str, SourceScores]:
        each = [score(source, split, looked, way, terms[found_by]) for source, split, looked in sources]
        return {one.key: one for one in each}

    by_pass = {found_by: scores(found_by, found_by) for found_by in passes}
    reviewed = any(FIRST_LOOK in one.found for _, _, looked in sources for one in looked[:1])
    before = scores(FIRST_LOOK, default) if reviewed else {}
    return Evaluation(card.hash12, card.classes, default, by_pass[default], by_pass, before)
