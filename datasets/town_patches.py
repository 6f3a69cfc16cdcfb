"""Coloured polygons in space, placed in metres and drawn through the camera."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.town_camera import Bgr, Camera, Metres
from datasets.town_light import Light
from datasets.town_texture import Colour

SUN: Metres = np.array([-0.45, -0.5, 0.74])
SOFT_PX = 9
SHADE = 0.62
NEAREST_PATCH_M = 0.5
FINE_BITS = 4
"""Sub-pixel bits of OpenCV's drawing, for smooth edges and movement."""


@dataclass(frozen=True)
class Patch:
    points: Metres
    """(n, 3)."""
    colour: Colour
    cover: float = 1.0
    """Below 1 the ground shows through, as in a shadow."""


@dataclass(frozen=True)
class Pose:
    x_m: float
    y_m: float
    heading_deg: float = 0.0
    """Clockwise from +y."""

    def place(self, along: Metres, aside: Metres, up: Metres) -> Metres:
        """Own coordinates (ahead, to the right, up) to the world's, (n, 3)."""
        turn = np.radians(self.heading_deg)
        x = self.x_m + along * np.sin(turn) + aside * np.cos(turn)
        y = self.y_m + along * np.cos(turn) - aside * np.sin(turn)
        return np.stack([x, y, up], axis=-1)


def draw(canvas: Bgr, camera: Camera, patches: list[Patch], light: Light | None = None) -> None:
    """Draw patches in order, as they are or in a light."""
    for patch in patches:
        pixels, depth = camera.project(patch.points)
        if depth.min() < NEAREST_PATCH_M:
            continue
        colour = light.tint(np.array(patch.colour, np.uint8)) if light else patch.colour
        shape = np.round(pixels * 2**FINE_BITS).astype(np.int32)
        paint = tuple(map(float, colour))
        if patch.cover < 1:
            _veil(canvas, pixels, paint, patch.cover)
        else:
            cv2.fillPoly(canvas, [shape], paint, cv2.LINE_AA, FINE_BITS)


def _veil(canvas: Bgr, pixels: NDArray[np.float64], paint: tuple[float, ...], cover: float) -> None:
    """A soft-edged, see-through polygon."""
    left, top = np.maximum(np.floor(pixels.min(axis=0)).astype(int) - SOFT_PX, 0)
    right, bottom = np.ceil(pixels.max(axis=0)).astype(int) + SOFT_PX
    here = canvas[top:bottom, left:right]
    if here.size == 0:
        return
    share = np.zeros(here.shape[:2], np.float32)
    cv2.fillPoly(share, [np.round(pixels - (left, top)).astype(np.int32)], cover)
    soft = np.asarray(cv2.GaussianBlur(share, (0, 0), SOFT_PX / 3), np.float32)[..., None]
    here[:] = (here * (1 - soft) + np.array(paint[:3], np.float32) * soft).astype(np.uint8)


def extent(camera: Camera, patches: list[Patch]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in pixels, not clipped to the frame."""
    pixels, _ = camera.project(np.concatenate([patch.points for patch in patches]))
    (left, top), (right, bottom) = pixels.min(axis=0), pixels.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def silhouette(camera: Camera, patches: list[Patch]) -> NDArray[np.bool_]:
    """(h, w): what opaque patches cover."""
    cover = np.zeros((camera.height_px, camera.width_px), np.uint8)
    for patch in patches:
        pixels, depth = camera.project(patch.points)
        if patch.cover == 1 and depth.min() >= NEAREST_PATCH_M:
            cv2.fillPoly(cover, [np.round(pixels * 2**FINE_BITS).astype(np.int32)], (1,), cv2.LINE_8, FINE_BITS)
    return cover.astype(np.bool_)


def lit(colour: Colour, normal: Metres) -> Colour:
    share = 0.62 + 0.42 * max(0.0, float(normal @ SUN) / float(np.linalg.norm(normal) + 1e-9))
    return tone(colour, share)


def tone(colour: Colour, share: float) -> Colour:
    blue, green, red = (int(min(255, part * share)) for part in colour)
    return blue, green, red


def facing(camera: Camera, points: Metres) -> Metres | None:
    """The normal of a face if the camera sees its front, else None."""
    normal = np.cross(points[1] - points[0], points[2] - points[0])
    return normal if normal @ (camera.position - points[0]) > 0 else None


def shadow(pose: Pose, half_length: float, half_width: float) -> Patch:
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    corner = np.abs(np.cos(angles)) ** 0.5 * np.sign(np.cos(angles))
    other = np.abs(np.sin(angles)) ** 0.5 * np.sign(np.sin(angles))
    return Patch(pose.place(corner * half_length, other * half_width, np.full(20, 0.01)), (36, 36, 38), SHADE)


def distance(camera: Camera, points: Metres) -> float:
    return float(np.linalg.norm(points.mean(axis=0) - camera.position))


def flat(pose: Pose, shape: list[tuple[float, float]], colour: Colour, aside: float = 0.0) -> Patch:
    """A patch in the upright plane along the heading."""
    points = np.array(shape, np.float64)
    return Patch(pose.place(points[:, 0], np.full(len(points), aside), points[:, 1]), colour)


def bar(pose: Pose, start: tuple[float, float], end: tuple[float, float], thick: float, colour: Colour) -> Patch:
    a, b = np.array(start), np.array(end)
    across = np.array([-(b - a)[1], (b - a)[0]]) / (np.linalg.norm(b - a) + 1e-9) * thick / 2
    return flat(pose, [tuple(a + across), tuple(b + across), tuple(b - across), tuple(a - across)], colour)


def disc(pose: Pose, centre: tuple[float, float], radii: tuple[float, float], colour: Colour) -> Patch:
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    shape = [(centre[0] + radii[0] * np.cos(at), centre[1] + radii[1] * np.sin(at)) for at in angles]
    return flat(pose, shape, colour)
