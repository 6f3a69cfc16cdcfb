"""Static foreground on drawn pavements: what stands there is told; light, shadows, rain and noise are not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.adapters.foreground import READY_AFTER, StaticForeground
from pipeline.adapters.gauge import Gauge
from pipeline.adapters.picture import Bgr, Picture
from pipeline.domain.camera import SourceKind
from pipeline.domain.foreground import Foreground
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box, Polygon
from pipeline.domain.patrol import Mode
from tests.builders import START

WIDTH, HEIGHT = 960, 540
PAVEMENT: Polygon = ((0.0, 0.6), (1.0, 0.6), (1.0, 1.0), (0.0, 1.0))
EVERY = timedelta(minutes=5)
STALL = (400, 340, 540, 430)
"""Left, top, right, bottom in pixels."""

NOISE = np.random.default_rng(1).normal(0, 2.5, (HEIGHT, WIDTH)).astype(np.int16)

Change = Callable[[Bgr], Bgr]


@cache
def a_street() -> Bgr:
    """A plain wall over a paved ground with joints and stains."""
    rng = np.random.default_rng(3)
    stains = cv2.resize(rng.normal(0, 9, (27, 48)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    street = np.full((HEIGHT, WIDTH, 3), (150, 158, 165), np.float32)
    street[: HEIGHT * 3 // 5] = (110, 130, 170)
    street += stains[..., None]
    street[340::22] -= 25
    street[340:, ::60] -= 25
    return np.clip(street, 0, 255).astype(np.uint8)


def with_stall(picture: Bgr, place: tuple[int, int, int, int] = STALL, seed: int = 5) -> Bgr:
    """Crates of coloured goods."""
    left, top, right, bottom = place
    goods = np.random.default_rng(seed).integers(20, 235, (6, 8, 3), dtype=np.uint8)
    picture = picture.copy()
    picture[top:bottom, left:right] = cv2.resize(goods, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
    return picture


def shadowed(picture: Bgr) -> Bgr:
    """A sharp shadow across, a second one that is closed all around, half as bright and bluish."""
    shade: NDArray[np.floating] = np.ones((HEIGHT, WIDTH), np.float32)
    cv2.fillConvexPoly(shade, np.array([(300, 320), (420, 320), (640, 539), (480, 539)]), (0.5,))
    cv2.ellipse(shade, (760, 440), (80, 40), 0, 0, 360, (0.55,), -1)
    shade = np.asarray(cv2.GaussianBlur(shade, (0, 0), 1.5), np.float32)[..., None]
    tint = np.array([1.04, 1.0, 0.97], np.float32)
    return np.asarray(np.clip(picture * shade * np.where(shade < 0.9, tint, 1), 0, 255), np.uint8)


def darker(picture: Bgr) -> Bgr:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=0.45, beta=4), np.uint8)


def under_lamps(picture: Bgr) -> Bgr:
    """Two orange cones on a dark street."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = np.full((HEIGHT, WIDTH), 0.25, np.float32)
    for x in (250, 700):
        light += 0.7 * np.exp(-(((columns - x) / 160) ** 2 + ((rows - 430) / 120) ** 2))
    return np.asarray(np.clip(picture * light[..., None] * np.array([0.55, 0.85, 1.1]), 0, 255), np.uint8)


def raining(picture: Bgr) -> Bgr:
    """Darker and wet, hazy, with streaks."""
    rng = np.random.default_rng(11)
    wet = cv2.convertScaleAbs(picture, alpha=0.65, beta=30)
    for x, y in rng.integers(0, (WIDTH, HEIGHT), (250, 2)).tolist():
        cv2.line(wet, (x, y), (x + 2, y + 14), (190, 190, 190), 1)
    return np.asarray(wet, np.uint8)


@dataclass
class Watch:
    """A view that is looked at every five minutes, each frame detected and learned from."""

    pavement: Sequence[Polygon] = (PAVEMENT,)
    memory: ViewMemory = field(default_factory=ViewMemory)
    visits: int = 0
    gauge: Gauge = field(default_factory=Gauge)
    foreground: StaticForeground = field(default_factory=StaticForeground)

    def __post_init__(self) -> None:
        for _ in range(READY_AFTER):
            self.see(a_street())

    def see(self, picture: Bgr, keep_out: Sequence[Box] = ()) -> Foreground:
        frame, reading = self._read(picture)
        seen = self.foreground.read(frame, reading, self.memory, self.pavement)
        outside = [*keep_out, *(thing.box for thing in seen.standing)]
        learned = self.foreground.learn(frame, reading, self.memory, seen, outside)
        self.memory = replace(
            self.memory,
            mode=reading.mode,
            detected_print=reading.print,
            text_areas=(),
            backgrounds=self.memory.backgrounds if learned is None else learned,
        )
        return seen

    def _read(self, picture: Bgr) -> tuple[Frame, Reading]:
        """With fresh sensor noise."""
        self.visits += 1
        shifted = np.roll(NOISE, 37 * self.visits)[..., None]
        pixels = np.clip(picture + shifted, 0, 255).astype(np.uint8)
        at = START + self.visits * EVERY
        frame = Frame(Picture.from_pixels(pixels), WIDTH, HEIGHT, at, at, SourceKind.http)
        return frame, self.gauge.read(frame, self.memory, ())


def place_of(corners: tuple[int, int, int, int]) -> Box:
    left, top, right, bottom = corners
    return Box(left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT)


def test_a_stall_that_has_come_is_told_at_once_and_stands_still_from_the_second_visit_on() -> None:
    watch = Watch()
    (come,) = watch.see(with_stall(a_street())).standing
    (stands,) = watch.see(with_stall(a_street())).standing
    assert come.box.iou(place_of(STALL)) > 0.7
    assert come.settled is not None and come.arrived is not None
    assert come.settled < 0.3
    assert come.arrived > 0.9
    assert stands.settled is not None and stands.settled > 0.9
    assert stands.coloured > 0.3


@pytest.mark.parametrize("change", [shadowed, darker, under_lamps, raining])
def test_light_shadows_lamps_and_rain_are_no_foreground(change: Change) -> None:
    watch = Watch()
    assert [watch.see(change(a_street())).standing for _ in range(3)] == [(), (), ()]


@pytest.mark.parametrize("change", [shadowed, darker, raining])
def test_a_stall_is_told_in_other_light_too(change: Change) -> None:
    (stall,) = Watch().see(change(with_stall(a_street()))).standing
    assert stall.box.overlap_of_smaller(place_of(STALL)) > 0.7


def test_another_thing_at_the_same_place_has_neither_arrived_nor_settled() -> None:
    watch = Watch()
    watch.see(with_stall(a_street(), seed=5))
    (other,) = watch.see(with_stall(a_street(), seed=6)).standing
    assert other.settled is not None and other.settled < 0.5
    assert other.arrived is not None and other.arrived < 0.5


def test_a_stall_that_stays_for_hours_is_never_learned_as_background() -> None:
    watch = Watch()
    seen = [watch.see(with_stall(a_street())) for _ in range(20)]
    assert all(len(one.standing) == 1 for one in seen)
    assert watch.see(a_street()) == Foreground(ready=True)


def test_what_was_learned_with_the_background_and_has_left_is_gone_and_no_foreground() -> None:
    watch = Watch()
    watch.memory, watch.visits = ViewMemory(), 0
    for _ in range(8):
        watch.see(with_stall(a_street()))
    left = watch.see(a_street())
    assert not left.standing
    assert len(left.gone) == 1
    assert watch.see(a_street()) == Foreground(ready=True)


def test_a_person_kept_out_does_not_become_background() -> None:
    watch = Watch()
    person = (600, 330, 640, 450)
    for _ in range(12):
        watch.see(with_stall(a_street(), person), keep_out=[place_of(person)])
    assert not watch.see(a_street()).gone


def test_what_hangs_on_the_wall_is_no_foreground() -> None:
    assert not Watch().see(with_stall(a_street(), (400, 100, 540, 190))).standing


def test_what_is_as_small_as_litter_is_no_stall() -> None:
    assert not Watch().see(with_stall(a_street(), (400, 400, 424, 420))).standing


def test_a_view_without_a_pavement_zone_tells_nothing() -> None:
    watch = Watch()
    watch.pavement = ()
    assert watch.see(with_stall(a_street())) == Foreground()


def test_a_scene_that_has_changed_all_over_tells_nothing() -> None:
    other = np.random.default_rng(8).integers(0, 255, (54, 96, 3), dtype=np.uint8)
    watch = Watch()
    assert watch.see(np.asarray(cv2.resize(other, (WIDTH, HEIGHT)), np.uint8)) == Foreground()


def test_infra_red_has_a_background_of_its_own_and_is_not_compared_with_colours() -> None:
    def grey(picture: Bgr) -> Bgr:
        return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)

    watch = Watch()
    assert not any(watch.see(grey(with_stall(a_street(), (100, 340, 200, 430)))).ready for _ in range(READY_AFTER))
    assert set(watch.memory.backgrounds) == {Mode.day, Mode.infra_red}
    assert [thing.box.iou(place_of(STALL)) > 0.5 for thing in watch.see(grey(with_stall(a_street()))).standing] == [
        True
    ]


def test_the_background_is_written_anew_only_now_and_then() -> None:
    watch = Watch()
    written = set()
    for _ in range(20):
        watch.see(a_street())
        written.add(watch.memory.backgrounds[Mode.day])
    assert len(written) <= 12
