"""Composed days: the same moment gives the same frame, things come and go, light, rain and noise move."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.composer.cutouts import LitterStock
from datasets.series.composing import composed, starts_at, stock_at, untouched
from datasets.series.day import Kind, Night, Spell, Stay
from datasets.series.ground import Ground, facade_ground, street_ground
from datasets.series.planning import APART, REST_S, Mix, plan_day
from datasets.series.scene import DayScene
from datasets.series.weather import TOWN_ZONE, Weather
from datasets.town_views import STREETS
from pipeline.adapters.gauge import Gauge
from pipeline.adapters.picture import Picture
from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import BadInput
from pipeline.domain.frame import Frame, ViewMemory
from pipeline.domain.geometry import Box, encloses
from pipeline.domain.patrol import Mode

HOUR_S = 3600.0
NOON_S, NIGHT_S = 12 * HOUR_S, 23 * HOUR_S
WHOLE_DAY_S = 24 * HOUR_S
MIDNIGHT = starts_at(0.0)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return street_ground(STREETS["shops"])


@pytest.fixture(scope="module")
def scene(ground: Ground) -> DayScene:
    day = plan_day(ground, 7, MIDNIGHT, WHOLE_DAY_S, Mix())
    return DayScene(replace(day, night=Night.infra_red, rain=()), ground, LitterStock())


def frame_of(jpeg: bytes) -> Frame:
    picture = Picture.from_bytes(jpeg)
    return Frame(picture, picture.width, picture.height, MIDNIGHT, MIDNIGHT, SourceKind.http)


def test_the_same_moment_gives_the_same_frame_and_another_one_other_noise(scene: DayScene) -> None:
    once, again, later = scene.frame_at(NOON_S), scene.frame_at(NOON_S), scene.frame_at(NOON_S + 300)
    assert np.array_equal(once, again)
    assert once.shape == (1080, 1920, 3)
    quiet = slice(200, 300)
    assert np.abs(once[quiet].astype(int) - later[quiet]).mean() > 1


def test_the_gauge_tells_day_from_infra_red_and_finds_life_in_a_still_street(scene: DayScene) -> None:
    gauge, memory = Gauge(), ViewMemory()
    day = gauge.read(frame_of(scene.jpeg_at(NOON_S)), memory, ())
    later = gauge.read(frame_of(scene.jpeg_at(NOON_S + 300)), replace(memory, pulse=day.pulse), ())
    night = gauge.read(frame_of(scene.jpeg_at(NIGHT_S)), memory, ())
    assert (day.mode, night.mode) == (Mode.day, Mode.infra_red)
    assert later.pulse_change is not None and later.pulse_change > 0.8


def test_a_thing_is_in_the_picture_as_long_as_it_stays_and_where_its_box_says(ground: Ground) -> None:
    place = Box(0.4, 0.6, 0.5, 0.8)
    stall = Stay(Kind.stall, place, 190, 600.0, 1200.0, 5)
    bare = replace(plan_day(ground, 7, MIDNIGHT, WHOLE_DAY_S, Mix()), stays=(), rain=())
    empty, stood = (
        DayScene(replace(bare, stays=stays), ground, LitterStock()) for stays in ((), (stall,))
    )  # fmt: skip
    assert np.array_equal(stood.frame_at(300), empty.frame_at(300))
    assert np.array_equal(stood.frame_at(1200), empty.frame_at(1200))
    box = stood.boxes_at(600)[stall]
    assert box.width * 1920 == pytest.approx(190, abs=3) or box.height * 1080 == pytest.approx(190, abs=3)
    changed = np.abs(stood.frame_at(600).astype(int) - empty.frame_at(600)).max(axis=2) > 30
    rows, columns = np.nonzero(changed)
    assert box.left * 1920 - 60 < columns.min() and columns.max() < box.right * 1920 + 60
    assert box.top * 1080 - 60 < rows.min() and rows.max() < box.bottom * 1080 + 60


def test_nothing_stands_where_something_hides_the_ground() -> None:
    """The site's hoarding hides the earth behind it, and a tree the paving at its foot."""
    site = street_ground(STREETS["site"])
    hoarding = site.camera.ground(10.0, 20.0)
    kerbside = site.camera.ground(1.0, 12.0)
    assert not site.is_bare(hoarding[0] / 1920, hoarding[1] / 1080)
    assert site.is_bare(kerbside[0] / 1920, kerbside[1] / 1080)
    day = plan_day(site, 1, MIDNIGHT, WHOLE_DAY_S, Mix())
    assert all(site.is_bare(*stay.foot) for stay in day.stays if stay.kind is Kind.litter)


def test_no_two_things_of_a_day_can_be_taken_for_one(scene: DayScene) -> None:
    apart = [stay for stay in scene.stays if stay.kind not in (Kind.two_wheeler, Kind.cable)]
    assert len(apart) > 20
    for number, one in enumerate(apart):
        for other in apart[number + 1 :]:
            overlap = one.place.grown(APART).shared_area(other.place.grown(APART)) > 0
            together = one.from_s < other.until_s + REST_S and other.from_s < one.until_s + REST_S
            assert not (overlap and together)


def test_a_day_is_composed_anew_by_seed_and_the_same_by_the_same(ground: Ground) -> None:
    first, same, other = (plan_day(ground, seed, MIDNIGHT, WHOLE_DAY_S, Mix()) for seed in (3, 3, 4))
    assert first == same
    assert first.stays != other.stays
    sizes = [stay.size_px for stay in first.stays if stay.kind is Kind.litter]
    assert min(sizes) >= 16 and max(sizes) <= 64


def test_a_shorter_day_holds_fewer_things(ground: Ground) -> None:
    day = plan_day(ground, 3, starts_at(8.0), 6 * HOUR_S, Mix(stall=20))
    stalls = [stay for stay in day.stays if stay.kind is Kind.stall]
    assert 3 <= len(stalls) <= 5
    assert all(stay.until_s <= 6 * HOUR_S for stay in day.stays)


def test_noon_is_bright_dusk_dim_and_rain_veils(scene: DayScene) -> None:
    weather = Weather(replace(scene.day, rain=(Spell(NOON_S, NOON_S + HOUR_S, 1.0),)), 1080, 1920)
    dry = Weather(replace(scene.day, rain=(), cloudiness=1.0), 1080, 1920)
    grey = np.full((1080, 1920, 3), 128, np.uint8)
    grey[::40] = 30
    grey[1::40] = 30

    noon, dusk, rain = (
        sky.lay(grey, at_s, []) for sky, at_s in ((dry, NOON_S + 1800), (dry, 18 * HOUR_S), (weather, NOON_S + 1800))
    )
    assert noon.mean() > 1.3 * dusk.mean()
    assert weather.hour(NOON_S + 1800).wet == 1.0
    assert weather.hour(NOON_S + HOUR_S + 600).wet > 0.3 > weather.hour(NOON_S + 3 * HOUR_S).wet
    between = slice(100, 119)  # rows without a dark line: streaks only
    assert rain[between].std() > 1.2 * noon[between].std()
    assert rain[::40].mean() - noon[::40].mean() > rain[between].mean() - noon[between].mean() + 5
    assert weather.hour(2 * HOUR_S).is_dark and not weather.hour(NOON_S).is_dark


def test_a_facade_stands_above_a_pavement_of_its_own_scale(tmp_path: Path) -> None:
    facade = np.full((720, 1280, 3), (120, 140, 160), np.uint8)
    cv2.rectangle(facade, (600, 450), (690, 715), (40, 40, 40), -1)
    path = tmp_path / "house.png"
    cv2.imwrite(str(path), facade)
    door = Box(600 / 1280, 450 / 720, 690 / 1280, 715 / 720)
    ground = facade_ground(path, [("door", door)], 1)
    assert ground.bgr.shape == (1080, 1920, 3)
    foot_column, foot_row, metre_px = ground.camera.ground(0.0, ground.walk.far)
    assert metre_px == pytest.approx((715 - 450) * 1.5 / 2.3, rel=0.08)
    assert foot_row == pytest.approx(0.66 * 1080, abs=3)
    assert encloses(ground.pavement, (foot_column / 1920, foot_row / 1080 + 0.05))
    assert ground.wall_spots and ground.outlets
    assert not any(spot.shared_area(ground.outlets[0]) for spot in ground.wall_spots)


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "house.png"
    path.write_text("no picture")
    with pytest.raises(BadInput, match=r"house\.png"):
        facade_ground(path, [], 1)


def test_without_real_pictures_a_series_is_drawn(tmp_path: Path) -> None:
    stock = stock_at(tmp_path)
    scenes = composed(stock, 2, 1, (9.0, 2.0), Mix())
    assert {scene.name for scene in scenes} <= set(STREETS)
    assert len({scene.name for scene in scenes}) == 2
    assert untouched(stock, (9.0, 2.0)) == []
    assert {scene.day.starts_at.astimezone(TOWN_ZONE).hour for scene in scenes} == {9}


@pytest.mark.shared
def test_held_out_facades_cutouts_and_untouched_videos_are_taken_where_they_are(shared: Path) -> None:
    stock = stock_at(shared)
    assert len(stock.facades) > 15 and all("/val/" in str(sample.picture) for sample in stock.facades)
    assert stock.litter.pieces and all("/val/" in str(piece.picture) for piece in stock.litter.pieces)
    film = untouched(replace(stock, videos=stock.videos[1:]), (0.0, 24.0))[0]
    shown = cv2.imdecode(np.frombuffer(film.jpeg_at(0.0), np.uint8), cv2.IMREAD_COLOR)
    capture = cv2.VideoCapture(str(stock.videos[1]))
    original = capture.read()[1]
    capture.release()
    assert shown is not None
    assert np.abs(shown.astype(int) - original).mean() < 4
    assert film.stays == () and film.jpeg_at(0.0) != film.jpeg_at(1.0)
