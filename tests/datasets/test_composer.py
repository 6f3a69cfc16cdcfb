"""Scenes composed on backgrounds painted here: what is labelled is there, and the seed decides everything."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.composer.background import SCENE_PX, Background, background_of, framed, plates
from datasets.composer.cutouts import LitterStock, litter_cutout, stock_of
from datasets.composer.folder import Order, View, clipped, compose_folder, cropped
from datasets.composer.scene import Composed, compose
from datasets.composer.stage import Mix, Painted, clustered
from datasets.composer.weather import Degrading
from datasets.source import LabelledBox, Source, read_source, samples, write_boxes, write_source
from datasets.town_camera import Bgr
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

CLEAR = Degrading(shadow=0, night=0, infra_red=0, haze=0, blur=0, motion=0, noise=0, small=0)
NOTHING = Mix(only_negatives=0, cable=0, ad=0, stall=0, litter=0, heap=0, two_wheeler=0, bin=0, negatives=0,
              degrading=CLEAR)  # fmt: skip
WINDOW = LabelledBox("window", Box(0.2, 0.2, 0.3, 0.45))
DOOR = LabelledBox("door", Box(0.6, 0.5, 0.7, 0.8))


def wall(width: int = 640, height: int = 360, shade: int = 0) -> Bgr:
    picture = np.full((height, width, 3), (150 - shade, 165, 180), np.uint8)
    picture[int(height * 0.8) :] = (110, 112, 114)
    cv2.rectangle(picture, (128, 72), (192, 162), (60, 60, 60), -1)
    return picture


@pytest.fixture
def background() -> Background:
    return background_of("wall", wall(*SCENE_PX), (WINDOW, DOOR))


@pytest.fixture
def facades(tmp_path: Path) -> Path:
    folder = tmp_path / "facades"
    names = ("window", "door")
    write_source(folder, Source(folder, "facades", "", "", "", names, dict.fromkeys(names), frozenset()))
    for split, count in (("train", 3), ("val", 2)):
        (folder / split / "images").mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(folder / split / "images" / f"{split}{number}.png"), wall(shade=number * 20))
            write_boxes(folder / split / "labels" / f"{split}{number}.txt", (WINDOW, DOOR), names)
    return folder


def with_only(**chances: float) -> Mix:
    return replace(NOTHING, **chances)  # type: ignore[arg-type]


CABLES_ONLY = with_only(cable=1)


def test_the_ground_begins_below_the_doors_and_metres_come_from_windows(background: Background) -> None:
    assert background.ground_y == pytest.approx(0.8 * SCENE_PX[1], abs=2)
    assert background.px_per_m == pytest.approx(0.25 * SCENE_PX[1] / 1.5, rel=0.02)
    assert background.px_per_m_at(SCENE_PX[1]) > background.px_per_m_at(background.ground_y)


def test_a_frame_keeps_its_anchors_on_what_they_name() -> None:
    whole = background_of("wall", wall(), (WINDOW,))
    dark_seen = 0
    for seed in range(12):
        part = framed(np.random.default_rng(seed), whole)
        assert part.size == SCENE_PX
        for x1, y1, x2, y2 in part.of(frozenset({"window"})):
            dark_seen += 1
            assert part.bgr[(y1 + y2) // 2, (x1 + x2) // 2].max() < 80
    assert dark_seen > 5


@pytest.mark.parametrize(
    ("mix", "name"),
    [
        (with_only(cable=1), Painted.charging_cable),
        (with_only(ad=1), Painted.illegal_ad),
        (with_only(stall=1), Painted.street_business),
        (with_only(litter=1), Painted.litter),
        (with_only(two_wheeler=1), Painted.two_wheeler),
        (with_only(bin=1), Painted.bin),
    ],
)
def test_each_thing_asked_for_is_labelled_where_the_picture_changed(
    background: Background, mix: Mix, name: Painted
) -> None:
    plain = compose(np.random.default_rng(0), background, LitterStock(), NOTHING)
    found = 0
    for seed in range(4):
        composed = compose(np.random.default_rng(seed), background, LitterStock(), mix)
        for one in composed.boxes:
            assert 0 <= one.box.left < one.box.right <= 1
            assert 0 <= one.box.top < one.box.bottom <= 1
            found += one.name == name
            rows = slice(int(one.box.top * SCENE_PX[1]), int(one.box.bottom * SCENE_PX[1]) + 1)
            columns = slice(int(one.box.left * SCENE_PX[0]), int(one.box.right * SCENE_PX[0]) + 1)
            change = np.abs(composed.bgr[rows, columns].astype(int) - plain.bgr[rows, columns]).max()
            assert change > 20, f"nothing to be seen in the box of {one.name}"
    assert found >= 3


def test_hard_negatives_change_the_picture_and_bear_no_label(background: Background) -> None:
    composed = compose(np.random.default_rng(3), background, LitterStock(), with_only(negatives=3))
    assert composed.boxes == ()
    assert np.abs(composed.bgr.astype(int) - background.bgr).mean() > 1


def test_composing_leaves_the_background_as_it_was(background: Background) -> None:
    before = background.bgr.copy()
    compose(np.random.default_rng(1), background, LitterStock(), Mix())
    assert np.array_equal(before, background.bgr)


def test_ads_that_overlap_are_one_cluster_and_others_stay_apart() -> None:
    apart, first, second = Box(0.8, 0.8, 0.9, 0.9), Box(0.1, 0.1, 0.3, 0.3), Box(0.15, 0.15, 0.35, 0.35)
    assert sorted(clustered([first, apart, second]), key=lambda box: box.left) == [Box(0.1, 0.1, 0.35, 0.35), apart]


def test_a_crop_follows_the_cable_and_drops_what_is_mostly_outside() -> None:
    course = np.stack([np.linspace(0.0, 1.0, 200), np.linspace(0.0, 1.0, 200)], axis=1)
    cable = Box(0.0, 0.0, 1.0, 1.0)
    composed = Composed(wall(*SCENE_PX), (LabelledBox("charging_cable", cable),), {cable: course})
    seen = [one for seed in range(30) for one in cropped(np.random.default_rng(seed), composed).boxes]
    assert seen
    for one in seen:
        assert one.box.width > 0.25 and one.box.height > 0.25  # a diagonal fills a window that shows much of it


def test_a_long_stretch_of_a_cable_stays_labelled_in_a_crop_that_shows_little_of_it() -> None:
    course = np.stack([np.linspace(0.0, 1.0, 320), np.full(320, 0.5)], axis=1)  # 1280 px of cable, level
    cable = Box(0.0, 0.49, 1.0, 0.51)
    composed = Composed(wall(*SCENE_PX), (LabelledBox("charging_cable", cable),), {cable: course})
    window = Box(0.0, 0.25, 0.1, 0.75)
    clip = clipped(composed, composed.boxes[0], window)
    assert clip is not None and clip.box.width == pytest.approx(1, abs=0.05)
    assert clipped(composed, composed.boxes[0], Box(0.0, 0.25, 0.03, 0.75)) is None


def test_the_same_seed_gives_the_same_bytes_in_one_process_and_in_two(facades: Path, tmp_path: Path) -> None:
    for out, processes in (("one", 1), ("two", 2)):
        compose_folder(Order(facades, tmp_path / out, 5, 5), processes)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one" / "train").rglob("*.*"))
    assert len(files) == 10
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_another_seed_gives_other_pictures(facades: Path, tmp_path: Path) -> None:
    compose_folder(Order(facades, tmp_path / "out", 1, 1, mix=CABLES_ONLY))
    compose_folder(Order(facades, tmp_path / "out", 1, 2, mix=CABLES_ONLY))
    first, second = sorted((tmp_path / "out" / "train" / "images").iterdir())
    assert first.read_bytes() != second.read_bytes()


def test_the_folder_written_is_a_source_that_speaks_of_the_four_categories(facades: Path, tmp_path: Path) -> None:
    told: list[int] = []
    boxes = compose_folder(Order(facades, tmp_path / "out", 4, 4, view=View.whole, mix=CABLES_ONLY), told=told.append)
    source = read_source(tmp_path / "out")
    assert source.labelled == {"litter", "street_business", "charging_cable", "illegal_ad"}
    assert sum(len(sample.boxes) for sample in samples(source, "train")) == boxes > 0
    assert sum(told) == 4
    assert "train0.png" in source.notes and "val0.png" not in source.notes


def test_training_and_test_composites_share_no_background(facades: Path, tmp_path: Path) -> None:
    compose_folder(Order(facades, tmp_path / "out", 1, 1, mix=CABLES_ONLY))
    compose_folder(Order(facades, tmp_path / "out", 1, 1, split="val", mix=CABLES_ONLY))
    notes = read_source(tmp_path / "out").notes
    assert "train: " in notes and "val: " in notes
    plain = facades / "train" / "images"
    with pytest.raises(BadInput, match=r"train0\.png"):
        compose_folder(Order(plain, tmp_path / "out", 1, 1, split="val2"))


def test_a_plain_folder_is_divided_so_that_val_sees_no_picture_of_train(tmp_path: Path) -> None:
    for number in range(7):
        cv2.imwrite(str(tmp_path / f"{number}.png"), wall())
    train, val = ({plate.path for plate in plates(tmp_path, split)} for split in ("train", "val"))
    assert len(train) == 6 and len(val) == 1 and not train & val


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_a_folder_without_pictures_gets_one_clear_line(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=folder):
        compose_folder(Order(tmp_path / folder, tmp_path / "out", 1, 1))


def test_litter_is_cut_out_along_its_own_shape(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    picture = np.clip(rng.normal(110, 6, (200, 200, 3)), 0, 255).astype(np.uint8)
    cv2.circle(picture, (100, 100), 30, (20, 30, 220), -1)
    folder = tmp_path / "cans"
    write_source(folder, Source(folder, "cans", "", "", "", ("litter",), {"litter": "litter"}, frozenset({"litter"})))
    (folder / "train" / "images").mkdir(parents=True)
    cv2.imwrite(str(folder / "train" / "images" / "can.png"), picture)
    write_boxes(folder / "train" / "labels" / "can.txt", (LabelledBox("litter", Box(0.3, 0.3, 0.7, 0.7)),), ("litter",))
    sprite = litter_cutout(rng, stock_of([folder], "train"), 60)
    middle, corner = sprite[sprite.shape[0] // 2, sprite.shape[1] // 2], sprite[1, 1]
    assert middle[3] > 200 and middle[2] > 150 > middle[0]
    assert corner[3] < 60
