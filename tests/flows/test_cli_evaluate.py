"""`./patrol evaluate`, as people type it."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner, Result

from datasets.source import read_source, samples
from flows.cli import app
from flows.evaluation_tables import choice_table, pass_table, size_table, source_table
from models.card import ModelCard
from models.evaluation import Evaluation, Looked, evaluate
from pipeline.adapters.picture import encode_jpeg
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.geometry import Box

HEAP = Box(0.1, 0.5, 0.3, 0.8)


def a_source(folder: Path, split: str = "val", labels: str = "0 0.2 0.65 0.2 0.3\n") -> Path:
    """Two grey pictures, a heap labelled in the first."""
    for name, text in (("a", labels), ("b", "")):
        (folder / split / "images").mkdir(parents=True, exist_ok=True)
        (folder / split / "labels").mkdir(parents=True, exist_ok=True)
        street = np.random.default_rng(1).integers(90, 130, (360, 640, 3)).astype(np.uint8)
        (folder / split / "images" / f"{name}.jpg").write_bytes(encode_jpeg(street))
        (folder / split / "labels" / f"{name}.txt").write_text(text)
    table = {"name": "any", "licence": "own", "names": {0: "heap"}, "categories": {"heap": "litter"}}
    (folder / "source.yaml").write_text(yaml.safe_dump(table))
    return folder


def typed(*words: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, words)], env={"COLUMNS": "100"})


@pytest.fixture
def home(tmp_path: Path, exported_model: Path) -> Path:
    """A folder where nothing was set up, but the shipped weights need no export again."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "models").symlink_to(exported_model)
    return folder


@pytest.mark.xdist_group("prefect")
def test_the_shipped_weights_are_measured_without_any_set_up_and_a_broken_source_is_left_out(
    tmp_path: Path, home: Path
) -> None:
    a_source(tmp_path / "data" / "good")
    a_source(tmp_path / "data" / "other", split="train")
    a_source(tmp_path / "data" / "broken", labels="7 0.2 0.65 0.2 0.3\n")
    said = typed(
        "--data", tmp_path / "data", "--json", tmp_path / "figures.json", "--home", home, "--choose-thresholds"
    )
    assert said.exit_code == 1, said.output
    assert "a.txt line 1: class 7" in said.output
    assert "other has no split val: measured on its train" in said.output
    figures = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert set(figures) == {"good", "other", "passes"}
    litter = figures["passes"]["fine"]["good"]["litter"]
    assert (litter["boxes"], litter["images"], litter["clean_images"], litter["split"]) == (1, 2, 1, "val")
    assert figures["other"]["litter"]["split"] == "train"
    for drawn in ("curves.png", "worst_mistakes.jpg"):
        assert (home / "evaluation" / drawn).stat().st_size > 1000
    assert "thresholds:" in said.output
    assert max(len(line) for line in said.stdout.splitlines() if "✓" not in line) <= 100


def test_what_is_missing_or_wrong_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    folder = a_source(tmp_path / "street")
    for words, answer in (
        ((), "--data FOLDER"),
        (("--data", tmp_path / "nowhere"), "holds no source"),
        (("--data", folder, "--source", "alley"), "no source alley"),
        (("--data", folder, "--weights", "none.pt", "--home", tmp_path), "none.pt is not a file"),
        (("--data", folder, "--weights", "ffff", "--home", tmp_path), "weights answer to 'ffff'"),
        (("--data", folder, "--weights", "none.pt", "--canvas", "big"), "such as 384x640"),
    ):
        said = typed(*words)
        assert said.exit_code == 1
        assert answer in said.output and "Traceback" not in said.output
        assert len(said.output.strip().splitlines()) == 1


def an_evaluation(folder: Path) -> Evaluation:
    source = read_source(a_source(folder / "a_street_with_a_long_name"))
    found = {str(way): (Detection(HEAP, "litter", 0.9, Pass.fast, "0" * 12),) for way in Pass}
    looked = [Looked(sample, 640, 360, found) for sample in samples(source, "val")]
    card = ModelCard(name="any", sha256="0" * 64, classes=("litter",), image_size=(384, 640))
    return evaluate([(source, "val", looked)], card, tuple(Pass), Pass.fast)


def test_tables_fit_into_100_columns_and_say_what_is_not_labelled_and_not_known(tmp_path: Path) -> None:
    evaluation = an_evaluation(tmp_path)
    console = Console(width=100, record=True, file=io.StringIO())
    scores = evaluation.usual["a_street_with_a_long_name"]
    for table in (
        source_table(scores, evaluation.classes),
        size_table(evaluation.usual),
        pass_table(evaluation),
        choice_table({("litter", Pass.fast): None}),
    ):
        assert console.measure(table).minimum <= 100
        console.print(table)
    text = console.export_text()
    assert "暴露垃圾" in text and "Illegal ad" in text
    assert text.count("not labelled here") == 3 and text.count("no model yet") == 3
    assert "1 of 1" in text and "none obeys the rule" in text
    assert "…" not in text
