"""Tiles, canvases and the joining of what the looks saw."""

from dataclasses import replace

import numpy as np
import pytest

from models.tiles import WHOLE, Look, Seen, looks, merged, seen_in, tiles
from pipeline.adapters.picture import Bgr, Picture
from pipeline.domain.detection import Pass
from pipeline.domain.geometry import Box

CANVAS = (384, 640)
TILE = Box(0.2, 0.2, 0.7, 0.7)


def seen(left: float, right: float, score: float = 0.5, cut: bool = False, number: int = 0) -> Seen:
    """A cut box is one of a tile, a whole one was seen in the whole frame."""
    return Seen(Box(left, 0.4, right, 0.6), number, score, cut, TILE if cut else WHOLE)


@pytest.mark.parametrize(
    ("width", "height", "count"), [(1920, 1080, 9), (1280, 720, 4), (3840, 2160, 16), (640, 360, 0), (768, 576, 0)]
)
def test_a_larger_frame_takes_more_tiles_and_a_small_one_none(width: int, height: int, count: int) -> None:
    assert len(tiles(width, height, CANVAS)) == count


def test_tiles_reach_all_four_borders_and_leave_no_gap() -> None:
    parts = tiles(1920, 1080, CANVAS)
    points = [(x / 50, y / 50) for x in range(51) for y in range(51)]
    assert all(any(p.left <= x <= p.right and p.top <= y <= p.bottom for p in parts) for x, y in points)
    assert max(part.right for part in parts) == pytest.approx(1.0)


@pytest.mark.parametrize("found_by", list(Pass))
@pytest.mark.parametrize("shape", [(1080, 1920), (1200, 1600), (1920, 1080), (300, 300)])
def test_what_a_canvas_shows_lies_where_it_was_in_the_frame(shape: tuple[int, int], found_by: Pass) -> None:
    height, width = shape
    pixels = np.zeros((height, width, 3), np.uint8)
    thing = Box(0.40, 0.45, 0.47, 0.55)
    pixels[round(0.45 * height) : round(0.55 * height), round(0.40 * width) : round(0.47 * width)] = 255
    shown = [_bright(look, canvas) for look, canvas in looks(Picture.from_pixels(pixels), found_by, CANVAS)]
    best = max((box for box in shown if box), key=lambda box: box.iou(thing))
    assert shown[0] is not None
    assert shown[0].iou(thing) > 0.85
    assert best.iou(thing) > 0.85


def _bright(look: Look, canvas: Bgr) -> Box | None:
    rows, columns = np.nonzero(canvas[:, :, 0] > 180)
    if not len(rows):
        return None
    corners = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    return seen_in(look, np.array([[*corners, 0.9, 0]], np.float32))[0].box


def test_a_box_in_the_grey_around_the_picture_is_nothing() -> None:
    look = Look(Box(0, 0, 1, 1), left=0, top=12, width=640, height=360)
    assert seen_in(look, np.array([[10, 0, 50, 8, 0.9, 0]], np.float32)) == []


def test_only_inner_borders_cut() -> None:
    look = Look(Box(0, 0, 0.5, 1), left=0, top=0, width=640, height=384)
    rows = np.array([[0, 100, 50, 200, 0.9, 0], [500, 100, 640, 200, 0.9, 0]], np.float32)
    assert [one.cut for one in seen_in(look, rows)] == [False, True]


def test_one_thing_seen_by_two_looks_is_one_box_with_the_better_score() -> None:
    assert merged([seen(0.40, 0.50, 0.5), seen(0.41, 0.50, 0.8)]) == [seen(0.41, 0.50, 0.8)]


def test_two_parts_cut_by_a_border_are_joined() -> None:
    (joined,) = merged([seen(0.30, 0.55, 0.6, cut=True), seen(0.45, 0.70, 0.5, cut=True)])
    assert (joined.box.left, joined.box.right, joined.score) == (0.30, 0.70, 0.6)


def test_a_whole_box_outdoes_its_cut_part() -> None:
    (whole,) = merged([seen(0.45, 0.55, 0.9, cut=True), seen(0.45, 0.70, 0.5)])
    assert (whole.box.right, whole.score, whole.cut) == (0.70, 0.9, False)


def test_a_cut_part_that_no_other_look_bears_out_goes() -> None:
    assert merged([seen(0.45, 0.55, 0.9, cut=True)]) == []


def test_neighbours_and_other_classes_stay_apart() -> None:
    apart = [seen(0.1, 0.2, 0.9), seen(0.19, 0.29, 0.8), seen(0.1, 0.2, 0.7, number=1)]
    assert merged(apart) == apart


def test_a_nested_box_is_one_thing_among_looks_and_another_thing_within_one() -> None:
    whole, bag = seen(0.2, 0.6, 0.9), seen(0.3, 0.4, 0.6)
    assert merged([whole, bag]) == [whole, bag]
    assert merged([whole, replace(bag, part=TILE)]) == [whole]
