"""The painters alone: sizes, clear corners, geometry of cables, words without any font."""

from collections.abc import Callable

import numpy as np
import pytest

from datasets.composer import lettering
from datasets.composer.ads import Ad, paint_ad
from datasets.composer.background import Background
from datasets.composer.cables import Hang, Look, catenary, draw_cable, draw_path, route
from datasets.composer.lettering import Hand, lettered, phone
from datasets.composer.negatives import WALL_DRAWERS
from datasets.composer.paste import paste
from datasets.composer.sprites import resized, sheet
from datasets.composer.stalls import Stall, paint_stall
from datasets.composer.street_things import MORE_DRAWERS
from datasets.composer.vehicles import paint_bin, paint_two_wheeler
from datasets.composer.weather import degrade
from datasets.composer.workwear import paint_cone, paint_stone, paint_workwear
from datasets.town_camera import Bgra

Painter = Callable[[np.random.Generator, int], Bgra]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("kind", list(Ad))
@pytest.mark.parametrize("width", [12, 150])
def test_every_kind_of_ad_is_painted_in_the_width_asked_for(rng: np.random.Generator, kind: Ad, width: int) -> None:
    sprite = paint_ad(rng, width, kind)
    assert sprite.shape[1] == width and sprite.shape[2] == 4
    assert sprite[..., 3].max() > 20


@pytest.mark.parametrize("kind", list(Stall))
def test_every_kind_of_stall_stands_on_its_bottom_edge(rng: np.random.Generator, kind: Stall) -> None:
    sprite = paint_stall(rng, 200, kind)
    assert sprite.shape[1] == 200
    assert (sprite[-max(6, sprite.shape[0] // 12) :, :, 3] > 100).any()
    assert (sprite[..., 3] > 200).mean() > 0.1


def test_the_same_generator_state_paints_the_same_pixels() -> None:
    for painter in (paint_ad, paint_stall, paint_two_wheeler, paint_bin):
        first, second = (painter(np.random.default_rng(3), 90) for _ in range(2))
        assert np.array_equal(first, second)


def test_words_are_written_where_no_font_is_known(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "chinese_fonts", lambda: ())
    mask = lettered(rng, "办证139", 40)
    assert mask.shape[1] > 2 * mask.shape[0]
    assert (mask > 128).mean() > 0.05


@pytest.mark.parametrize("hand", list(Hand))
def test_words_one_below_the_other_are_higher_than_wide(rng: np.random.Generator, hand: Hand) -> None:
    mask = lettered(rng, "疏通管道", 30, hand, down=True)
    assert mask.shape[0] > 2 * mask.shape[1]


def test_phone_numbers_have_as_many_digits_as_real_ones(rng: np.random.Generator) -> None:
    for _ in range(50):
        digits = [part for part in phone(rng) if part.isdigit()]
        assert len(digits) == 11


def test_a_catenary_hangs_through_its_ends_and_sags_in_the_middle() -> None:
    line = catenary(np.array([0.0, 10.0]), np.array([100.0, 10.0]), 20)
    assert tuple(line[0]) == pytest.approx((0, 10)) and tuple(line[-1]) == pytest.approx((100, 10))
    assert line[:, 1].max() == pytest.approx(30, abs=0.1)


@pytest.mark.parametrize("hang", list(Hang))
def test_a_route_begins_and_ends_where_it_should(rng: np.random.Generator, hang: Hang) -> None:
    path = route(rng, (50, 20), (120, 200), hang)
    assert tuple(path[0]) == pytest.approx((50, 20), abs=0.5)
    assert tuple(path[-1]) == pytest.approx((120, 200), abs=0.5)


@pytest.mark.parametrize("width", [1.0, 4.0])
def test_the_box_of_a_cable_is_tight_round_what_changed(width: float) -> None:
    picture = np.full((200, 300, 3), 180, np.uint8)
    look = Look((10, 10, 10), width, gleam=0)
    box = draw_path(picture, np.array([[40.0, 30.0], [220.0, 150.0]]), look)
    rows, columns = np.nonzero((picture != 180).any(axis=2))
    assert box is not None
    assert box.left * 300 == pytest.approx(columns.min(), abs=1.5)
    assert box.right * 300 == pytest.approx(columns.max() + 1, abs=1.5)
    assert box.top * 200 == pytest.approx(rows.min(), abs=1.5)
    assert box.bottom * 200 == pytest.approx(rows.max() + 1, abs=1.5)


def test_a_cable_is_as_thick_as_asked() -> None:
    for width in (1.0, 2.0, 4.0):
        picture = np.full((100, 100, 3), 255, np.uint8)
        draw_path(picture, np.array([[50.0, -5.0], [50.0, 105.0]]), Look((0, 0, 0), width, gleam=0))
        ink = (255 - picture[50, :, 0].astype(float)).sum() / 255
        assert ink == pytest.approx(width, abs=0.6)


def test_what_hides_a_cable_is_not_in_its_box() -> None:
    picture = np.full((100, 100, 3), 200, np.uint8)
    hidden = np.zeros((100, 100), np.uint8)
    hidden[:, 50:] = 1
    box = draw_path(picture, np.array([[10.0, 50.0], [90.0, 50.0]]), Look((0, 0, 0), 2), hidden)
    assert box is not None and box.right <= 0.51
    assert (picture[:, 50:] == 200).all()


def test_a_cable_may_leave_the_picture_and_its_box_does_not(rng: np.random.Generator) -> None:
    picture = np.full((100, 200, 3), 200, np.uint8)
    box = draw_cable(picture, rng, (100, 20), (260, 90), 2, Hang.sag)
    assert 0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1


def test_pasting_outside_changes_nothing_and_has_no_box() -> None:
    picture = np.full((50, 50, 3), 9, np.uint8)
    assert paste(picture, sheet(10, 10, (255, 255, 255)), 60, 10) is None
    assert (picture == 9).all()


def test_pasting_over_the_rim_gives_the_box_of_what_shows() -> None:
    picture = np.zeros((50, 100, 3), np.uint8)
    box = paste(picture, sheet(20, 20, (255, 255, 255)), -10, 40)
    assert box is not None
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0, 0.8, 0.1, 1))


def test_reducing_a_sprite_keeps_its_colour_at_soft_rims() -> None:
    sprite = np.zeros((40, 40, 4), np.uint8)
    sprite[10:30, 10:30] = (0, 0, 200, 255)
    small = resized(sprite, 13, 13)
    rim = (small[..., 3] > 30) & (small[..., 3] < 220)
    assert rim.any()
    assert (small[rim][:, 2] > 150).all()


def test_degrading_keeps_the_size_and_leaves_the_given_picture_alone(rng: np.random.Generator) -> None:
    picture = np.full((120, 160, 3), 120, np.uint8)
    for _ in range(20):
        assert degrade(rng, picture).shape == picture.shape
    assert (picture == 120).all()


@pytest.mark.parametrize("painter", [paint_workwear, paint_cone, paint_stone])
def test_what_works_leave_behind_has_clear_corners_and_a_body(rng: np.random.Generator, painter: Painter) -> None:
    sprite = painter(rng, 40)
    corners = sprite[[0, 0, -1, -1], [0, -1, 0, -1], 3]
    assert (corners[:2] == 0).all() and sprite[..., 3].max() > 200
    assert 10 < sprite.shape[1] < 90


@pytest.mark.parametrize("ground_y", [300, 357, 360])
def test_negatives_are_drawn_on_a_picture_without_ground_too(rng: np.random.Generator, ground_y: int) -> None:
    scene = Background("wall", np.full((360, 640, 3), 140, np.uint8), ground_y, 40.0)
    for draw, _ in (*WALL_DRAWERS, *MORE_DRAWERS):
        for _ in range(3):
            draw(rng, scene)
    assert (scene.bgr != 140).any()
