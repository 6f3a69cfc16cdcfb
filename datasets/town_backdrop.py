"""The still part of a street view: sky, ground, walls and all that stands, with the depth of each pixel."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.composer.negatives import paint_cabinet, paint_pole
from datasets.town_camera import Bgr, Camera, Canvas, Surface
from datasets.town_ground import UP, Area, paint_ground, surfaces_of
from datasets.town_light import Light
from datasets.town_patches import Patch, Pose, draw, extent, shadow
from datasets.town_street import Standing, Street
from datasets.town_texture import cloud, flat, foliage, shaded, sky
from datasets.town_traffic import car, cone, post, scooter, wheelie_bin
from pipeline.domain.geometry import Box

HAZE = (226, 222, 214)
HAZE_REACH_M = 260.0
CROWN_PX_PER_M = 56
FRONT_PX_PER_M = 110
POLE_M = 0.32
SHADE_OF = {"cabinet": (0.55, 0.3), "pole": (0.2, 0.2)}
FRONTS = frozenset(SHADE_OF)
CLASS_OF = {
    "car": "car",
    "van": "car",
    "scooter": "two_wheeler",
    "bin": "bin",
    "person": "person",
    "rider": "two_wheeler",
}
FAR_GROUND_M = 250.0
FAR_GROUND_PX_PER_M = 2.0
LENS_BLUR_PX = 0.75
DRAWN_MARGIN_PX = 10
TOUCHED = 60
"""Grey levels; a soft shadow changes less and hides nothing."""


@dataclass(frozen=True)
class Shown:
    """A standing thing with a class: `pixels` of the backdrop have just its depth, so far as nothing hides them."""

    name: str
    box: Box
    depth_m: np.float32
    pixels: int

    def seen(self, depth: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(h, w): where a view of this depth shows it."""
        found = np.zeros(depth.shape, np.bool_)
        height, width = depth.shape
        rows = slice(int(self.box.top * height), int(self.box.bottom * height) + 1)
        columns = slice(int(self.box.left * width), int(self.box.right * width) + 1)
        found[rows, columns] = depth[rows, columns] == self.depth_m
        return found


@dataclass(frozen=True)
class Backdrop:
    """Graded pixels of a view when nothing passes and nothing lies about."""

    camera: Camera
    pixels: Bgr
    depth: NDArray[np.float32]
    """Metres along the line of sight."""
    shown: tuple[Shown, ...]


def paint_backdrop(street: Street, camera: Camera, light: Light) -> Backdrop:
    rng = np.random.default_rng(street.seed)
    canvas = Canvas(_horizon(rng, camera))
    canvas.cast(camera, _far_ground(rng))
    canvas.cast(camera, paint_ground(rng, street.ground, street.strips, street.marks, _shades(street)))
    for number, built in enumerate(street.built):
        for surface in surfaces_of(built, street.seed + number):
            canvas.cast(camera, surface)
    canvas.haze(HAZE, HAZE_REACH_M)
    shown = []
    for standing in sorted(street.standing, key=lambda one: -_distance(camera, one)):
        patches = _stand(canvas, camera, standing, street.seed)
        name = CLASS_OF.get(standing.kind)
        box = visible_box(camera, patches) if name else None
        if name and box:
            one = Shown(name, box, np.float32(_depth_of(camera, standing)), 0)
            shown.append(replace(one, pixels=int(one.seen(canvas.depth).sum())))
    graded = light.tint(np.asarray(cv2.GaussianBlur(canvas.pixels, (0, 0), LENS_BLUR_PX), np.uint8))
    fall_off = light.fall_off(camera.height_px, camera.width_px)[..., None]
    return Backdrop(camera, (graded * fall_off).astype(np.uint8), canvas.depth, tuple(shown))


def visible_box(camera: Camera, patches: list[Patch]) -> Box | None:
    """The part inside the frame of what patches cover; None if hardly any."""
    left, top, right, bottom = extent(camera, patches[1:])  # the first patch is the shadow
    width, height = camera.width_px, camera.height_px
    box = Box(max(0.0, left / width), max(0.0, top / height), min(1.0, right / width), min(1.0, bottom / height))
    whole = (right - left) * (bottom - top) / (width * height)
    return box if box.area > 0.4 * whole and box.width > 0.008 else None


def _distance(camera: Camera, standing: Standing) -> float:
    return float(np.hypot(standing.x_m - camera.x_m, standing.y_m - camera.y_m))


def _horizon(rng: np.random.Generator, camera: Camera) -> Bgr:
    """Sky above the horizon."""
    pixels = np.full((camera.height_px, camera.width_px, 3), HAZE, np.uint8)
    row = int(np.clip(camera.horizon_px, 0, camera.height_px))
    if row > 1:
        pixels[:row] = sky(rng, row, camera.width_px)
    return pixels


def _far_ground(rng: np.random.Generator) -> Surface:
    """Earth and grass out to where the air hides them; just under the painted ground, which wins."""
    side = round(2 * FAR_GROUND_M * FAR_GROUND_PX_PER_M)
    light = 1 + 0.1 * cloud(rng, side, side, 6) + 0.08 * cloud(rng, side, side, 40)
    texture = shaded(flat(side, side, (112, 136, 130)), light.astype(np.float32))
    origin = np.array([-FAR_GROUND_M, FAR_GROUND_M, -0.02])
    return Surface(origin, np.array([1.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0]), texture, FAR_GROUND_PX_PER_M)


def _shades(street: Street) -> list[Area]:
    """Where trees and vehicles keep the sun off, to the right of and behind them."""
    shades = list(street.shades)
    for one in street.standing:
        if one.kind == "tree":
            r = one.size_m * 0.36
            shades.append(Area(one.x_m - r + 0.7, one.x_m + r + 0.9, one.y_m - r * 0.7, one.y_m + r))
        elif one.kind in ("car", "van"):
            along = abs(np.cos(np.radians(one.heading_deg)))
            half_x, half_y = 1.0 + 1.4 * (1 - along), 1.0 + 1.4 * along
            shades.append(Area(one.x_m - half_x, one.x_m + half_x + 0.7, one.y_m - half_y, one.y_m + half_y + 0.4))
    return shades


def _stand(canvas: Canvas, camera: Camera, standing: Standing, seed: int) -> list[Patch]:
    pose = Pose(standing.x_m, standing.y_m, standing.heading_deg)
    if standing.kind in FRONTS:
        draw(canvas.pixels, camera, [shadow(_across(camera, standing), *SHADE_OF[standing.kind])])
        canvas.cast(camera, _front(camera, standing, seed))
        return []
    if standing.kind == "tree":
        patches = post(_across(camera, standing), standing.size_m * 0.45, (66, 80, 92), 0.26)
    else:
        patches = still_patches(camera, standing.kind, pose, standing)
    window = window_of(extent(camera, patches), canvas.pixels)
    if window is not None:
        before = canvas.pixels[window].copy()
        draw(canvas.pixels, camera, patches)
        changed = np.asarray(cv2.absdiff(before, canvas.pixels[window])).max(axis=2) > TOUCHED
        near = canvas.depth[window]
        near[changed] = np.minimum(near[changed], _depth_of(camera, standing))
    if standing.kind == "tree":
        canvas.cast(camera, _crown(camera, standing, seed))
    return patches


def window_of(sides: tuple[float, float, float, float], pixels: Bgr) -> tuple[slice, slice] | None:
    """Rows and columns within the picture around left, top, right and bottom; None if nothing is left."""
    left, top, right, bottom = (round(side) for side in sides)
    height, width = pixels.shape[:2]
    rows = slice(max(0, top - DRAWN_MARGIN_PX), min(height, bottom + DRAWN_MARGIN_PX))
    columns = slice(max(0, left - DRAWN_MARGIN_PX), min(width, right + DRAWN_MARGIN_PX))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def still_patches(camera: Camera, kind: str, pose: Pose, standing: Standing) -> list[Patch]:
    if kind in ("car", "van"):
        return car(camera, pose, standing.colour, van=kind == "van")
    if kind == "scooter":
        return scooter(pose, standing.colour)
    if kind == "bin":
        return wheelie_bin(camera, pose, standing.colour)
    if kind == "cone":
        return cone(_across(camera, standing))
    return post(_across(camera, standing), standing.size_m, standing.colour)


def _depth_of(camera: Camera, standing: Standing) -> float:
    _, depth = camera.project(np.array([[standing.x_m, standing.y_m, 0.5]]))
    return float(depth[0])


def _across(camera: Camera, standing: Standing) -> Pose:
    """A pose whose plane lies across the line of sight."""
    toward = np.degrees(np.arctan2(standing.x_m - camera.x_m, standing.y_m - camera.y_m))
    return Pose(standing.x_m, standing.y_m, float(toward) + 90)


def _front(camera: Camera, standing: Standing, seed: int) -> Surface:
    """A cabinet or a thick pole in the plane across the line of sight."""
    rng = np.random.default_rng((seed, round(standing.x_m * 10) + 1000, round(standing.y_m * 10) + 1000))
    if standing.kind == "cabinet":
        texture = paint_cabinet(rng, round(standing.size_m * FRONT_PX_PER_M))
    else:
        texture = paint_pole(rng, round(POLE_M * FRONT_PX_PER_M), round(standing.size_m * FRONT_PX_PER_M))
    turn = np.radians(_across(camera, standing).heading_deg)
    along = np.array([np.sin(turn), np.cos(turn), 0.0])
    height_m, wide_m = (side / FRONT_PX_PER_M for side in texture.shape[:2])
    origin = np.array([standing.x_m, standing.y_m, height_m]) - along * wide_m / 2
    return Surface(origin, along, -UP, texture, FRONT_PX_PER_M)


def _crown(camera: Camera, standing: Standing, seed: int) -> Surface:
    """A crown in the plane across the line of sight; no two trees alike."""
    rng = np.random.default_rng((seed, round(standing.x_m * 10) + 1000, round(standing.y_m * 10) + 1000))
    wide, tall = standing.size_m * 0.86, standing.size_m * 0.74
    texture = foliage(rng, round(tall * CROWN_PX_PER_M), round(wide * CROWN_PX_PER_M), standing.colour)
    turn = np.radians(_across(camera, standing).heading_deg)
    along = np.array([np.sin(turn), np.cos(turn), 0.0])
    foot = np.array([standing.x_m, standing.y_m, standing.size_m * 0.32])
    return Surface(foot + UP * tall - along * wide / 2, along, -UP, texture, CROWN_PX_PER_M)
