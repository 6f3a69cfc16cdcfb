"""`./patrol dataset` as people type it."""

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from flows.cli import app
from tests.datasets.small_source import box_px, save_patches, small_source


def typed(*words: object) -> Result:
    return CliRunner().invoke(app, ["dataset", *map(str, words)], env={"COLUMNS": "200"})


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A YOLO folder with two classes, one of its label lines broken."""
    save_patches(tmp_path / "theirs" / "images" / "train" / "a.jpg", 1)
    save_patches(tmp_path / "theirs" / "images" / "val" / "b.jpg", 2)
    for split, name, text in (
        ("train", "a", "0 0.5 0.5 0.2 0.2\n9 0.5 0.5 0.2 0.2\n"),
        ("val", "b", "1 0.5 0.5 0.3 0.3\n"),
    ):
        (tmp_path / "theirs" / "labels" / split).mkdir(parents=True)
        (tmp_path / "theirs" / "labels" / split / f"{name}.txt").write_text(text)
    (tmp_path / "theirs" / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [heap, '[bin]']\n")
    return tmp_path / "theirs"


def test_import_says_what_stayed_out_what_maps_nowhere_and_what_comes_next(theirs: Path, tmp_path: Path) -> None:
    answer = typed("import", theirs, tmp_path / "ours", "--origin", "o", "--licence", "l", "--map", "heap=litter")
    assert answer.exit_code == 0, answer.output
    assert "a.txt line 2: class 9 is not in names" in answer.output
    assert "2 pictures (1 train, 1 val), 2 boxes; 1 things stayed out" in answer.output
    assert "[bin]: in as they are" in answer.output
    assert f"./patrol dataset check {tmp_path / 'ours'}" in answer.output
    assert typed("check", tmp_path / "ours").exit_code == 0


def test_import_without_a_licence_is_one_clear_line(theirs: Path, tmp_path: Path) -> None:
    answer = typed("import", theirs, tmp_path / "ours")
    assert answer.exit_code == 1
    assert "--licence" in answer.output
    assert len(answer.output.strip().splitlines()) == 1
    assert not (tmp_path / "ours").exists()


def test_check_ends_with_0_on_warnings_and_with_1_on_errors_and_writes_json(tmp_path: Path) -> None:
    source = small_source(tmp_path / "s", {"train": [[box_px("garbage", 10, 10, 2, 30)]], "val": [[]]})
    answer = typed("check", source.folder, "--json", tmp_path / "found.json")
    assert answer.exit_code == 0
    assert "0 errors, 1 warning" in answer.output
    told = json.loads((tmp_path / "found.json").read_text())
    assert told["passed"] is True
    assert told["counts"]["tiny"] == 1
    assert told["pictures"] == {"small/train": 1, "small/val": 1}
    save_patches(source.folder / "val" / "images" / "val_0.jpg", 1)
    answer = typed("check", source.folder, "--json", tmp_path / "found.json")
    assert answer.exit_code == 1
    (leak,) = [p for p in json.loads((tmp_path / "found.json").read_text())["problems"] if p["kind"] == "leak"]
    assert leak["severity"] == "error"
    assert leak["file"].endswith("val_0.jpg")
    assert "val_0.jpg: same picture as" in answer.output


def test_check_shows_the_first_lines_of_a_kind_and_all_when_asked(tmp_path: Path) -> None:
    boxes = {"train": [[box_px("garbage", 3 * n, 10, 2, 30) for n in range(25)]]}
    source = small_source(tmp_path / "s", boxes)
    assert "… and 5 more" in typed("check", source.folder).output
    assert typed("check", source.folder, "--all").output.count("is 2.0x30.0 px") == 25


def test_show_writes_a_picture_and_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    source = small_source(tmp_path / "s")
    answer = typed("show", source.folder, "--out", tmp_path / "new" / "sheet.png", "--count", "2", "--split", "train")
    assert answer.exit_code == 0
    assert "2 of 3 pictures" in answer.output
    with Image.open(tmp_path / "new" / "sheet.png") as sheet:
        assert sheet.width > 800
    answer = typed("show", source.folder, "--out", tmp_path / "sheet.words")
    assert answer.exit_code == 1
    assert ".jpg or .png" in answer.output


def test_export_and_import_are_each_others_opposite(tmp_path: Path) -> None:
    source = small_source(tmp_path / "s")
    answer = typed("export", source.folder, tmp_path / "out", "--format", "cvat")
    assert answer.exit_code == 0, answer.output
    assert "4 pictures as cvat" in answer.output
    answer = typed("import", tmp_path / "out", tmp_path / "back", "--origin", "o", "--licence", "l")
    assert answer.exit_code == 0, answer.output
    assert "cvat →" in answer.output
    assert "4 pictures (3 train, 1 val), 4 boxes" in answer.output
