"""What is wrong with labelled pictures is found, and said by file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from datasets.checking import Kind, Report, Severity, check_sources
from datasets.contact_sheet import COLOURS, Choice, contact_sheet
from datasets.likeness import alike_pairs, picture_print
from datasets.source import LabelledBox, Source, read_source, write_boxes
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box
from tests.datasets.small_source import NAMES, box_px, save_patches, small_source


def found(report: Report, kind: Kind) -> list[tuple[str, str]]:
    return [(Path(problem.file).name, problem.reason) for problem in report.problems if problem.kind == kind]


def test_a_sound_source_has_no_problem(tmp_path: Path) -> None:
    report = check_sources([small_source(tmp_path)])
    assert report.problems == ()
    assert report.passed
    assert report.pictures == {"small/train": 3, "small/val": 1}
    assert report.boxes == {"small/garbage": 2, "small/overflow": 1, "small/garbage_bin": 1}


def test_boxes_outside_tiny_and_double_are_told_apart(tmp_path: Path) -> None:
    boxes = {
        "train": [
            [box_px("garbage", 150, 20, 30, 40)],
            [box_px("garbage", 10, 20, 3, 40), box_px("overflow", 50, 50, 4, 4)],
            [box_px("garbage", 10, 20, 50, 40), box_px("garbage", 10, 20, 50, 41), box_px("overflow", 10, 20, 50, 40)],
            [box_px("garbage", -0.9, 20, 50, 40)],
        ]
    }
    report = check_sources([small_source(tmp_path, boxes)])
    assert found(report, Kind.outside) == [("train_0.txt", "garbage at (165, 40) reaches 20 px outside")]
    assert found(report, Kind.tiny) == [("train_1.txt", "garbage at (12, 40) is 3.0x40.0 px")]
    assert found(report, Kind.double) == [("train_2.txt", "two boxes of garbage overlap by 0.98 at (35, 40)")]
    assert len(report.problems) == 3
    assert not report.passed


def test_unreadable_and_cut_off_pictures_are_errors_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    source = small_source(tmp_path)
    whole = (tmp_path / "train" / "images" / "train_0.jpg").read_bytes()
    (tmp_path / "train" / "images" / "train_0.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "train" / "images" / "train_1.jpg").write_bytes(b"no picture")
    (tmp_path / "train" / "images" / "train_2.jpg").write_bytes(b"")
    report = check_sources([source])
    assert [name for name, _ in found(report, Kind.unreadable)] == ["train_0.jpg", "train_1.jpg", "train_2.jpg"]
    assert not report.passed


def test_broken_label_lines_are_named_by_number_and_the_other_lines_count(tmp_path: Path) -> None:
    source = small_source(tmp_path)
    (tmp_path / "val" / "labels" / "val_0.txt").write_text("0 0.5 0.5 0.2 0.2\n7 0.5 0.5 0.2 0.2\n0 0.5 0.5 -1 0.2\n")
    report = check_sources([source])
    assert [name for name, _ in found(report, Kind.broken_label)] == ["val_0.txt line 2", "val_0.txt line 3"]
    assert report.boxes["small/garbage"] == 2


def test_pictures_and_labels_without_each_other_are_information_only(tmp_path: Path) -> None:
    source = small_source(tmp_path)
    (tmp_path / "val" / "labels" / "val_0.txt").rename(tmp_path / "val" / "labels" / "other.txt")
    report = check_sources([source])
    assert found(report, Kind.no_labels) == [("val_0.jpg", "no label file")]
    assert found(report, Kind.no_picture) == [("other.txt", "no picture of this name")]
    assert {problem.severity for problem in report.problems} == {Severity.information}
    assert report.passed


def test_names_that_map_nowhere_are_a_warning(tmp_path: Path) -> None:
    report = check_sources([small_source(tmp_path, categories={"garbage": "litter", "overflow": "rubbish"})])
    assert [reason.split(";")[0] for _, reason in found(report, Kind.unmapped)] == [
        "garbage_bin is in no line of categories",
        "overflow: rubbish is no model class",
    ]
    assert report.passed


def copy_of(tmp_path: Path, change: str) -> Image.Image:
    with Image.open(tmp_path / "train" / "images" / "train_0.jpg") as opened:
        image = opened.convert("RGB")
    changes = {
        "same": image,
        "small": image.resize((80, 60)),
        "dark": ImageEnhance.Brightness(image).enhance(0.6),
        "mirrored": image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "turned": image.transpose(Image.Transpose.ROTATE_90),
        "mirrored and turned": image.transpose(Image.Transpose.TRANSVERSE),
    }
    return changes[change]


@pytest.mark.parametrize("change", ["same", "small", "dark", "mirrored", "turned", "mirrored and turned"])
def test_one_photo_in_two_splits_is_a_leak_however_it_was_turned(tmp_path: Path, change: str) -> None:
    source = small_source(tmp_path)
    copy_of(tmp_path, change).save(tmp_path / "val" / "images" / "val_0.jpg", quality=70)
    report = check_sources([source])
    ((file, reason),) = found(report, Kind.leak)
    assert file == "val_0.jpg"
    assert "train_0.jpg" in reason
    assert ("turned or mirrored" in reason) == ("mirrored" in change or "turned" in change)
    assert not report.passed


def test_one_photo_twice_in_a_split_is_a_near_duplicate_and_no_leak(tmp_path: Path) -> None:
    source = small_source(tmp_path)
    for name in ("a", "b"):
        copy_of(tmp_path, "dark").save(tmp_path / "train" / "images" / f"{name}.jpg")
    report = check_sources([source])
    assert [file for file, _ in found(report, Kind.near_duplicate)] == ["b.jpg", "train_0.jpg"]
    assert not found(report, Kind.leak)
    assert report.passed


def test_leaks_are_found_between_sources_too(tmp_path: Path) -> None:
    one = small_source(tmp_path / "one")
    other = small_source(tmp_path / "other", {"val": [[box_px("garbage", 1, 1, 20, 20)]]})
    report = check_sources([other, one])
    ((file, reason),) = found(report, Kind.leak)
    assert file == "val_0.jpg"
    assert str(tmp_path / "one" / "train" / "images" / "train_0.jpg") in reason


def street(seed: int) -> Image.Image:
    """Bricks, doors and scribbles enough for corner points."""
    rng = np.random.default_rng(seed)
    wall = np.array(Image.fromarray(rng.integers(60, 200, (6, 8, 3), dtype=np.uint8)).resize((480, 360)))
    for _ in range(150):
        x, y, side = rng.integers(0, 460), rng.integers(0, 340), rng.integers(4, 30)
        wall[y : y + side, x : x + side] = rng.integers(0, 255, 3)
    return Image.fromarray(wall)


def test_a_thorough_look_finds_cropped_copies_and_no_different_picture(tmp_path: Path) -> None:
    source = small_source(tmp_path, {"train": [[], []], "val": [[], []]})
    images = {split: tmp_path / split / "images" for split in ("train", "val")}
    for place in range(2):
        street(place).save(images["train"] / f"train_{place}.jpg")
        street(place + 9).save(images["val"] / f"val_{place}.jpg")
    street(1).crop((24, 18, 456, 342)).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(images["val"] / "val_1.jpg")
    assert not found(check_sources([source]), Kind.leak)
    report = check_sources([source], thorough=True)
    ((file, reason),) = found(report, Kind.same_place)
    assert (file, "train_1.jpg" in reason) == ("val_1.jpg", True)
    assert not report.passed


def test_two_different_pictures_are_never_called_one(tmp_path: Path) -> None:
    prints = [picture_print(save_patches(tmp_path / f"{seed}.jpg", seed)) for seed in range(60)]
    assert list(alike_pairs(prints)) == []


def test_pairs_are_found_across_the_blocks_of_the_search() -> None:
    prints = np.random.default_rng(1).integers(0, 2**63, (700, 8), dtype=np.uint64)
    prints[:, 1:] = prints[:, :1]
    prints[650] = prints[3] ^ np.uint64(0b111)
    prints[699] = prints[698]
    assert [(pair.first, pair.second, pair.bits) for pair in alike_pairs(list(prints))] == [(3, 650, 3), (698, 699, 0)]


def test_a_source_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no picture"):
        check_sources([small_source(tmp_path, {})])


@pytest.mark.shared
def test_the_real_close_ups_hold_turned_copies_in_their_splits_and_none_across(shared: Path) -> None:
    report = check_sources([read_source(shared / "taco")])
    assert len(found(report, Kind.near_duplicate)) >= 25
    assert not found(report, Kind.leak)


# The contact sheet


def colours_of(source: Source, choice: Choice) -> set[str]:
    """Which of the boxes' colours the pictures of the sheet hold; the legend is cut off."""
    sheet = np.asarray(contact_sheet(source, choice).image)[150:]
    wanted = {colour: tuple(bytes.fromhex(colour[1:])) for colour in COLOURS[:3]}
    return {colour for colour, rgb in wanted.items() if (sheet == rgb).all(axis=2).any()}


def test_a_contact_sheet_draws_each_class_in_its_colour(tmp_path: Path) -> None:
    source = small_source(tmp_path)
    assert colours_of(source, Choice()) == set(COLOURS[:3])
    assert colours_of(source, Choice(split="val")) == {COLOURS[0]}
    assert colours_of(source, Choice(category="none")) == set()


def test_a_contact_sheet_takes_our_names_and_theirs_and_a_seed(tmp_path: Path) -> None:
    source = small_source(tmp_path)
    counts = {name: contact_sheet(source, Choice(category=name)).of for name in ("litter", "garbage_bin", "none", "")}
    assert counts == {"litter": 2, "garbage_bin": 1, "none": 1, "": 4}
    one, same, other = (np.asarray(contact_sheet(source, Choice(count=1, seed=seed)).image) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_contact_sheet_of_nothing_says_what_there_is(tmp_path: Path) -> None:
    source = small_source(tmp_path)
    with pytest.raises(BadInput, match="knows no stall: say one of garbage, garbage_bin, overflow, litter, none"):
        contact_sheet(source, Choice(category="stall"))
    with pytest.raises(BadInput, match="train, val"):
        contact_sheet(source, Choice(split="test"))


def test_a_crowd_of_boxes_and_an_unreadable_picture_do_not_stop_a_contact_sheet(tmp_path: Path) -> None:
    source = small_source(tmp_path)
    crowd = [LabelledBox("garbage", Box(x / 40, 0.5, x / 40 + 0.1, 0.6)) for x in range(36)]
    write_boxes(tmp_path / "train" / "labels" / "train_0.txt", crowd, NAMES)
    (tmp_path / "train" / "images" / "train_1.jpg").write_bytes(b"no picture")
    assert contact_sheet(source, Choice()).shown == 4
