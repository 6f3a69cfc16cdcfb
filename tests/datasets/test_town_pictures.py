"""Drawn training pictures: a source folder that our own reader reads, the same for the same seed."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.source import CATEGORY_CODES, read_source, samples, splits
from datasets.town_cast import CAST
from datasets.town_pictures import CLASSES, write_cast, write_pictures
from pipeline.domain.errors import BadInput


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn")
    write_pictures(out, 6, seed=2)
    return out


def test_it_is_a_source_that_speaks_of_the_classes_it_boxes(drawn: Path) -> None:
    source = read_source(drawn)
    assert source.name == "town"
    assert source.names == CLASSES
    assert source.labelled == set(CLASSES) > set(CATEGORY_CODES)
    assert all(source.category_of(name) == name for name in CLASSES)


def test_pictures_are_hd_and_every_box_lies_inside(drawn: Path) -> None:
    found = samples(read_source(drawn), "train")
    assert [sample.picture.stem for sample in found] == [f"town_2_{number:05d}" for number in range(6)]
    assert any(labelled.name in CATEGORY_CODES for sample in found for labelled in sample.boxes)
    for sample in found:
        pixels = cv2.imread(str(sample.picture))
        assert pixels is not None
        assert pixels.shape == (720, 1280, 3)
        assert sample.label_file.exists()
        for labelled in sample.boxes:
            sides = (labelled.box.left, labelled.box.top, labelled.box.right, labelled.box.bottom)
            assert all(-1e-6 <= side <= 1 + 1e-6 for side in sides)
            assert labelled.box.area > 0


def test_the_same_seed_draws_the_same_bytes_and_another_others(drawn: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path / "again", 1, seed=2)
    write_pictures(tmp_path / "other", 1, seed=3, split="val")
    first, again = (folder / "train/images/town_2_00000.jpg" for folder in (drawn, tmp_path / "again"))
    assert first.read_bytes() == again.read_bytes()
    assert splits(read_source(tmp_path / "other")) == ("val",)
    assert first.read_bytes() != (tmp_path / "other/val/images/town_3_00000.jpg").read_bytes()


def test_nothing_is_drawn_for_a_count_of_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least 1"):
        write_pictures(tmp_path, 0, seed=1)


def test_the_views_of_the_demo_are_written_with_their_labels(tmp_path: Path) -> None:
    cast = [camera for camera in CAST if camera.code in ("crossing", "station")]
    write_cast(tmp_path, 200, 640, cast)
    (sample,) = samples(read_source(tmp_path), "cast")
    assert sample.picture.name == "crossing_0200.jpg"
    assert "street_business" in {labelled.name for labelled in sample.boxes}
    pixels = cv2.imread(str(sample.picture))
    assert pixels is not None
    assert np.asarray(pixels).shape == (360, 640, 3)
