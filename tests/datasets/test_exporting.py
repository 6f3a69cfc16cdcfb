"""What goes out comes back the same."""

from pathlib import Path

import pytest
from PIL import Image

from datasets.exporting import ExportFormat, export_source
from datasets.importing import Format, Wish, detect, import_dataset
from datasets.source import Source, read_source, samples, splits
from pipeline.domain.errors import BadInput
from tests.datasets.small_source import HEIGHT, MEANT, NAMES, WIDTH, box_px, save_patches, small_source

HALF_A_PIXEL = 0.5


def boxes_px(source: Source) -> dict[tuple[str, str], list[tuple[str, tuple[float, ...]]]]:
    """By split and picture, each box as name and corners in pixels."""
    found: dict[tuple[str, str], list[tuple[str, tuple[float, ...]]]] = {}
    for split in splits(source):
        for sample in samples(source, split):
            found[split, sample.picture.stem] = [
                (box.name, (box.box.left * WIDTH, box.box.top * HEIGHT, box.box.right * WIDTH, box.box.bottom * HEIGHT))
                for box in sample.boxes
            ]
    return found


def back_again(tmp_path: Path, source: Source, format_: ExportFormat) -> Source:
    export_source(source, tmp_path / "out", format_)
    told = detect(tmp_path / "out")
    assert told == Format(format_.value)
    import_dataset(tmp_path / "out", tmp_path / "back", told, Wish("small", "drawn", "CC0", MEANT))
    return read_source(tmp_path / "back")


@pytest.mark.parametrize("format_", ExportFormat)
def test_a_source_comes_back_from_every_format_as_it_went(tmp_path: Path, format_: ExportFormat) -> None:
    source = small_source(tmp_path / "small")
    again = back_again(tmp_path, source, format_)
    assert again.names == source.names
    assert again.labelled == source.labelled
    went, came = boxes_px(source), boxes_px(again)
    assert came.keys() == went.keys()
    for key, boxes in went.items():
        assert [name for name, _ in came[key]] == [name for name, _ in boxes]
        for (_, got), (_, want) in zip(came[key], boxes, strict=True):
            assert got == pytest.approx(want, abs=HALF_A_PIXEL)


@pytest.mark.parametrize("format_", ExportFormat)
def test_the_pictures_go_out_and_come_back_byte_for_byte(tmp_path: Path, format_: ExportFormat) -> None:
    source = small_source(tmp_path / "small")
    again = back_again(tmp_path, source, format_)
    for split in splits(source):
        for went, came in zip(samples(source, split), samples(again, split), strict=True):
            assert came.picture.read_bytes() == went.picture.read_bytes()


@pytest.mark.parametrize("format_", ExportFormat)
def test_pictures_of_one_name_in_two_splits_stay_two(tmp_path: Path, format_: ExportFormat) -> None:
    boxes = {"train": [[box_px("garbage", 10, 10, 50, 50)]], "val": [[box_px("overflow", 30, 20, 60, 70)]]}
    source = small_source(tmp_path / "small", boxes)
    for split in boxes:
        for kind, suffix in (("images", ".jpg"), ("labels", ".txt")):
            folder = source.folder / split / kind
            (folder / f"{split}_0{suffix}").rename(folder / f"same{suffix}")
    again = back_again(tmp_path, source, format_)
    names = {split: [sample.boxes[0].name for sample in samples(again, split)] for split in splits(again)}
    assert names == {"train": ["garbage"], "val": ["overflow"]}


@pytest.mark.parametrize("format_", ExportFormat)
def test_a_picture_that_its_exif_note_turns_keeps_its_boxes(tmp_path: Path, format_: ExportFormat) -> None:
    source = small_source(tmp_path / "small", {"train": [[box_px("garbage", 40, 30, 40, 30)]]})
    picture = source.folder / "train" / "images" / "train_0.jpg"
    with Image.open(save_patches(picture, 1, HEIGHT, WIDTH)) as image:
        exif = image.getexif()
        exif[0x0112] = 6
        image.save(picture, exif=exif)
    ((_, corners),) = boxes_px(back_again(tmp_path, source, format_))["train", "train_0"]
    assert corners == pytest.approx((40, 30, 80, 60), abs=HALF_A_PIXEL)


def test_an_export_says_origin_and_licence(tmp_path: Path) -> None:
    export_source(small_source(tmp_path / "small"), tmp_path / "out", ExportFormat.voc)
    text = (tmp_path / "out" / "ORIGIN.txt").read_text()
    assert "licence: CC0" in text
    assert "garbage = litter" in text


def test_an_export_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious.txt").write_text("x")
    with pytest.raises(BadInput, match="not empty"):
        export_source(small_source(tmp_path / "small"), tmp_path / "out", ExportFormat.coco)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["precious.txt"]


def test_a_broken_picture_stops_an_export_and_leaves_no_half_folder(tmp_path: Path) -> None:
    source = small_source(tmp_path / "small")
    (source.folder / "val" / "images" / "val_0.jpg").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"val_0\.jpg"):
        export_source(source, tmp_path / "out", ExportFormat.coco)
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_names_keep_their_order_where_no_box_bears_them(tmp_path: Path) -> None:
    source = small_source(tmp_path / "small", {"train": [[box_px("overflow", 1, 1, 20, 20)]]})
    for format_ in ExportFormat:
        assert back_again(tmp_path / format_, source, format_).names == NAMES
