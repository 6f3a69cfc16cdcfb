"""The patrol over a composed day: what stays becomes one ticket; scores tell late, missed and false."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.series.composing import starts_at
from datasets.series.day import Kind, Stay
from flows.series_patrol import Looking, Patrolled, patrol_scenes
from flows.series_scores import Filed, as_json, groups_of, judged, nearest_p90, poisson_interval, scored
from flows.series_sheet import write_false, write_missed
from flows.wiring import WEIGHTS
from models.registry import Registry
from pipeline.domain.camera import Zone, ZoneKind
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.geometry import Box
from tests.fakes import PaintDetector
from tests.street_servers import street_picture

HOUR_S, MINUTE_S = 3600.0, 60.0
PAINT = (255, 0, 255)
PLACE = Box(200 / 640, 200 / 360, 244 / 640, 244 / 360)
GROUPS = groups_of({category.code: category for category in DEFAULT_CATEGORIES}, timedelta(hours=1))


def litter(from_s: float, until_s: float, size_px: int = 50, place: Box = PLACE) -> Stay:
    return Stay(Kind.litter, place, size_px, from_s, until_s, 1)


@dataclass(frozen=True)
class PaintedDay:
    """A still street in living noise on which magenta patches come and go."""

    name: str
    stays: tuple[Stay, ...]
    zones: tuple[Zone, ...] = ()

    def jpeg_at(self, elapsed_s: float) -> bytes:
        picture = street_picture(0)
        for box in self.boxes_at(elapsed_s).values():
            corners = (int(box.left * 640), int(box.top * 360)), (int(box.right * 640), int(box.bottom * 360))
            cv2.rectangle(picture, *corners, PAINT, -1)
        noise = np.random.default_rng(int(elapsed_s)).integers(-4, 5, picture.shape)
        noisy = (picture.astype(np.int16) + noise).clip(0, 255).astype(np.uint8)
        return bytes(cv2.imencode(".jpg", noisy)[1].tobytes())

    def boxes_at(self, elapsed_s: float) -> Mapping[Stay, Box]:
        return {stay: stay.place for stay in self.stays if stay.is_there(elapsed_s)}


@pytest.fixture(scope="module")
def looking(exported_model: Path) -> Looking:
    registry = Registry(WEIGHTS, exported_model / "exports")
    return Looking(registry, registry.default(), PaintDetector())


def patrolled(home: Path, looking: Looking, scenes: Sequence[PaintedDay]) -> Patrolled:
    return patrol_scenes(scenes, starts_at(9.0), timedelta(hours=1), home, looking)


def test_what_stays_is_one_ticket_within_minutes_and_what_is_picked_up_at_once_is_none(
    tmp_path: Path, looking: Looking
) -> None:
    stays, brief = litter(610, 3000), litter(620, 740)
    zone = Zone(ZoneKind.pavement, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    done = patrolled(tmp_path, looking, [PaintedDay("street", (stays,), (zone,)), PaintedDay("square", (brief,))])
    assert [(ticket.view, ticket.category) for ticket in done.filed] == [("street", "litter")]
    ticket = done.filed[0]
    assert 900 + 3 * MINUTE_S <= ticket.at_s <= 900 + 6 * MINUTE_S
    assert ticket.box.iou(PLACE) > 0.7
    assert ticket.picture[:2] == b"\xff\xd8"
    assert sum(done.outcomes["square"].values()) == 12


def ticket_at(at_s: float, box: Box = PLACE, category: str = "litter", view: str = "street") -> Filed:
    return Filed(f"XJ-{at_s:.0f}", view, category, at_s, box, 0.6)


def test_a_ticket_is_true_for_its_own_thing_and_false_over_anything_else() -> None:
    piece = litter(0, HOUR_S)
    stall = Stay(Kind.stall, Box(0.6, 0.4, 0.8, 0.8), 300, 0, HOUR_S, 2)
    there = {piece: piece.place, stall: stall.place}
    filed = [ticket_at(600), ticket_at(900), ticket_at(960, stall.place), ticket_at(990, Box(0.0, 0.0, 1.0, 1.0))]
    first, again, over, huge = judged(filed, [there] * 4)
    assert (first.stay, first.again) == (piece, False)
    assert (again.stay, again.again) == (piece, True)
    assert (over.stay, over.over) == (None, "stall")
    assert huge.stay is None


def test_scores_tell_put_due_found_in_time_missed_and_false() -> None:
    early, late, never, short = (litter(at, at + 2 * HOUR_S) for at in (0, 10, 20, 30))
    short = litter(30, 30 + 10 * MINUTE_S)
    verdicts = judged(
        [ticket_at(600), ticket_at(10 + 20 * MINUTE_S), ticket_at(2000, Box(0.8, 0.8, 0.9, 0.9))],
        [{early: PLACE}, {late: PLACE}, {never: PLACE}],
    )
    put = [("street", stay, 24 * HOUR_S) for stay in (early, late, never, short)]
    score = scored(verdicts, put, 24 * HOUR_S, GROUPS)
    tally = score.tallies["litter_large"]
    assert (tally.put, tally.due, tally.found, tally.in_time) == (4, 3, 2, 1)
    assert [stay for _, stay in score.missed] == [never]
    assert score.false == {"litter": 1} and score.camera_days == 1.0
    told = as_json(score)
    assert told["false_per_camera_day"] == 1.0
    assert told["groups"]["litter_large"]["minutes_to_ticket_median"] == 15.0  # type: ignore[index]


def test_things_that_came_too_late_in_the_day_are_not_due() -> None:
    put = [("street", litter(23.9 * HOUR_S, 26 * HOUR_S), 24 * HOUR_S)]
    assert scored([], put, 24 * HOUR_S, GROUPS).tallies["litter_large"].due == 0


def test_intervals_are_the_exact_ones_of_counts() -> None:
    assert poisson_interval(0, 2.0) == pytest.approx((0.0, 3.689 / 2), abs=0.001)
    assert poisson_interval(3, 1.0) == pytest.approx((0.619, 8.767), abs=0.001)
    assert nearest_p90([float(number) for number in range(1, 11)]) == 9.0


def test_false_and_missed_are_shown_as_pictures(tmp_path: Path) -> None:
    day = PaintedDay("street", (litter(0, HOUR_S),))
    filed = [Filed("XJ-1", "street", "litter", 600, Box(0.7, 0.7, 0.8, 0.8), 0.6, day.jpeg_at(600))]
    verdicts = judged(filed, [day.boxes_at(600)])
    score = scored(verdicts, [("street", day.stays[0], HOUR_S)], HOUR_S, GROUPS)
    assert write_false(tmp_path / "false.jpg", score) == 1
    assert write_missed(tmp_path / "missed.jpg", score, [day]) == 1
    sheet = cv2.imread(str(tmp_path / "missed.jpg"))
    assert sheet is not None
    assert sheet.shape[:2] == (200, 4 * 480)
    assert (np.abs(sheet.astype(int) - PAINT).max(axis=2) < 60).sum() > 100
