"""Which views a series has: held-out facades and drawn streets with composed days, and untouched videos."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import numpy as np

from datasets.composer.cutouts import LitterStock, stock_of
from datasets.series.day import HOUR_S
from datasets.series.ground import Ground, facade_ground, street_ground
from datasets.series.passers import Passers
from datasets.series.planning import Mix, plan_day
from datasets.series.scene import DayScene
from datasets.series.video import VideoScene, film_ground
from datasets.series.weather import TOWN_ZONE
from datasets.source import Sample, read_source, samples
from datasets.town_camera import Camera
from datasets.town_views import STREETS

DATE = (2026, 4, 21)
HELD_OUT = "val"
"""The split that no training ever saw."""
SHARPEST = 0.12
"""Cut-outs come from boxes at least this share of their picture: smaller ones would be blown up."""
VIDEOS = {
    "vtest.avi": Camera(0.0, 0.0, 8.5, 0.0, 25.7, 2250.0),
    "car-detection.mp4": Camera(0.0, 0.0, 6.0, 0.0, 42.0, 2000.0),
}
"""With the cameras that took them, told by eye from people's and cars' sizes; at 1080p, the frame's middle."""
SLOTS = ("facade", "film", "facade", "drawn")
"""The kinds of street in turn; a facade stands in for a film, a drawn street for a facade, where there is none."""
SEEDS_APART = 1000
WITH_PASSERS = frozenset(
    f"fa_{number:04d}" for number in (161, 163, 164, 170, 171, 172, 173, 178, 183, 184, 187, 189, 192, 194, 196, 198)
)
"""Facades that show people, or vehicles cut off by the lower rim: on a still picture these would stand for ever."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Real pictures at hand; empty where there are none: then everything is drawn."""

    facades: tuple[Sample, ...] = ()
    litter: LitterStock = field(default_factory=LitterStock)
    videos: tuple[Path, ...] = ()


def stock_at(folder: Path) -> Stock:
    """What `folder` holds of facades/, taco/ and video/. Raises BadInput for a broken source."""
    facades = folder / "facades"
    whole = stock_of([folder / "taco"], HELD_OUT) if (folder / "taco").is_dir() else LitterStock()
    sharp = tuple(piece for piece in whole.pieces if max(piece.box.width, piece.box.height) >= SHARPEST)
    return Stock(
        _empty_streets(facades) if facades.is_dir() else (),
        LitterStock(sharp),
        tuple(folder / "video" / name for name in VIDEOS if (folder / "video" / name).is_file()),
    )


def _empty_streets(facades: Path) -> tuple[Sample, ...]:
    found = samples(read_source(facades), HELD_OUT)
    return tuple(sample for sample in found if sample.picture.stem not in WITH_PASSERS)


def composed(stock: Stock, views: int, seed: int, hours: tuple[float, float], mix: Mix) -> list[DayScene]:
    """`views` fixed views, each with a day of its own from local hour `hours[0]` for `hours[1]` hours."""
    streets = _Streets(stock, seed)
    scenes = []
    for number in range(views):
        own = seed * SEEDS_APART + number
        ground, passers = streets.next(SLOTS[number % len(SLOTS)], own)
        day = plan_day(ground, own, starts_at(hours[0]), hours[1] * HOUR_S, mix)
        scenes.append(DayScene(day, ground, stock.litter, passers))
    return scenes


class _Streets:
    """Hands out each real street once, in the order of a seed, then drawn ones."""

    def __init__(self, stock: Stock, seed: int) -> None:
        rng = np.random.default_rng((seed, 61))
        self._facades = [stock.facades[number] for number in rng.permutation(len(stock.facades))]
        self._films = list(stock.videos)
        self._drawn = cycle([list(STREETS.values())[number] for number in rng.permutation(len(STREETS))])

    def next(self, slot: str, seed: int) -> tuple[Ground, Passers | None]:
        if slot == "film" and self._films:
            path = self._films.pop(0)
            return film_ground(path, VIDEOS[path.name])
        if slot != "drawn" and self._facades:
            return facade_of(self._facades.pop(0), seed), None
        return street_ground(next(self._drawn)), None


def untouched(stock: Stock, hours: tuple[float, float]) -> list[VideoScene]:
    return [VideoScene(path, starts_at(hours[0]), hours[1] * HOUR_S) for path in stock.videos]


def facade_of(sample: Sample, seed: int) -> Ground:
    return facade_ground(sample.picture, [(box.name, box.box) for box in sample.boxes], seed)


def starts_at(local_hour: float) -> datetime:
    """Aware UTC."""
    midnight = datetime(*DATE, tzinfo=TOWN_ZONE)
    return midnight.astimezone(UTC) + timedelta(hours=local_hour)
