"""Training on partial labels: what a source does not label teaches nothing, and a killed training goes on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from datasets.source import LabelledBox, Source, write_boxes, write_source
from models.recipe import Recipe, RecipeSource, read_recipe
from models.torch_runtime import load_ultralytics
from models.training import prepare, train
from models.training_data import Joined, join_sources
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box
from tests.models.conftest import ROOT, save_untrained

CLASSES = ("litter", "illegal_ad", "person", "bin")
PERSON = LabelledBox("person", Box(0.1, 0.1, 0.3, 0.5))
PICTURES = 5


def make_source(root: Path, name: str, own: str, labelled: Sequence[str], seed: int) -> Path:
    source = Source(root / name, name, "CC0", "drawn", "", (own,), {own: own}, frozenset(labelled))
    write_source(root / name, source)
    chance = np.random.default_rng(seed)
    for split in ("train", "val"):
        (root / name / split / "images").mkdir(parents=True)
        for number in range(PICTURES):
            picture = chance.integers(0, 255, (96, 128, 3), np.uint8)
            cv2.imwrite(str(root / name / split / "images" / f"{name}{number}.jpg"), picture)
            boxes = [LabelledBox(own, Box(0.4, 0.4, 0.8, 0.9))]
            write_boxes(root / name / split / "labels" / f"{name}{number}.txt", boxes, (own,))
    return root / name


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    root = tmp_path / "sources"
    make_source(root, "heaps", "litter", ["litter", "bin"], 1)
    make_source(root, "walls", "illegal_ad", ["illegal_ad"], 2)
    return root


def recipe(**train_settings: Any) -> Recipe:
    settings = {
        "imgsz": 64,
        "batch": 4,
        "workers": 0,
        "seed": 3,
        "epochs": 1,
        "mosaic": 1.0,
        "mixup": 0.5,
        **train_settings,
    }
    entries = (RecipeSource(folder="heaps"), RecipeSource(folder="walls"))
    return Recipe(name="test", classes=CLASSES, sources=entries, train=settings)


def joined_of(recipe_: Recipe, sources: Path, out: Path) -> Joined:
    def teach(pictures: Sequence[Path]) -> list[tuple[LabelledBox, ...]]:
        return [(PERSON,) for _ in pictures]

    return join_sources(recipe_, sources, out, teach, lambda done, of: None)


def a_trainer(recipe_: Recipe, joined: Joined, out: Path) -> Any:
    load_ultralytics(out / "config")
    from models.partial_labels import PartialLabelTrainer  # noqa: PLC0415  # loads torch

    start = save_untrained(out / "start.pt", CLASSES)
    settings = {
        **recipe_.train, "data": str(joined.data_file), "model": str(start), "project": str(out), "name": "run",
        "exist_ok": True, "device": "cpu", "amp": False, "plots": False,
    }  # fmt: skip
    trainer: Any = PartialLabelTrainer(overrides=settings)
    trainer._setup_train()
    return trainer


def test_classes_that_a_source_does_not_label_get_no_gradient_with_augmentation_on(
    sources: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    trainer = a_trainer(recipe(), joined_of(recipe(), sources, out), out)
    from models.partial_labels import source_of  # noqa: PLC0415

    seen = set()
    for raw in trainer.train_loader:
        batch = trainer.preprocess_batch(raw)
        preds = trainer.model(batch["img"])
        preds["scores"].retain_grad()
        trainer.model.criterion(preds, batch)[0].sum().backward()
        gradient = preds["scores"].grad.abs().sum(dim=2)  # (pictures, classes)
        for place, picture in enumerate(batch["im_file"]):
            silent = {"heaps": ("illegal_ad",), "walls": ("litter", "bin")}[source_of(picture)]
            for number, name in enumerate(CLASSES):
                assert (float(gradient[place, number]) == 0.0) == (name in silent), (picture, name)
            seen.add(source_of(picture))
    assert seen == {"heaps", "walls"}


def test_pictures_are_mixed_within_one_source_only(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    trainer = a_trainer(recipe(), joined_of(recipe(), sources, out), out)
    dataset = trainer.train_loader.dataset
    for index in range(len(dataset)):
        of_this = {"heaps": 0.0, "walls": 1.0}["heaps" if "heaps" in dataset.im_files[index] else "walls"]
        for _ in range(5):
            categories = {float(number) for number in dataset[index]["cls"].flatten()} - {2.0}
            assert categories <= {of_this}


def test_joined_labels_hold_the_sources_own_boxes_and_the_teachers(sources: Path, tmp_path: Path) -> None:
    joined = joined_of(recipe(), sources, tmp_path / "out")
    label = tmp_path / "out" / "joined" / "walls" / "train" / "labels" / "walls0.txt"
    assert [line.split()[0] for line in label.read_text().splitlines()] == ["1", "2"]
    speaks = yaml.safe_load(joined.data_file.read_text())["speaks"]
    assert "illegal_ad" in speaks["walls"] and "litter" not in speaks["walls"]
    assert {"person", "umbrella"} <= set(speaks["walls"])
    assert joined.pictures == {f"{name}/{split}": PICTURES for name in ("heaps", "walls") for split in ("train", "val")}


def test_a_category_that_does_not_ship_is_trained_like_any_other(tmp_path: Path) -> None:
    make_source(tmp_path / "sources", "lids", "open_manhole", ["open_manhole"], 4)
    fifth = Recipe(name="fifth", classes=("litter", "open_manhole"), sources=(RecipeSource(folder="lids"),))
    joined_of(fifth, tmp_path / "sources", tmp_path / "out")
    label = tmp_path / "out" / "joined" / "lids" / "train" / "labels" / "lids0.txt"
    assert label.read_text().split()[0] == "1"


def test_the_dataset_hash_follows_labels_and_not_places(sources: Path, tmp_path: Path) -> None:
    first = joined_of(recipe(), sources, tmp_path / "out").digest
    assert joined_of(recipe(), sources, tmp_path / "elsewhere").digest == first
    label = sources / "heaps" / "train" / "labels" / "heaps0.txt"
    write_boxes(label, [LabelledBox("litter", Box(0.1, 0.1, 0.2, 0.2))], ("litter",))
    assert joined_of(recipe(), sources, tmp_path / "out").digest != first


def test_a_killed_training_goes_on_where_it_was(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    start = save_untrained(tmp_path / "start.pt", CLASSES)
    wanted = recipe(epochs=3, val=False, plots=False)
    joined = joined_of(wanted, sources, out)

    def killed(epoch: int, _of: int) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(wanted, joined, start, out, killed)
    epochs: list[int] = []
    trained = train(wanted, joined, start, out, lambda epoch, _of: epochs.append(epoch))
    assert epochs[0] == 3, "the second call begins after the last finished epoch"
    assert trained.weights.exists()
    record = yaml.safe_load((trained.folder / "training.yaml").read_text())
    assert record["dataset"] == joined.digest
    other = recipe(epochs=5)
    with pytest.raises(BadInput, match="another recipe"):
        train(other, joined, start, out, lambda epoch, of: None)


def test_pictures_that_are_left_out_are_not_joined(sources: Path, tmp_path: Path) -> None:
    without = recipe()
    first = without.sources[0].model_copy(update={"leave_out": frozenset({"heaps1", "heaps3"})})
    joined = joined_of(without.model_copy(update={"sources": (first, *without.sources[1:])}), sources, tmp_path / "out")
    assert joined.pictures["heaps/train"] == PICTURES - 2
    assert not (tmp_path / "out" / "joined" / "heaps" / "train" / "images" / "heaps1.jpg").is_symlink()


def test_a_recipe_with_a_fault_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("name: x\nsources: []\n")
    with pytest.raises(BadInput, match=r"broken\.yaml: sources"):
        read_recipe(path)


def test_every_shipped_recipe_reads() -> None:
    recipes = sorted((ROOT / "models" / "recipes").glob("*.yaml"))
    assert recipes
    for path in recipes:
        assert read_recipe(path).sources


def test_the_teacher_is_asked_once_a_picture(sources: Path, tmp_path: Path) -> None:
    joined_of(recipe(), sources, tmp_path / "out")

    def refuses(pictures: Sequence[Path]) -> list[tuple[LabelledBox, ...]]:
        assert not pictures
        return []

    join_sources(recipe(), sources, tmp_path / "out", refuses, lambda done, of: None)
    assert len(list((tmp_path / "out" / "teacher").glob("*.json"))) == 4 * PICTURES
    assert json.loads(next((tmp_path / "out" / "teacher").glob("*.json")).read_text())


def test_a_real_network_teaches_the_helper_classes(sources: Path, tmp_path: Path) -> None:
    teacher = save_untrained(tmp_path / "teacher.pt", ["person", "bicycle", "dog"])
    lively = recipe().model_copy(update={"teacher_score": 0.4, "teacher_size": 64})
    prepare(lively, sources, teacher, tmp_path / "out", lambda done, of: None)
    rows = [row for file in (tmp_path / "out" / "teacher").glob("*.json") for row in json.loads(file.read_text())]
    assert {row[0] for row in rows} <= {"person", "two_wheeler"} and rows


def test_a_band_keeps_what_the_picture_shows_and_moves_its_boxes(tmp_path: Path) -> None:
    load_ultralytics(tmp_path)
    from ultralytics.utils.instance import Instances  # noqa: PLC0415

    from models.partial_labels import LandscapeCut  # noqa: PLC0415  # loads torch

    padded = np.full((640, 640, 3), 114, np.uint8)
    padded[140:500] = np.random.default_rng(0).integers(0, 255, (360, 640, 3))
    boxes = np.array([[0.5, 0.5, 0.2, 0.2]], np.float32)
    for _ in range(5):
        empty = np.zeros((0, 1000, 2), np.float32)
        labels = {
            "img": padded,
            "instances": Instances(boxes.copy(), empty, bbox_format="xywh"),
            "cls": np.zeros((1, 1)),
        }
        cut = LandscapeCut(384)(labels)
        left, top, right, bottom = cut["instances"].bboxes[0]
        assert cut["img"].shape == (384, 640, 3)
        assert (cut["img"] != 114).any(axis=2).sum() >= 0.99 * 360 * 640, "all of the street is in it"
        assert (left, right, bottom - top) == (256, 384, 128)
        assert (cut["img"][int(top)] == padded[256]).all(), "the box lies where it lay"


def test_a_box_of_which_little_is_left_goes(tmp_path: Path) -> None:
    load_ultralytics(tmp_path)
    from ultralytics.utils.instance import Instances  # noqa: PLC0415

    from models.partial_labels import LandscapeCut  # noqa: PLC0415  # loads torch

    noise = np.random.default_rng(1).integers(0, 255, (640, 640, 3)).astype(np.uint8)
    boxes = np.array([[0.5, 0.02, 0.1, 0.04], [0.5, 0.98, 0.1, 0.04], [0.5, 0.5, 0.1, 0.1]], np.float32)
    empty = np.zeros((0, 1000, 2), np.float32)
    cut = LandscapeCut(384)(
        {"img": noise, "instances": Instances(boxes, empty, bbox_format="xywh"), "cls": np.arange(3.0)[:, None]}
    )
    assert 2.0 in cut["cls"] and len(cut["cls"]) <= 2
    assert len(cut["instances"].bboxes) == len(cut["cls"])
