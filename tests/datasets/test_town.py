"""The drawn town: repeatable pictures, labels that follow the script, cameras that misbehave as told."""

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest

from datasets.composer.ads import Ad
from datasets.composer.cables import Hang
from datasets.composer.stalls import Stall
from datasets.source import CATEGORY_CODES
from datasets.town_cast import CAST, Via
from datasets.town_facade import SIGNS, STROKES
from datasets.town_litter import Thing
from datasets.town_passing import Staying
from datasets.town_pictures import CLASSES
from datasets.town_scene import TownScene
from datasets.town_script import CATEGORY_OF, FOREVER_S, Decoy, Painting, Script, Staged, Turn
from datasets.town_street import CableWay, Spot, WallSpot
from datasets.town_views import ALLEY, COMPOUND, RIVERSIDE, SHOPS, STREETS
from pipeline.domain.geometry import Box

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WIDTH_PX = 640
CLOCK_ROWS = 0.09
"""The clock lies above this share of the height."""
SEEN_CHANGE = 12
"""Grey levels."""
MOST = 0.65
"""A cable runs behind a scooter and over places as dark as itself."""
SEEN_THROUGHOUT = 0.95
MARGIN_SHARE = 0.6
"""A thing's soft shade lies beside its box."""


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@cache
def painted(street: str) -> TownScene:
    return TownScene(STREETS[street], Script(), START, WIDTH_PX)


def scene(script: Script, street: str = "compound") -> TownScene:
    """Each street is painted once, for that is dear; so only one of its scenes can be looked at at a time."""
    shown = painted(street)
    shown.script = script
    return shown


def boxes(shown: TownScene, seconds: float, wanted: str) -> list[Box]:
    return [box for kind, box in shown.labels(after(seconds)) if kind == wanted]


def litter_boxes(shown: TownScene, seconds: float) -> list[Box]:
    return boxes(shown, seconds, "litter")


def inside(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape[:2]
    rows = slice(max(0, int(box.top * height)), int(np.ceil(box.bottom * height)))
    return rows, slice(max(0, int(box.left * width)), int(np.ceil(box.right * width)))


@pytest.fixture
def swept() -> TownScene:
    return scene(Script((Staged(60, 120, Thing.mixed, COMPOUND.spots["drive"]),), number="QH-05"))


def test_the_same_moment_is_the_same_picture(swept: TownScene) -> None:
    again = TownScene(COMPOUND, swept.script, START, WIDTH_PX)
    assert np.array_equal(swept.frame(after(61)), again.frame(after(61)))


def test_sensor_noise_differs_from_frame_to_frame(swept: TownScene) -> None:
    one, other = (swept.frame(after(seconds)).astype(int) for seconds in (40.0, 40.2))
    wall = np.s_[100:160, 200:400]
    assert 0 < np.abs(one[wall] - other[wall]).mean() < 6


def test_litter_is_labelled_from_its_appearing_until_it_is_swept(swept: TownScene) -> None:
    assert [len(litter_boxes(swept, seconds)) for seconds in (59, 60, 119, 120)] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("street", "painting", "place"),
    [
        ("compound", Thing.bags, "drive"), ("compound", Stall.cart, "drive"), ("compound", Ad.poster, "cabinet"),
        ("site", Ad.card, "next sheet"), ("shops", Hang.sag, "scooter"), ("shops", Hang.drop, "scooter"),
    ],
)  # fmt: skip
def test_a_thing_is_visible_in_its_box_and_nowhere_else(street: str, painting: Painting, place: str) -> None:
    staged = Staged(0, FOREVER_S, painting, STREETS[street].spots[place], 17)
    shown = scene(Script(), street)
    empty = shown.frame(after(9)).astype(int)
    shown.script = Script((staged,))
    (box,) = boxes(shown, 9, str(staged.category))
    change = np.abs(shown.frame(after(9)).astype(int) - empty).max(axis=2)
    part = change[inside(box, change.shape)]
    assert (part > SEEN_CHANGE).any(axis=1).mean() > MOST
    assert (part > SEEN_CHANGE).any(axis=0).mean() > MOST
    change[inside(box.grown(MARGIN_SHARE), change.shape)] = 0
    assert change.max() == 0


def test_the_four_categories_can_be_staged_and_decoys_are_none() -> None:
    assert {code for code in CATEGORY_OF.values() if code} == set(CATEGORY_CODES)
    spots = (Spot(3.6, 10.4, 1.0), Spot(1.2, 9.0, 1.2), Spot(-1.0, 8.0, 1.0), Spot(-2.0, 9.5, 1.2))
    ground = zip((Decoy.planter, Decoy.bench, Decoy.leaves, Decoy.wet), spots, strict=True)
    decoys = [Staged(0, FOREVER_S, decoy, spot, 3) for decoy, spot in ground]
    wall = WallSpot(3.0, 23.9, 1.7, 2.0, 90)
    decoys += [Staged(0, FOREVER_S, decoy, wall, 4) for decoy in (Decoy.sign, Decoy.notice, Decoy.plate)]
    decoys.append(Staged(0, FOREVER_S, Decoy.wire, CableWay((-5, 23.9, 5), (6, 23.9, 5.2)), 5))
    assert {staged.painting for staged in decoys} == set(Decoy)
    shown = scene(Script())
    empty = shown.frame(after(9))
    for staged in decoys:
        shown.script = Script((staged,))
        assert not np.array_equal(shown.frame(after(9)), empty)
        assert not {kind for kind, _ in shown.labels(after(9))} & set(CATEGORY_CODES)


def test_a_person_who_stays_hides_the_litter_behind() -> None:
    spot = COMPOUND.spots["bins"]
    assert isinstance(spot, Spot)
    litter = (Staged(0, FOREVER_S, Thing.bags, spot),)
    staying = (Staying(spot.x_m, spot.y_m - 1.3, 10, 20),)
    shown = scene(Script(litter, staying))
    person = [box for kind, box in shown.labels(after(12)) if kind == "person"]
    assert any(litter_boxes(shown, 12)[0].shared_area(box) > 0 for box in person)
    assert len([kind for kind, _ in shown.labels(after(21)) if kind == "person"]) == len(person) - 1


def test_small_litter_behind_a_person_is_not_labelled() -> None:
    litter = (Staged(0, FOREVER_S, Thing.bags, Spot(0.0, 12.0, 0.35)),)
    shown = scene(Script(litter, (Staying(0.0, 10.9, 10, 20),)))
    assert [len(litter_boxes(shown, seconds)) for seconds in (9, 12)] == [1, 0]


def test_a_stall_hides_the_person_and_the_ad_behind_it() -> None:
    cabinet = Staged(0, FOREVER_S, Ad.poster, COMPOUND.spots["cabinet"], 17)
    board = Staged(10, FOREVER_S, Stall.board, Spot(-2.15, 8.6, 1.6), 2)
    shown = scene(Script((cabinet, board), (Staying(-2.5, 10.6, 0, 20),)))
    assert [len(boxes(shown, seconds, "person")) for seconds in (7, 11)] == [1, 0]
    shown = scene(Script((cabinet, board)))
    assert [len(boxes(shown, seconds, "illegal_ad")) for seconds in (7, 11)] == [1, 0]


@pytest.mark.parametrize(("x_m", "y_m", "hides"), [(-3.98, 12.3, True), (-4.99, 15.4, False)])
def test_a_person_before_a_cable_hides_it_and_one_behind_does_not(x_m: float, y_m: float, hides: bool) -> None:
    cable, staying = Staged(0, FOREVER_S, Hang.sag, SHOPS.spots["scooter"], 17), (Staying(x_m, y_m, 0, 20),)
    (box,) = boxes(scene(Script((cable,)), "shops"), 9, "charging_cable")
    frames = [
        scene(Script(things, people), "shops").frame(after(9)).astype(int)
        for people in ((), staying)
        for things in ((), (cable,))
    ]
    rows, columns = inside(box, frames[0].shape)
    alone, crossed = (
        (np.abs(one - other).max(axis=2)[rows, columns] > SEEN_CHANGE).any(axis=0)
        for one, other in (frames[:2], frames[2:])
    )
    assert bool(crossed[alone].mean() < SEEN_THROUGHOUT) is hides


def test_a_turned_camera_shows_another_pose() -> None:
    shown = TownScene(COMPOUND, Script(turn=Turn(100, 16)), START, WIDTH_PX)
    early, late, turned = (shown.frame(after(seconds)).astype(int) for seconds in (40.0, 99.0, 100.0))
    assert np.abs(early - late).mean() < 6
    assert np.abs(early - turned).mean() > 12


def test_a_frozen_camera_differs_in_its_clock_only() -> None:
    shown = scene(Script(frozen=True, number="QH-10"))
    one, other = shown.frame(after(5)), shown.frame(after(66))
    edge = round(one.shape[0] * CLOCK_ROWS)
    assert np.array_equal(one[edge:], other[edge:])
    assert not np.array_equal(one[:edge], other[:edge])


def test_an_unlit_scene_is_dark_and_a_night_scene_grey() -> None:
    dark, night = (TownScene(ALLEY, Script(light=light), START, 320).frame(START) for light in ("unlit", "night"))
    assert dark.mean() < 12
    assert np.ptp(night.astype(int), axis=2).max() == 0


def test_passers_by_come_and_go_and_are_labelled() -> None:
    shown = scene(Script(), "shops")
    people = {sum(kind == "person" for kind, _ in shown.labels(after(seconds))) for seconds in range(0, 60, 5)}
    assert min(people) == 0
    assert max(people) >= 1


def test_every_label_is_a_class_and_inside_the_frame() -> None:
    shown = scene(Script((Staged(0, FOREVER_S, Thing.spilled, RIVERSIDE.spots["railing"]),)), "riverside")
    for seconds in range(0, 120, 7):
        for kind, box in shown.labels(after(seconds)):
            assert kind in CLASSES
            assert 0 <= box.left < box.right <= 1
            assert 0 <= box.top < box.bottom <= 1


def test_all_that_the_cast_stages_is_seen_in_its_view() -> None:
    for camera in CAST:
        staged = camera.script.staged
        assert {one.place for one in staged} <= set(camera.street.spots.values())
        if not staged:
            continue
        shown = scene(Script(staged), camera.street.name)
        assert shown.street is camera.street
        for moment in sorted({one.appears_s for one in staged}):
            there = sorted(str(one.category) for one in staged if one.is_there(moment))
            labels = sorted(kind for kind, _ in shown.labels(after(moment)) if kind in CATEGORY_CODES)
            assert labels == there, camera.code


def test_the_cast_shows_all_four_categories_within_two_minutes() -> None:
    staged = [one for camera in CAST for one in camera.script.staged if one.appears_s <= 120 < one.goes_s]
    assert {one.category for one in staged} == set(CATEGORY_CODES)


def test_the_cast_has_names_of_its_own_and_every_way_to_be_reached() -> None:
    assert len({camera.place.name for camera in CAST}) == len({camera.code for camera in CAST}) == len(CAST)
    assert {camera.via for camera in CAST} == set(Via)


def test_every_written_character_has_strokes() -> None:
    written = "".join(street.caption for street in STREETS.values()) + "".join(words for words, _, _ in SIGNS)
    assert set(written) <= set(STROKES)
