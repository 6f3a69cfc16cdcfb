"""Put things into a still picture by daylight: litter, stalls, cables, stickers, and who or what just stands about."""

import cv2
import numpy as np

from datasets.composer.ads import paint_ad
from datasets.composer.cables import draw_cable
from datasets.composer.cutouts import LitterStock, litter_cutout
from datasets.composer.paste import ground_shadow, in_shares, paste, settled
from datasets.composer.sprites import resized
from datasets.composer.stalls import paint_stall
from datasets.series.day import Kind, Stay
from datasets.town_camera import Bgr, Bgra, Camera
from datasets.town_passing import CAR_COLOURS, COATS, SCOOTER_COLOURS, TROUSERS
from datasets.town_patches import Patch, Pose, draw, extent
from datasets.town_traffic import Dress, car, person, scooter
from pipeline.domain.geometry import Box

SHADED = frozenset({Kind.litter, Kind.stall})
SHADOW = {Kind.litter: 0.35, Kind.stall: 0.5}
ALONG_DEG = 90.0
"""Heading of what is parked along the pavement."""


class Painter:
    """Puts stays into pictures; keeps the sprites, for a thing looks the same as long as it stays."""

    def __init__(self, camera: Camera, stock: LitterStock) -> None:
        """`stock` holds photographed litter; where it is empty litter is painted."""
        self._camera = camera
        self._stock = stock
        self._sprites: dict[Stay, Bgra] = {}

    def put(self, bgr: Bgr, stay: Stay) -> Box | None:
        """Paint a stay in place; the box of what shows of it in shares, None where nothing does."""
        rng = np.random.default_rng((stay.seed, 41))
        if stay.kind is Kind.cable:
            return self._cable(bgr, rng, stay)
        if stay.kind in (Kind.litter, Kind.stall, Kind.sticker):
            return self._sprite(bgr, rng, stay)
        patches = self._patches(rng, stay)
        draw(bgr, self._camera, patches)
        height, width = bgr.shape[:2]
        return in_shares(extent(self._camera, patches), (width, height))

    def _cable(self, bgr: Bgr, rng: np.random.Generator, stay: Stay) -> Box:
        height, width = bgr.shape[:2]
        root = stay.root or (stay.foot[0], stay.place.top)
        start, end = ((x * width, y * height) for x, y in (root, stay.foot))
        return draw_cable(bgr, rng, start, end, float(stay.size_px))

    def _sprite(self, bgr: Bgr, rng: np.random.Generator, stay: Stay) -> Box | None:
        if stay not in self._sprites:
            self._sprites[stay] = self._painted(rng, stay)
        sprite = self._sprites[stay]
        height, width = bgr.shape[:2]
        left = round(stay.foot[0] * width - sprite.shape[1] / 2)
        top = round(stay.foot[1] * height - sprite.shape[0])
        if stay.kind in SHADED:
            ground_shadow(bgr, left, left + sprite.shape[1], top + sprite.shape[0], SHADOW[stay.kind])
        return paste(bgr, settled(bgr, sprite, left, top, 0.5), left, top)

    def _painted(self, rng: np.random.Generator, stay: Stay) -> Bgra:
        if stay.kind is Kind.stall:
            return _fitted(_trimmed(paint_stall(rng, stay.size_px)), stay.size_px)
        if stay.kind is Kind.sticker:
            return _fitted(_trimmed(paint_ad(rng, stay.size_px)), stay.size_px)
        return _fitted(_trimmed(litter_cutout(rng, self._stock, stay.size_px)), stay.size_px)

    def _patches(self, rng: np.random.Generator, stay: Stay) -> list[Patch]:
        assert stay.spot_m is not None, "what stands on the ground has a spot"
        x_m, y_m = stay.spot_m
        if stay.kind is Kind.person:
            dress = Dress(COATS[rng.integers(len(COATS))], TROUSERS[rng.integers(len(TROUSERS))])
            return person(self._camera, Pose(x_m, y_m), dress, None)
        if stay.kind is Kind.car:
            colour = CAR_COLOURS[rng.integers(len(CAR_COLOURS))]
            return car(self._camera, Pose(x_m, y_m, ALONG_DEG), colour, van=bool(rng.random() < 0.5))
        heading = ALONG_DEG + float(rng.uniform(-25, 25))
        return scooter(Pose(x_m, y_m, heading), SCOOTER_COLOURS[rng.integers(len(SCOOTER_COLOURS))])


def _trimmed(sprite: Bgra) -> Bgra:
    """Without clear borders, so that its size is that of what shows."""
    x, y, wide, high = cv2.boundingRect((sprite[..., 3] > 48).astype(np.uint8))
    return sprite[y : y + high, x : x + wide] if wide and high else sprite


def _fitted(sprite: Bgra, longer_px: int) -> Bgra:
    """Scaled so that its longer side is `longer_px`."""
    height, width = sprite.shape[:2]
    share = longer_px / max(height, width)
    return resized(sprite, max(2, round(width * share)), max(2, round(height * share)))
