"""The light of a day laid over a plain daylit picture: sun and clouds, shadows that wander, dusk, lamps, infra-red,
rain and wet ground."""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.series.day import HOUR_S, Day, Night
from datasets.town_camera import Bgr
from datasets.town_light import SensorNoise
from datasets.town_texture import cloud

TOWN_ZONE = ZoneInfo("Asia/Shanghai")
Floats = NDArray[np.float32]

MAP_HEIGHT, MAP_WIDTH = 108, 192
"""Light varies slowly: it is reckoned on a tenth of the picture."""
MAP_UNIT = 200
"""Of a byte that stands for a gain of 1; the brightest is 1.275."""
SUNRISE_HOUR = 6.2
DAWN_FROM, DAY_FROM = -0.1, 0.35
"""Sine of the sun's height at which there is no daylight, and at which there is all of it."""
DARK_BELOW = 0.12
"""Share of daylight at which lamps and infra-red go on."""
LIT_FROM = 0.3
"""Below, vehicles have their lights on."""
DIMMEST, DAYLIGHT_BEND = 0.34, 0.6
WARM, BLUE, NEUTRAL = (0.84, 0.95, 1.05), (1.06, 0.98, 0.9), (1.0, 1.0, 1.0)
"""BGR of a low sun, of dusk and of noon."""
LAMP_LIGHT = (0.31, 0.39, 0.48)
INFRA_RED_GAIN = 0.92
SHADOW, DAPPLE = 0.45, 0.35
"""Share of the light that the shade of houses and of trees takes while the sun shines."""
CLOUD_WAVES = ((5400.0, 0.5), (1900.0, 0.3), (700.0, 0.2), (260.0, 0.1))
"""Seconds and weight: clouds drift by on all these scales at once."""
DRIES_WITHIN_S = 2700.0
WET_STEPS = 12
STREAKS, RAIN_MARGIN_PX = 5000, 256
NOISE_SIGMA = {"bright": 2.4, "dim": 4.0, "dark": 5.0, "infra_red": 4.6}


@dataclass(frozen=True, slots=True)
class Hour:
    """What one moment's light is made of."""

    height: float
    """Sine of the sun's height, negative at night."""
    daylight: float
    """0 to 1."""
    sun: float
    """How strongly it casts shadows, 0 to 1."""
    rain: float
    wet: float
    hour: float
    """Local, 0 to 24."""

    @property
    def is_dark(self) -> bool:
        return self.daylight < DARK_BELOW


class Weather:
    """The same moment always gives the same light. Not safe for use by two threads at once."""

    def __init__(self, day: Day, height_px: int, width_px: int) -> None:
        self._day = day
        self._rng_seed = day.seed
        rng = np.random.default_rng((day.seed, 21))
        self._phases = rng.uniform(0, 2 * np.pi, len(CLOUD_WAVES))
        self._roofs = _roofs(rng)
        leaves = (cloud(rng, MAP_HEIGHT * 2, MAP_WIDTH * 2, 5) > 0.3).astype(np.float32)
        self._crown = np.asarray(cv2.GaussianBlur(leaves, (0, 0), 1.1), np.float32)
        self._crown_side = _side(rng)
        self._lamps = _lamps(rng)
        self._noise = {
            name: SensorNoise(day.seed, sigma, height_px, width_px, name == "infra_red")
            for name, sigma in NOISE_SIGMA.items()
        }

    def hour(self, elapsed_s: float) -> Hour:
        local = (self._day.starts_at + timedelta(seconds=elapsed_s)).astimezone(TOWN_ZONE)
        hour = local.hour + local.minute / 60 + local.second / 3600
        height = float(np.sin(2 * np.pi * (hour - SUNRISE_HOUR) / 24))
        daylight = float(np.clip((height - DAWN_FROM) / (DAY_FROM - DAWN_FROM), 0, 1))
        rain = self._day.rain_at(elapsed_s)
        sun = float(np.clip(3 * height, 0, 1)) * (1 - self._cloud(elapsed_s)) * (1 - min(1.0, 2 * rain))
        return Hour(height, daylight, sun, rain, self._wet(elapsed_s), hour)

    def is_infra_red(self, hour: Hour) -> bool:
        return hour.is_dark and self._day.night is Night.infra_red

    def lay(self, daylit: Bgr, elapsed_s: float, beams: list[tuple[float, float]]) -> Bgr:
        """A new picture by this moment's light; `beams` are vehicles' lights, in shares of the frame."""
        hour = self.hour(elapsed_s)
        moment = max(0, round(elapsed_s * 1000))
        infra_red = self.is_infra_red(hour)
        if infra_red:
            grey = cv2.cvtColor(daylit, cv2.COLOR_BGR2GRAY)
            daylit = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
        lit = self._lit(daylit, hour, infra_red, beams if hour.daylight < LIT_FROM else [], moment)
        if hour.rain > 0:
            lit = _rained(lit, hour.rain, (self._rng_seed, moment))
        return self._noise[_noise_name(hour, infra_red)].add(lit, moment)

    def _lit(self, daylit: Bgr, hour: Hour, infra_red: bool, beams: list[tuple[float, float]], moment: int) -> Bgr:
        if infra_red:
            gains = np.repeat(_spot()[..., None] * INFRA_RED_GAIN, 3, axis=2)
        elif hour.is_dark:
            gains = np.array(LAMP_LIGHT, np.float32) * self._lamps[..., None]
        else:
            gains = self._shade(hour, moment)[..., None] * _colour(hour)
        for column, row in beams:
            gains = gains + 0.5 * _beam(column, row)[..., None]
        small = np.clip(gains * MAP_UNIT, 0, 255).astype(np.uint8)
        size = (daylit.shape[1], daylit.shape[0])
        whole = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.multiply(daylit, whole, scale=1 / MAP_UNIT), np.uint8)

    def _shade(self, hour: Hour, moment: int) -> Floats:
        """Houses opposite shade the street when the sun is low; a tree's crown dapples a part of it."""
        rows = np.linspace(0, 1, MAP_HEIGHT, dtype=np.float32)[:, None]
        edge = 0.3 + 0.85 * max(0.0, hour.height)
        shift = int((hour.hour - 12) * 14) % MAP_WIDTH
        roofs = edge + np.roll(self._roofs, shift)[None, :]
        shade = np.clip((rows - roofs) * 30, 0, 1) * SHADOW
        sway = np.random.default_rng((self._rng_seed, moment, 3)).integers(0, 3, 2)
        down, across = int(sway[0]) + int(40 + hour.hour * 2), int(sway[1]) + int(hour.hour * 7)
        crown = self._crown[down : down + MAP_HEIGHT, across : across + MAP_WIDTH] * self._crown_side
        return np.asarray(1 - hour.sun * np.maximum(shade, crown * DAPPLE), np.float32)

    def _cloud(self, elapsed_s: float) -> float:
        waves = (
            weight * np.sin(2 * np.pi * elapsed_s / period_s + phase)
            for (period_s, weight), phase in zip(CLOUD_WAVES, self._phases, strict=True)
        )
        return float(np.clip(self._day.cloudiness + 1.6 * sum(waves), 0, 1))

    def _wet(self, elapsed_s: float) -> float:
        """As wet as the rain of the last three quarters of an hour left it, in coarse steps."""
        back = (step / WET_STEPS for step in range(WET_STEPS + 1))
        wet = max((1 - share) * min(1.0, 1.6 * self._day.rain_at(elapsed_s - share * DRIES_WITHIN_S)) for share in back)
        return round(wet * WET_STEPS) / WET_STEPS


def _noise_name(hour: Hour, infra_red: bool) -> str:
    if infra_red:
        return "infra_red"
    if hour.is_dark:
        return "dark"
    return "bright" if hour.daylight > 0.5 else "dim"


def _colour(hour: Hour) -> Floats:
    level = DIMMEST + (1 - DIMMEST) * hour.daylight**DAYLIGHT_BEND
    low = float(np.clip(1 - hour.height / 0.35, 0, 1)) if hour.height > 0 else 0.0
    dusk = float(np.clip(1 - hour.daylight / 0.45, 0, 1))
    tint = np.array(NEUTRAL) * (1 - low * hour.sun) + np.array(WARM) * low * hour.sun
    tint = tint * (1 - dusk) + np.array(BLUE) * dusk
    dull = 1 - 0.14 * (1 - hour.sun) - 0.12 * hour.rain
    return np.asarray(tint * level * dull * 1.08, np.float32)


def _roofs(rng: np.random.Generator) -> Floats:
    """Heights of the roofs opposite, as shares of the picture: houses with gaps."""
    roofs = np.zeros(MAP_WIDTH, np.float32)
    left = 0
    while left < MAP_WIDTH:
        wide = int(rng.integers(14, 50))
        roofs[left : left + wide] = rng.uniform(-0.1, 0.12)
        left += wide
    return np.asarray(cv2.GaussianBlur(roofs[None, :], (0, 0), 0.8), np.float32).reshape(-1)


def _side(rng: np.random.Generator) -> Floats:
    """The part of the picture that a crown shades."""
    columns = np.linspace(0, 1, MAP_WIDTH, dtype=np.float32)[None, :]
    middle, half = float(rng.uniform(0, 1)), float(rng.uniform(0.12, 0.3))
    return np.asarray(np.clip((half - np.abs(columns - middle)) * 14, 0, 1), np.float32)


def _lamps(rng: np.random.Generator) -> Floats:
    """Pools of light on a dim street, mean about 1."""
    light = np.full((MAP_HEIGHT, MAP_WIDTH), 0.62, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        light = np.asarray(
            light + 0.9 * _pool(float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.45, 0.85)), 0.2, 0.28), np.float32
        )
    return light


@lru_cache(maxsize=1)
def _spot() -> Floats:
    """The camera's own infra-red lamp: bright in the middle, dim at the rim."""
    return np.asarray(0.3 + 0.85 * _pool(0.5, 0.55, 0.36, 0.4), np.float32)


def _beam(column: float, row: float) -> Floats:
    return _pool(column, row, 0.06, 0.05)


def _pool(column: float, row: float, wide: float, high: float) -> Floats:
    across = (np.linspace(0, 1, MAP_WIDTH, dtype=np.float32)[None, :] - column) / wide
    down = (np.linspace(0, 1, MAP_HEIGHT, dtype=np.float32)[:, None] - row) / high
    return np.asarray(np.exp(-0.5 * (across**2 + down**2)), np.float32)


def _rained(bgr: Bgr, strength: float, seed: tuple[int, int]) -> Bgr:
    """Streaks at other places in every frame, and a veil that takes contrast."""
    height, width = bgr.shape[:2]
    top, left = np.random.default_rng(seed).integers(0, RAIN_MARGIN_PX, 2)
    field = _streaks(height + RAIN_MARGIN_PX, width + RAIN_MARGIN_PX)[top : top + height, left : left + width]
    return np.asarray(cv2.addWeighted(bgr, 1 - 0.14 * strength, field, strength, 14 * strength), np.uint8)


@lru_cache(maxsize=2)
def _streaks(height: int, width: int) -> Bgr:
    rng = np.random.default_rng(9)
    field = np.zeros((height, width), np.uint8)
    slant = 0.12
    for x, y, long, light in zip(
        rng.uniform(0, width, STREAKS), rng.uniform(0, height, STREAKS), rng.uniform(10, 46, STREAKS),
        rng.uniform(16, 58, STREAKS), strict=True,
    ):  # fmt: skip
        end = (int(x - slant * long), int(y + long))
        cv2.line(field, (int(x), int(y)), end, float(light), 1 if long < 34 else 2, cv2.LINE_AA)
    return np.asarray(cv2.cvtColor(cv2.GaussianBlur(field, (3, 7), 0), cv2.COLOR_GRAY2BGR), np.uint8)


def wetted(dry: Bgr, ground: NDArray[np.uint8], base_row: int, seed: int) -> Bgr:
    """The same picture after rain: darker ground with puddles that mirror what stands above it.

    `ground` (h, w) is 255 where the ground shows.
    """
    height, width = dry.shape[:2]
    rng = np.random.default_rng((seed, 31))
    puddles = np.clip(cloud(rng, height, width, 170) * 0.7 - 0.2, 0, 1)
    below = height - base_row
    mirrored = np.full_like(dry, 120)
    shown = min(below, base_row)
    mirrored[base_row : base_row + shown] = dry[base_row - shown : base_row][::-1]
    mirrored = np.asarray(cv2.GaussianBlur(mirrored, (0, 0), 5), np.uint8)
    share = (ground.astype(np.float32) / 255)[..., None]
    soaked = dry * 0.7 + mirrored * (0.3 * puddles[..., None])
    return np.asarray((dry * (1 - share) + soaked * share).clip(0, 255), np.uint8)


def hours_of(day: Day) -> float:
    return day.lasts_s / HOUR_S
