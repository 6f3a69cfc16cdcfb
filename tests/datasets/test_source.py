"""The one layout that all labelled pictures have."""

from pathlib import Path

import pytest

from datasets.source import LabelledBox, read_boxes, read_source, samples, splits, write_boxes, write_source
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box
from tests.datasets.small_source import USUAL_BOXES, save_patches, small_source

YAML = "names: {0: garbage, 1: garbage_bin}\ncategories: {garbage: litter, garbage_bin: null}\n"


def given(tmp_path: Path, text: str) -> Path:
    (tmp_path / "source.yaml").write_text(text, "utf-8")
    return tmp_path


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    written = small_source(tmp_path / "small")
    read = read_source(tmp_path / "small")
    assert read == written
    assert splits(read) == ("train", "val")
    for split, expected in USUAL_BOXES.items():
        found = samples(read, split)
        assert [sample.picture.name for sample in found] == [f"{split}_{place}.jpg" for place in range(len(expected))]
        for sample, boxes in zip(found, expected, strict=True):
            assert [box.name for box in sample.boxes] == [box.name for box in boxes]
            for got, want in zip(sample.boxes, boxes, strict=True):
                assert (got.box.left, got.box.bottom) == pytest.approx((want.box.left, want.box.bottom), abs=1e-5)


def test_a_source_speaks_of_what_its_table_names_and_of_bins(tmp_path: Path) -> None:
    source = read_source(given(tmp_path, YAML))
    assert source.labelled == {"litter", "bin"}
    assert source.category_of("garbage") == "litter"
    assert source.category_of("garbage_bin") is None


def test_a_source_may_say_itself_of_what_it_speaks_and_keeps_it(tmp_path: Path) -> None:
    source = read_source(given(tmp_path, YAML + "labelled: [litter, illegal_ad]\n"))
    assert source.labelled == {"litter", "illegal_ad"}
    write_source(tmp_path / "again", source)
    assert read_source(tmp_path / "again").labelled == source.labelled


def test_names_that_are_classes_of_ours_need_no_line_and_others_map_nowhere(tmp_path: Path) -> None:
    source = read_source(given(tmp_path, "names: [litter, cone, heap, car]\ncategories: {heap: rubbish}\n"))
    assert source.category_of("litter") == "litter"
    assert source.category_of("car") == "car"
    assert source.unmapped() == ("cone", "heap")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("names: {0: a, 2: b}", "without a gap"),
        ("names: [a, a]", "twice"),
        ("name: x", "class names"),
        ("names: [a\n", "cannot be read"),
        ("- a", "key: value"),
        ("names: [a]\ncategories: {b: litter}", "speaks of b"),
        ("names: [a]\nlabelled: [Rub bish]", "Rub bish"),
        ("names: [a]\nlabelled: litter", "a list"),
    ],
)
def test_a_broken_source_file_is_named_with_its_reason(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        read_source(given(tmp_path, text))
    assert "source.yaml" in str(refused.value)


def test_a_source_of_clean_pictures_needs_no_names(tmp_path: Path) -> None:
    small_source(tmp_path, {"train": [[]]}, (), {})
    source = read_source(tmp_path)
    assert source.names == ()
    assert [sample.boxes for sample in samples(source, "train")] == [()]


def test_a_folder_that_is_no_source_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="dataset import"):
        read_source(tmp_path)


def test_a_split_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="train, val"):
        samples(small_source(tmp_path), "test")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 0.5 0.5 0.1", "5 columns"),
        ("2 0.5 0.5 0.1 0.1", "class 2"),
        ("-1 0.5 0.5 0.1 0.1", "class -1"),
        ("0 0.5 0.5 -0.1 0.1", "no size"),
        ("0 0.5 0.5 nan 0.1", "not finite"),
        ("garbage 0.5 0.5 0.1 0.1", "numbers are expected"),
        ("0 0.1 0.1 0.1 0.1 0.1 0.1", "no size"),
    ],
)
def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "a.txt"
    file.write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(BadInput, match=rf"a\.txt line 2: .*{words}"):
        read_boxes(file, ("a", "b"))


def test_an_outline_gives_the_box_around_it(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("1 0.1 0.5 0.4 0.2 0.3 0.9\n\n")
    assert read_boxes(file, ("a", "b")) == (LabelledBox("b", Box(0.1, 0.2, 0.4, 0.9)),)


def test_a_picture_without_labels_is_a_sample_without_boxes(tmp_path: Path) -> None:
    source = small_source(tmp_path)
    save_patches(tmp_path / "val" / "images" / "a.jpg", 99)
    assert [len(sample.boxes) for sample in samples(source, "val")] == [0, 1]


def test_a_label_that_reaches_outside_is_kept_as_written(tmp_path: Path) -> None:
    file = tmp_path / "labels" / "a.txt"
    write_boxes(file, [LabelledBox("a", Box(-0.1, 0.2, 0.4, 1.2))], ("a",))
    (read,) = read_boxes(file, ("a",))
    assert (read.box.left, read.box.bottom) == pytest.approx((-0.1, 1.2), abs=1e-5)
