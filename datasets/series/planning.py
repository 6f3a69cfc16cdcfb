"""Compose a day for a ground: what comes where and when, so that no two things of it can be taken for one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from datasets.series.day import DAY_S, HOUR_S, Day, Kind, Night, Spell, Stay
from datasets.series.ground import HEIGHT_PX, WIDTH_PX, Ground
from datasets.series.weather import TOWN_ZONE
from pipeline.domain.geometry import Box, Point

MINUTE_S = 60.0
TRIES = 60
"""Places looked at for one thing before it is left out."""
APART = 0.7
"""Things stay apart by this share of their own size on each side."""
REST_S = 2400.0
"""A place rests so long between two stays: the first must have been seen to go."""
WEIGHTED_MINUTES: dict[Kind, tuple[float, ...]] = {
    Kind.litter: (8, 20, 40, 60, 90, 100, 120, 150, 240),
    Kind.stall: (8, 12, 15, 20, 30, 45, 60, 90),
    Kind.cable: (50, 90, 150, 240, 360),
    Kind.sticker: (60, 120, 240, 480, 900),
    Kind.two_wheeler: (10, 30, 90, 240, 480),
    Kind.person: (2, 4, 8, 15),
    Kind.car: (5, 15, 40, 120),
}
"""How long things stay: one of these, give or take a fifth."""
LITTER_PX = ((48, 64), (16, 32), (48, 64), (32, 48))
"""Ranges of the longer side, in turn: half of the pieces are large."""
STALL_M, STICKER_M = (1.1, 2.4), (0.16, 0.42)
CABLE_PX = (2, 5)
CABLE_REACH_M = 2.2
SIZE_M = {Kind.two_wheeler: (2.0, 1.2), Kind.person: (0.8, 1.8), Kind.car: (4.8, 1.7)}
"""Room for what stands about: width and height."""
KERBSIDE_M = 1.2
LIFTED = 0.002
"""A foot at the lower rim of the frame is looked for just above it."""
STALL_HOURS = (6.5, 22.0)
BUSY_HOURS = (6.0, 23.0)


@dataclass(frozen=True, slots=True)
class Mix:
    """How many of each kind come by in 24 hours."""

    litter: int = 12
    stall: int = 20
    cable: int = 2
    sticker: int = 3
    two_wheeler: int = 5
    person: int = 8
    car: int = 3

    def of(self, kind: Kind) -> int:
        return int(getattr(self, kind.value))


ORDER = (Kind.cable, Kind.stall, Kind.sticker, Kind.litter, Kind.car, Kind.two_wheeler, Kind.person)
"""Those that need most room first."""


def plan_day(ground: Ground, seed: int, starts_at: datetime, lasts_s: float, mix: Mix) -> Day:
    """The same arguments give the same day."""
    rng = np.random.default_rng((seed, 51))
    local = starts_at.astimezone(TOWN_ZONE)
    first_hour = local.hour + local.minute / 60
    planner = _Planner(rng, ground, first_hour, lasts_s)
    for kind in ORDER:
        planner.add(kind, max(1, round(mix.of(kind) * lasts_s / DAY_S)) if mix.of(kind) else 0)
    nights = list(Night)
    return Day(
        name=ground.name,
        seed=seed,
        starts_at=starts_at,
        lasts_s=lasts_s,
        stays=planner.stays,
        rain=_rain(rng, lasts_s),
        night=nights[int(rng.random() < 0.3)],
        cloudiness=float(rng.uniform(0.2, 0.8)),
    )


def _rain(rng: np.random.Generator, lasts_s: float) -> tuple[Spell, ...]:
    """On most days a shower or two."""
    count = int(rng.choice([0, 1, 2, 3], p=[0.2, 0.4, 0.25, 0.15]))
    starts = np.sort(rng.uniform(0, lasts_s, count))
    return tuple(
        Spell(float(at), float(at + rng.uniform(15, 110) * MINUTE_S), float(rng.uniform(0.3, 1))) for at in starts
    )


class _Planner:
    """The stays so far, and where and when there is still room."""

    def __init__(self, rng: np.random.Generator, ground: Ground, first_hour: float, lasts_s: float) -> None:
        self._rng = rng
        self._ground = ground
        self._first_hour = first_hour
        self._lasts_s = lasts_s
        self._kept: list[tuple[Stay, Box]] = []
        self._makers: dict[Kind, Callable[[int], Stay | None]] = {
            Kind.litter: self._litter,
            Kind.stall: self._stall,
            Kind.cable: self._cable,
            Kind.sticker: self._sticker,
            Kind.two_wheeler: self._two_wheeler,
            Kind.person: self._person,
            Kind.car: self._car,
        }

    def add(self, kind: Kind, count: int) -> None:
        for number in range(count):
            for _ in range(TRIES):
                stay = self._makers[kind](number)
                if stay is not None and self._has_room(stay):
                    self._keep(stay)
                    if kind is Kind.cable:
                        self._park_at(stay)
                    break

    def _has_room(self, stay: Stay) -> bool:
        if not _inside(stay.place) or (stay.spot_m is not None and not self._stands_free(stay.place)):
            return False
        mine = stay.place.grown(APART)
        return not any(
            other.from_s - REST_S < stay.until_s and stay.from_s < other.until_s + REST_S and mine.shared_area(room)
            for other, room in self._kept
        )

    def _stands_free(self, place: Box) -> bool:
        """Whether nothing that is always there stands before its foot."""
        return all(
            self._ground.is_bare(place.left + share * place.width, place.bottom - LIFTED) for share in (0.1, 0.5, 0.9)
        )

    def _keep(self, stay: Stay) -> None:
        self._kept.append((stay, stay.place.grown(APART)))

    @property
    def stays(self) -> tuple[Stay, ...]:
        return tuple(stay for stay, _ in self._kept)

    def _times(self, kind: Kind) -> tuple[float, float]:
        """From when to when, by the hours at which such things come."""
        hours = STALL_HOURS if kind is Kind.stall else BUSY_HOURS
        minutes = float(self._rng.choice(WEIGHTED_MINUTES[kind]) * self._rng.uniform(0.8, 1.2))
        start_s = 0.0
        for _ in range(TRIES):
            start_s = float(self._rng.uniform(0, max(MINUTE_S, self._lasts_s - 12 * MINUTE_S)))
            if hours[0] <= (self._first_hour + start_s / HOUR_S) % 24 <= hours[1]:
                break
        return start_s, min(start_s + minutes * MINUTE_S, self._lasts_s)

    def _seed(self) -> int:
        return int(self._rng.integers(1, 1_000_000_000))

    def _on_walk(self, depth: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float, float, float, float]:
        """A point of the pavement that is seen: metres, then shares of the frame, then pixels a metre."""
        walk, camera = self._ground.walk, self._ground.camera
        for _ in range(TRIES):
            x = float(self._rng.uniform(walk.left, walk.right))
            y = float(walk.near + (walk.far - walk.near) * self._rng.uniform(*depth))
            column, row, metre_px = camera.ground(x, y)
            across, down = column / WIDTH_PX, row / HEIGHT_PX
            if 0.03 < across < 0.97 and 0.1 < down < 0.97 and self._ground.is_bare(across, down):
                return x, y, across, down, metre_px
        return 0.0, walk.far, 0.5, 0.9, 100.0

    def _standing(self, kind: Kind, size_px: int, at: Point, spot_m: Point | None) -> Stay:
        half, high = size_px / WIDTH_PX / 2, size_px / HEIGHT_PX
        place = Box(at[0] - half, at[1] - high, at[0] + half, at[1])
        return Stay(kind, place, size_px, *self._times(kind), self._seed(), spot_m=spot_m)

    def _litter(self, number: int) -> Stay:
        x, y, column, row, _ = self._on_walk()
        low, high = LITTER_PX[number % len(LITTER_PX)]
        return self._standing(Kind.litter, int(self._rng.integers(low, high + 1)), (column, row), (x, y))

    def _stall(self, _number: int) -> Stay:
        x, y, column, row, metre_px = self._on_walk((0.25, 0.9))
        size_px = round(float(self._rng.uniform(*STALL_M)) * metre_px)
        return self._standing(Kind.stall, size_px, (column, row), (x, y))

    def _sticker(self, _number: int) -> Stay | None:
        spots = self._ground.wall_spots
        if not spots:
            return None
        spot = spots[self._rng.integers(len(spots))]
        size_px = round(float(self._rng.uniform(*STICKER_M)) / 0.45 * spot.width * WIDTH_PX)
        return self._standing(Kind.sticker, size_px, (spot.centre[0], spot.bottom), None)

    def _cable(self, _number: int) -> Stay | None:
        """From a window or door down to a two-wheeler on the pavement."""
        if not self._ground.outlets:
            return None
        outlet = self._ground.outlets[self._rng.integers(len(self._ground.outlets))]
        root = (float(self._rng.uniform(outlet.left, outlet.right)), outlet.top + 0.85 * outlet.height)
        walk = self._ground.walk
        y = float(walk.far - self._rng.uniform(0.35, 0.9))
        metre_px = self._ground.camera.ground(0.0, y)[2]
        x = (root[0] - 0.5) * WIDTH_PX / metre_px + float(self._rng.uniform(-CABLE_REACH_M, CABLE_REACH_M))
        column, row, _ = self._ground.camera.ground(x, y)
        end = (column / WIDTH_PX, row / HEIGHT_PX)
        reach = max(abs(end[0] - root[0]), 0.02)
        place = Box(end[0] - reach, root[1], end[0] + reach, end[1])
        thick = int(self._rng.integers(CABLE_PX[0], CABLE_PX[1] + 1))
        return Stay(Kind.cable, place, thick, *self._times(Kind.cable), self._seed(), root=root, spot_m=(x, y))

    def _park_at(self, cable: Stay) -> None:
        """The two-wheeler that is charged comes and goes with its cable."""
        assert cable.spot_m is not None, "a cable ends on the ground"
        x, y = cable.spot_m
        parked = self._parked(Kind.two_wheeler, (x + 0.4, y - 0.05), (cable.from_s, cable.until_s))
        self._keep(parked)

    def _two_wheeler(self, _number: int) -> Stay:
        x, y, *_ = self._on_walk((0.3, 1.0))
        return self._parked(Kind.two_wheeler, (x, y), self._times(Kind.two_wheeler))

    def _person(self, _number: int) -> Stay:
        x, y, *_ = self._on_walk()
        return self._parked(Kind.person, (x, y), self._times(Kind.person))

    def _car(self, _number: int) -> Stay:
        x, *_ = self._on_walk()
        return self._parked(Kind.car, (x, self._ground.walk.near - KERBSIDE_M), self._times(Kind.car))

    def _parked(self, kind: Kind, spot_m: tuple[float, float], times: tuple[float, float]) -> Stay:
        column, row, metre_px = self._ground.camera.ground(*spot_m)
        wide, high = (side * metre_px for side in SIZE_M[kind])
        place = Box(
            (column - wide / 2) / WIDTH_PX, (row - high) / HEIGHT_PX, (column + wide / 2) / WIDTH_PX, row / HEIGHT_PX
        )
        return Stay(kind, place, round(max(wide, high)), *times, self._seed(), spot_m=spot_m)


def _inside(place: Box) -> bool:
    """Whole within the frame and below the clock's line."""
    return place.left >= 0 and place.right <= 1 and place.top >= 0.02 and place.bottom <= 1.0


def without(day: Day, kinds: frozenset[Kind]) -> Day:
    return replace(day, stays=tuple(stay for stay in day.stays if stay.kind not in kinds))
