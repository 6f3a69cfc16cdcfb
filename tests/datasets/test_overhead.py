"""Streets from above: boxes tight around what was painted, the same bytes for the same seed, stock of one split."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets import overhead
from datasets.composer.cutouts import LitterStock
from datasets.composer.oblique import Body, Cover, Eye, draw_body
from datasets.composer.overhead_cars import car_body, scooter_body, three_wheeler_body, truck_body, van_body
from datasets.composer.overhead_people import person_body, umbrella_body
from datasets.overhead import CLASSES, SIZE, Canvas, compose_overhead, write_overhead
from datasets.source import IMAGES, LABELS, LabelledBox, Source, read_source, samples, write_boxes, write_source
from datasets.town_camera import Bgr
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

NO_STOCK = LitterStock()
ROUNDED = 1e-5
"""Labels have six digits."""
EYE = Eye(height_m=8.0, pitch=60.0, focal_px=900.0, size=SIZE)
ABOVE = np.array([0.0, 0.0, 1.0])
RIM_PX = 2
Maker = Callable[[np.random.Generator, tuple[float, float], float], Body]


def _parasol(rng: np.random.Generator, at: tuple[float, float], heading: float) -> Body:
    return umbrella_body(rng, at, heading, parasol=True)


def test_the_same_seed_draws_the_same_picture_and_another_one_another() -> None:
    (first, boxes), (again, same), (other, _) = (
        compose_overhead(np.random.default_rng(seed), NO_STOCK) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert boxes == same
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "make", [car_body, van_body, truck_body, three_wheeler_body, scooter_body, person_body, _parasol]
)
def test_a_cover_is_where_the_picture_changed(make: Maker) -> None:
    for seed, backdrop in ((1, 0), (2, 255)):
        bgr = np.full((SIZE[1], SIZE[0], 3), backdrop, np.uint8)
        middle = EYE.ground_at(SIZE[0] / 2, SIZE[1] / 2)
        assert middle is not None
        body = make(np.random.default_rng(seed), middle, 35.0 * seed)
        cover = draw_body(np.random.default_rng(0), bgr, EYE, body, ABOVE)
        assert cover is not None
        x, y, wide, high = cv2.boundingRect(cover.alpha)
        changed = cv2.boundingRect(np.asarray((bgr != backdrop).any(axis=2), np.uint8))
        told = (cover.left + x, cover.top + y, wide, high)
        assert np.abs(np.array(changed) - told).max() <= RIM_PX


def test_what_the_frame_cuts_is_covered_up_to_its_border_and_what_is_outside_not_at_all() -> None:
    bgr = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    edge = EYE.ground_at(0, SIZE[1] / 2)
    assert edge is not None
    cover = draw_body(np.random.default_rng(0), bgr, EYE, car_body(np.random.default_rng(3), edge, 0.0), ABOVE)
    assert cover is not None
    assert cover.left == 0
    assert cover.alpha[:, 0].any()
    outside = car_body(np.random.default_rng(3), (edge[0] - 30, edge[1]), 0.0)
    assert draw_body(np.random.default_rng(0), bgr, EYE, outside, ABOVE) is None


def test_a_box_holds_what_is_left_to_see_and_what_is_covered_has_none() -> None:
    canvas = Canvas(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    whole = np.full((100, 100), 255, np.uint8)
    canvas.note("car", Cover(100, 200, whole))
    canvas.note("litter", Cover(400, 200, whole))
    canvas.note("truck", Cover(140, 200, whole))
    canvas.note("", Cover(410, 200, whole))
    assert {one.name: one.box for one in canvas.boxes()} == {
        "car": Box(100 / 1280, 200 / 720, 140 / 1280, 300 / 720),
        "truck": Box(140 / 1280, 200 / 720, 240 / 1280, 300 / 720),
    }


def test_the_ground_under_a_pixel_is_seen_at_that_pixel() -> None:
    at = EYE.ground_at(300, 500)
    assert at is not None
    assert EYE.project(np.array([[*at, 0.0]]))[0] == pytest.approx([300, 500])
    assert Eye(5.0, 5.0, 900.0, SIZE).ground_at(640, 10) is None, "above the horizon"


def test_boxes_lie_in_the_picture_and_a_source_folder_is_written(tmp_path: Path) -> None:
    write_overhead((tmp_path, 8, 4, "train"), [])
    source = read_source(tmp_path)
    found = samples(source, "train")
    assert len(found) == 8
    boxes = [one.box for sample in found for one in sample.boxes]
    assert boxes
    assert all(min(box.left, box.top) >= -ROUNDED and max(box.right, box.bottom) <= 1 + ROUNDED for box in boxes)
    assert source.labelled == set(CLASSES) >= {"litter", "car", "illegal_ad"}


@pytest.mark.parametrize("split", ["train", "val"])
def test_litter_is_cut_from_the_split_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: str
) -> None:
    stock = tmp_path / "stock"
    for each in ("train", "val"):
        for kind in (IMAGES, LABELS):
            (stock / each / kind).mkdir(parents=True)
        cv2.imwrite(str(stock / each / IMAGES / f"{each}.jpg"), np.full((90, 120, 3), 90, np.uint8))
        write_boxes(
            stock / each / LABELS / f"{each}.txt", [LabelledBox("litter", Box(0.3, 0.3, 0.6, 0.6))], ("litter",)
        )
    write_source(stock, Source(stock, "stock", "", "", "", ("litter",), {"litter": "litter"}, frozenset({"litter"})))
    lent: list[LitterStock] = []

    def watched(rng: np.random.Generator, pictures: LitterStock) -> tuple[Bgr, list[LabelledBox]]:
        lent.append(pictures)
        return compose_overhead(rng, pictures)

    monkeypatch.setattr(overhead, "compose_overhead", watched)
    write_overhead((tmp_path / "out", 1, 1, split), [stock])
    assert [piece.picture.stem for piece in lent[0].pieces] == [split]
    assert [picture.stem for picture in lent[0].textures] == [split]
    assert len(samples(read_source(tmp_path / "out"), split)) == 1


def test_a_stock_that_is_no_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        write_overhead((tmp_path / "out", 1, 1, "train"), [tmp_path / "nowhere"])
