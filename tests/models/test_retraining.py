"""A challenger that learned from swapped labels is turned away, and by the right rule."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from datasets.source import LabelledBox, Sample, read_source, samples, write_boxes
from datasets.town_pictures import write_pictures
from datasets.versions import FreezeTerms, FrozenVersion, freeze
from models.gate import judge
from models.gate_measuring import compare
from models.gate_report import gate_facts, write_report
from models.registry import Registry
from models.retraining import RetrainTerms, retrain
from models.ultralytics_detector import UltralyticsDetector
from pipeline.domain.label import JudgedBox, JudgedFrame
from pipeline.domain.review import Teaches
from tests.builders import START

WEIGHTS = Path(__file__).resolve().parent.parent.parent / "models" / "weights"
PICTURES, VIEWS = 20, 10
EVERYTHING = frozenset({"litter", "street_business", "charging_cable", "illegal_ad"})
WORKING_POINTS = {"litter": 0.3, "street_business": 0.3, "illegal_ad": 0.3}
SWAPPED = {"litter": "illegal_ad", "illegal_ad": "litter"}


def frozen_town(folder: Path) -> FrozenVersion:
    """Drawn streets as if reviewers had looked each of them over, half of them held out."""
    write_pictures(folder / "drawn", PICTURES, seed=9)
    drawn = samples(read_source(folder / "drawn"), "train")
    pictures = {sample.picture.stem: sample.picture for sample in drawn}
    frames = [_judged(number, sample) for number, sample in enumerate(drawn)]
    terms = FreezeTerms(hold_out_share=0.6)
    return freeze(frames, lambda image: pictures[image].read_bytes(), folder / "datasets", terms)


def _judged(number: int, sample: Sample) -> JudgedFrame:
    said = tuple(JudgedBox(one.name, one.box, Teaches.positive) for one in sample.boxes if one.name in EVERYTHING)
    view = number % VIEWS
    return JudgedFrame(sample.picture.stem, view, view, START + timedelta(days=number), said, (), EVERYTHING)


def swap_labels(version: FrozenVersion) -> None:
    """What training sees, not what is held out."""
    for folder in version.sources:
        source = read_source(folder)
        for sample in samples(source, "train"):
            turned = [LabelledBox(SWAPPED.get(one.name, one.name), one.box) for one in sample.boxes]
            write_boxes(sample.label_file, turned, source.names)


@pytest.mark.slow
def test_a_challenger_of_swapped_labels_is_rejected_for_that_category(tmp_path: Path) -> None:
    registry = Registry(WEIGHTS, tmp_path / "models" / "exports")
    champion = registry.default()
    version = frozen_town(tmp_path)
    swap_labels(version)
    terms = RetrainTerms(epochs=12, image_size=320, lr0=0.004)
    weights = retrain(registry.weights(champion), version.sources, tmp_path / "work", terms)
    assert retrain(registry.weights(champion), version.sources, tmp_path / "work", terms) == weights, "once is enough"
    challenger = registry.add(weights, champion)
    assert challenger.classes == champion.classes
    before, after = (
        UltralyticsDetector(registry.weights(card), card.hash12, card.image_size, tmp_path / "config")
        for card in (champion, challenger)
    )
    compared = compare(before, after, version.folder, WORKING_POINTS)
    answer = judge(compared.champion, compared.challenger)
    assert not answer.passed
    assert {(rule.code, rule.category) for rule in answer.reasons} >= {("ap50", "litter"), ("recall", "litter")}
    write_report(tmp_path / "report", compared, answer, None)
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert all(rule.zh in page for rule in answer.reasons)
    assert (tmp_path / "report" / "broken_0.jpg").stat().st_size > 0
    assert "<script" not in page
    assert json.loads(json.dumps(gate_facts(compared, answer)))["passed"] is False
