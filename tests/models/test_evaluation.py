"""Evaluation over source folders: what is measured, what is said of it, what is drawn."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
import yaml

from datasets.source import Source, read_source, samples
from models.card import ModelCard
from models.evaluation import (
    FIRST_LOOK,
    Evaluation,
    SourceScores,
    evaluate,
    evaluate_source,
    frame_of,
    look_at,
    passes_of,
    source_folders,
    split_to_measure,
    thresholds_of,
)
from models.evaluation_curves import draw_curves
from models.evaluation_report import as_json, write_json
from models.mistakes import Fault, worst_mistakes
from models.mistakes_sheet import WRONG, draw_sheet, tile_of, window
from models.tiles import tiles
from pipeline.adapters.picture import Bgr, encode_jpeg
from pipeline.adapters.redactor import find_font
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import BadInput
from pipeline.domain.frame import Frame
from pipeline.domain.geometry import Box
from pipeline.steps.detect import detect
from tests.builders import ADS, a_view

CANVAS = (384, 640)
HEAP, BIN, WALL = Box(0.1, 0.5, 0.3, 0.8), Box(0.6, 0.5, 0.7, 0.8), Box(0.4, 0.1, 0.5, 0.2)
NAMES = {0: "garbage", 1: "garbage_bin", 2: "overflow"}
CATEGORIES = {"garbage": "litter", "garbage_bin": None, "overflow": "litter"}
Lines = Mapping[int, Sequence[tuple[int, Box]]]
"""Boxes by the picture's width: so a detector that is no network tells pictures apart."""


def grey(width: int, height: int = 300) -> Bgr:
    return np.full((height, width, 3), 120, np.uint8)


def a_source(folder: Path, pictures: Lines, split: str = "val", **keys: object) -> Source:
    for width, boxes in pictures.items():
        picture = folder / split / "images" / f"{width}.jpg"
        label = folder / split / "labels" / f"{width}.txt"
        picture.parent.mkdir(parents=True, exist_ok=True)
        label.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(encode_jpeg(grey(width)))
        label.write_text(
            "".join(f"{number} {' '.join(map(str, (*box.centre, box.width, box.height)))}\n" for number, box in boxes)
        )
    (folder / "source.yaml").write_text(
        yaml.safe_dump({"name": "any", "licence": "own", "names": NAMES, "categories": CATEGORIES, **keys})
    )
    return read_source(folder)


@dataclass
class Knowing:
    """Port Detector that finds `found[width]` in a picture of that width and counts its looks a pass."""

    found: Mapping[int, Sequence[tuple[str, Box, float]]]
    model: str = "0" * 12
    classes: tuple[str, ...] = ("litter", "illegal_ad")
    looks: tuple[Pass, ...] = ()

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        self.looks = (*self.looks, *[found_by] * len(frames))
        return [
            tuple(
                Detection(box, category, score, found_by, self.model)
                for category, box, score in self.found.get(frame.width, ())
                if score >= threshold
            )
            for frame in frames
        ]


def one_pass(detector: Knowing) -> Callable[[Frame], Sequence[Detection]]:
    return lambda frame: detector.detect([frame], Pass.fast, 0.01)[0]


THRESHOLDS = {"litter": 0.5, "illegal_ad": 0.5}


def test_names_that_mean_one_category_are_one_and_hard_negatives_are_none(tmp_path: Path) -> None:
    source = a_source(tmp_path, {400: [(0, HEAP)], 402: [(2, HEAP), (1, BIN)], 404: [(1, BIN)]})
    detector = Knowing({400: [("litter", HEAP, 0.9)], 402: [("litter", HEAP, 0.8)], 404: [("litter", BIN, 0.7)]})
    litter = evaluate_source(one_pass(detector), source, "val", THRESHOLDS).categories["litter"]
    assert litter.boxes == 2
    assert (litter.counted.right, litter.counted.wrong, litter.counted.missed) == (2, 1, 0)
    assert (litter.clean.pictures, litter.clean.alarmed) == (1, 1), "a bin alone is a clean picture"


def test_a_category_that_a_source_does_not_label_has_no_precision_but_its_alarms_count(tmp_path: Path) -> None:
    source = a_source(tmp_path, {400: [(0, HEAP)], 402: []})
    scores = evaluate_source(one_pass(Knowing({402: [("illegal_ad", WALL, 0.6)]})), source, "val", THRESHOLDS)
    ads = scores.categories["illegal_ad"]
    assert not ads.labelled and scores.categories["litter"].labelled
    assert (ads.ap50, ads.ap50_95, ads.precision, ads.counted.recall) == (None, None, None, None)
    assert (ads.clean.pictures, ads.clean.alarmed) == (2, 1)


def test_labels_that_reach_outside_the_picture_are_clipped_to_it(tmp_path: Path) -> None:
    source = a_source(tmp_path, {400: [(0, Box(-0.2, 0.5, 0.2, 0.8))]})
    detector = Knowing({400: [("litter", Box(0.0, 0.5, 0.2, 0.8), 0.9)]})
    assert evaluate_source(one_pass(detector), source, "val", THRESHOLDS).categories["litter"].counted.right == 1


def test_another_split_is_taken_where_the_wanted_one_is_missing(tmp_path: Path) -> None:
    source = a_source(tmp_path / "a", {400: []}, split="train")
    assert split_to_measure(source, "val") == "train"
    a_source(tmp_path / "a", {400: []}, split="test")
    assert split_to_measure(source, "val") == "test"
    assert split_to_measure(source, "train") == "train"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "source.yaml").write_text(yaml.safe_dump({"names": NAMES}))
    with pytest.raises(BadInput, match="no pictures"):
        split_to_measure(read_source(tmp_path / "b"), "val")


def test_a_folder_of_sources_and_one_source_are_both_taken(tmp_path: Path) -> None:
    a_source(tmp_path / "b", {400: []})
    a_source(tmp_path / "a", {400: []})
    (tmp_path / "video").mkdir()
    assert [path.name for path in source_folders(tmp_path)] == ["a", "b"]
    assert source_folders(tmp_path / "a") == [tmp_path / "a"]
    with pytest.raises(BadInput, match="holds no source"):
        source_folders(tmp_path / "video")


def test_what_is_no_picture_is_told_and_the_others_are_measured_in_order(tmp_path: Path) -> None:
    source = a_source(tmp_path, {width: [] for width in range(400, 420, 2)})
    (tmp_path / "val" / "images" / "404.jpg").write_bytes(b"no picture")
    ticks: list[int] = []
    looked, bad = look_at(samples(source, "val"), passes_of(Knowing({}), CANVAS), lambda: ticks.append(1))
    assert [one.width for one in looked] == [400, 402, *range(406, 420, 2)]
    assert len(bad) == 1 and "404.jpg" in bad[0]
    assert len(ticks) == 10


def test_the_fine_pass_is_not_run_where_the_canvas_shows_all(tmp_path: Path) -> None:
    small, large = 400, 1280
    assert not tiles(small, 300, CANVAS) and tiles(large, 300, CANVAS)
    source = a_source(tmp_path, {small: [], large: []})
    detector = Knowing({small: [("litter", HEAP, 0.9)]})
    looked, _ = look_at(samples(source, "val"), passes_of(detector, CANVAS))
    assert sorted(detector.looks) == [Pass.fast, Pass.fast, Pass.fine]
    by_width = {one.width: one for one in looked}
    assert by_width[small].found[Pass.fine] == tuple(
        replace(one, found_by=Pass.fine) for one in by_width[small].found[Pass.fast]
    )


def halve_ads(_: Frame, detections: Sequence[Detection]) -> Sequence[Detection]:
    assert all(one.score >= 0.05 for one in detections), "what a patrol does not ask for is not looked at again"
    return [replace(one, score=one.score / 2) if one.category == "illegal_ad" else one for one in detections]


def evaluated(folder: Path, review: bool) -> Evaluation:
    """Two litter boxes of which one is found, an alarm for an ad in a clean picture that a second look takes back."""
    source = a_source(folder / "street", {400: [(0, HEAP)], 402: [(0, HEAP)], 404: [(1, BIN)]})
    ads = [("illegal_ad", WALL, 0.6), ("illegal_ad", WALL, 0.01)]
    detector = Knowing({400: [("litter", HEAP, 0.9)], 402: [("litter", HEAP, 0.3)], 404: ads})
    look = passes_of(detector, CANVAS, halve_ads if review else None)
    looked, _ = look_at(samples(source, "val"), look)
    card = ModelCard(
        name="any", sha256="0" * 64, classes=detector.classes, image_size=CANVAS,
        thresholds={"litter": {Pass.fast: 0.5, Pass.fine: 0.25}},
    )  # fmt: skip
    return evaluate([(source, "val", looked)], card, tuple(Pass), Pass.fast)


def test_the_json_has_sources_on_top_and_each_pass_below_with_its_own_threshold(tmp_path: Path) -> None:
    write_json(evaluated(tmp_path, review=False), tmp_path / "deep" / "figures.json")
    told = json.loads((tmp_path / "deep" / "figures.json").read_text("utf-8"))
    assert set(told) == {"street", "passes"}
    assert set(told["passes"]) == {"fast", "fine"}
    assert set(told["street"]) == {"litter", "street_business", "charging_cable", "illegal_ad"}
    litter = told["street"]["litter"]
    wanted = {"precision": 1.0, "recall": 0.5, "boxes": 2, "images": 3, "clean_images": 1, "clean_images_alarmed": 0}
    assert wanted.items() <= litter.items()
    assert litter["ap50"] == pytest.approx(1.0, abs=0.006)
    assert litter["labelled"] and litter["threshold"] == 0.5 and litter["recall_interval"] == [0.0945, 0.9055]
    assert litter.items() == told["passes"]["fast"]["street"]["litter"].items()
    assert told["passes"]["fine"]["street"]["litter"]["recall"] == 1.0
    business = told["street"]["street_business"]
    assert business["ap50"] is None and not business["labelled"] and not business["known_to_weights"]
    assert told["street"]["illegal_ad"]["clean_images_alarmed"] == 1
    assert told["street"]["illegal_ad"]["false_alarms_per_100_clean"] == pytest.approx(33.3333)


def test_a_second_look_changes_the_figures_on_top_and_those_before_it_are_kept(tmp_path: Path) -> None:
    told = as_json(evaluated(tmp_path, review=True))
    ads = told["street"]["illegal_ad"]
    assert ads["clean_images_alarmed"] == 0 and ads["second_look"]
    assert ads["without_second_look"]["clean_images_alarmed"] == 1
    assert told["passes"]["fine"]["street"]["illegal_ad"]["clean_images_alarmed"] == 0
    assert "without_second_look" not in as_json(evaluated(tmp_path / "2", review=False))["street"]["illegal_ad"]


class Doubting:
    """Port SecondLook: weak boxes get a fixed score."""

    version = "1"
    categories = frozenset({"illegal_ad"})

    def __init__(self, score: float) -> None:
        self._score = score

    def review(self, _frame: Frame, detections: Sequence[Detection]) -> tuple[Detection, ...]:
        return tuple(replace(one, score=self._score) if one.category == "illegal_ad" else one for one in detections)


@pytest.mark.parametrize("found_by", list(Pass))
@pytest.mark.parametrize("answer", [0.02, 0.3, 0.6, 0.95])
def test_a_box_passes_the_threshold_where_it_would_on_patrol(tmp_path: Path, found_by: Pass, answer: float) -> None:
    threshold = 0.5
    ads = [("illegal_ad", Box(0.1 * n, 0.1, 0.1 * n + 0.05, 0.2), 0.04 + 0.1 * n) for n in range(10)]
    detector = OnePass({1280: ads}, found_by)
    source = a_source(tmp_path, {1280: []})
    look = passes_of(detector, CANVAS, Doubting(answer).review)
    found = look_at(samples(source, "val"), look)[0][0].found[found_by]
    frame = frame_of(tmp_path / "val" / "images" / "1280.jpg")
    categories = {"illegal_ad": replace(ADS, threshold=threshold)}
    seen = detect([(a_view(), frame, frozenset(Pass))], detector, categories, ZoneInfo("UTC"), Doubting(answer))[0]
    assert {one.box for one in found if one.score >= threshold} == {one.box for one in seen.findable}


class OnePass(Knowing):
    """Finds nothing in other passes than `sees`."""

    def __init__(self, found: Mapping[int, Sequence[tuple[str, Box, float]]], sees: Pass) -> None:
        super().__init__(found)
        self._sees = sees

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        found = super().detect(frames, found_by, threshold)
        return found if found_by is self._sees else [() for _ in frames]


def test_the_default_pass_before_its_second_look_is_a_way_of_its_own(tmp_path: Path) -> None:
    source = a_source(tmp_path, {400: []})
    look = passes_of(Knowing({}), CANVAS, halve_ads, default=Pass.fine)
    looked, _ = look_at(samples(source, "val"), look)
    assert set(looked[0].found) == {Pass.fast, Pass.fine, FIRST_LOOK}


def test_thresholds_are_the_cards_else_the_tables_and_new_categories_come_last(tmp_path: Path) -> None:
    categories = {**CATEGORIES, "overflow": "graffiti", "garbage_bin": "bin"}
    source = a_source(tmp_path, {400: []}, categories=categories)
    card = ModelCard(
        name="any", sha256="0" * 64, classes=("litter",), image_size=CANVAS, thresholds={"litter": {Pass.fine: 0.7}}
    )
    thresholds = thresholds_of(card, Pass.fine, [source])
    assert thresholds["litter"] == 0.7 and thresholds["illegal_ad"] == 0.45
    assert list(thresholds)[-1] == "graffiti" and "bin" not in thresholds


def scores_with_every_fault(folder: Path) -> SourceScores:
    source = a_source(folder / "street", {400: [(0, HEAP)], 402: [(0, HEAP), (0, BIN)], 404: []})
    off = Box(0.22, 0.5, 0.42, 0.8)
    detector = Knowing(
        {
            400: [("litter", HEAP, 0.9), ("litter", HEAP, 0.8)],
            402: [("litter", off, 0.7), ("litter", BIN, 0.2)],
            404: [("litter", WALL, 0.95)],
        }
    )
    return evaluate_source(one_pass(detector), source, "val", {"litter": 0.5})


def test_mistakes_are_named_by_their_fault_and_false_and_missed_ones_take_turns(tmp_path: Path) -> None:
    mistakes = worst_mistakes([scores_with_every_fault(tmp_path)], {"litter"})
    assert [one.fault for one in mistakes] == [
        Fault.false_alarm, Fault.missed, Fault.twice, Fault.too_faint, Fault.off,
    ]  # fmt: skip
    assert mistakes[0].picture.name == "404.jpg" and mistakes[0].score == 0.95
    assert np.allclose(mistakes[1].box, (HEAP.left, HEAP.top, HEAP.right, HEAP.bottom))
    assert len(worst_mistakes([scores_with_every_fault(tmp_path)], {"litter"}, most=2)) == 2


def test_weights_are_not_blamed_for_what_they_do_not_know(tmp_path: Path) -> None:
    assert worst_mistakes([scores_with_every_fault(tmp_path)], {"illegal_ad"}) == []


def test_a_tile_shows_the_box_in_its_surroundings_and_never_leaves_the_picture() -> None:
    for box in ((0.0, 0.0, 3.0, 3.0), (390.0, 290.0, 400.0, 300.0), (0.0, 0.0, 400.0, 300.0), (5.0, 0.0, 7.0, 300.0)):
        left, top, right, bottom = window(np.array(box), 400, 300)
        assert 0 <= left <= box[0] and 0 <= top <= box[1]
        assert box[2] <= right <= 400 and box[3] <= bottom <= 300


@pytest.mark.parametrize("with_chinese", [False, True])
def test_sheet_and_curves_are_pictures_with_and_without_a_chinese_font(tmp_path: Path, with_chinese: bool) -> None:
    font = find_font() if with_chinese else None
    if with_chinese and font is None:
        pytest.skip("no Chinese font on this machine")
    scores = scores_with_every_fault(tmp_path)
    draw_sheet(worst_mistakes([scores], {"litter"}), tmp_path / "new" / "sheet.jpg", "any", font)
    draw_sheet([], tmp_path / "empty.jpg", "any", font)
    draw_curves({"street": scores}, tmp_path / "new" / "curves.png", "any", font)
    for drawn in ("new/sheet.jpg", "empty.jpg", "new/curves.png"):
        picture = cv2.imread(str(tmp_path / drawn))
        assert picture is not None and picture.shape[1] > 1000 and picture.std() > 1


def test_a_wrong_box_is_outlined_in_its_tile(tmp_path: Path) -> None:
    worst = worst_mistakes([scores_with_every_fault(tmp_path)], {"litter"})[0]
    red = np.all(np.abs(tile_of(worst).astype(int) - np.array(WRONG[::-1])) < 10, axis=2)
    assert red.sum() > 50
