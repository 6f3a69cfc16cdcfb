"""A pinhole camera over a flat town: metres to pixels, and textured planes drawn by casting a ray a pixel.

World axes: x right, y away, z up, in metres. Pixels are BGR uint8.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Bgr = NDArray[np.uint8]
Bgra = NDArray[np.uint8]
Metres = NDArray[np.float64]

FAR_M = 500.0
NEAREST_M = 0.3
LEVELS = 4
"""Each level of a texture is half as fine; far away the coarse ones keep tiles from flickering."""


@dataclass(frozen=True)
class Camera:
    x_m: float
    y_m: float
    height_m: float
    yaw_deg: float
    """Clockwise from +y."""
    pitch_deg: float
    """Downwards."""
    focal_px: float
    width_px: int = 1920
    height_px: int = 1080

    @cached_property
    def position(self) -> Metres:
        return np.array([self.x_m, self.y_m, self.height_m])

    @cached_property
    def axes(self) -> tuple[Metres, Metres, Metres]:
        """Right, up and forward as unit vectors."""
        yaw, pitch = np.radians(self.yaw_deg), np.radians(self.pitch_deg)
        forward = np.array([np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), -np.sin(pitch)])
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        return right, np.cross(right, forward), forward

    @property
    def horizon_px(self) -> float:
        return self.height_px / 2 - self.focal_px * float(np.tan(np.radians(self.pitch_deg)))

    def project(self, points: Metres) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n, 3) metres to (n, 2) pixels and (n,) depths; what lies behind is clamped to the nearest depth."""
        right, up, forward = self.axes
        offset = points - self.position
        depth = np.maximum(offset @ forward, NEAREST_M)
        across = self.width_px / 2 + self.focal_px * (offset @ right) / depth
        down = self.height_px / 2 - self.focal_px * (offset @ up) / depth
        return np.stack([across, down], axis=1), depth

    def ground(self, x_m: float, y_m: float) -> tuple[float, float, float]:
        """Pixel column, row and pixels a metre of a point on the ground."""
        pixels, depth = self.project(np.array([[x_m, y_m, 0.0]]))
        return float(pixels[0, 0]), float(pixels[0, 1]), self.focal_px / float(depth[0])

    def scaled(self, width_px: int) -> "Camera":
        """The same view on a sensor of another width, 16:9."""
        share = width_px / self.width_px
        return replace(self, focal_px=self.focal_px * share, width_px=width_px, height_px=round(self.height_px * share))


@dataclass(frozen=True)
class Surface:
    """A textured rectangle; `origin` is the texture's top left corner, `along` and `down` unit vectors."""

    origin: Metres
    along: Metres
    down: Metres
    texture: NDArray[np.uint8]
    """BGR or BGRA; alpha below a half is a hole."""
    px_per_m: float


class Canvas:
    """A picture in the making with the depth of each pixel."""

    def __init__(self, pixels: Bgr) -> None:
        self.pixels = pixels
        self.depth: NDArray[np.float32] = np.full(pixels.shape[:2], FAR_M, np.float32)

    def cast(self, camera: Camera, surface: Surface) -> None:
        """Draw a surface where it is nearer than what is there."""
        left, top, right, bottom = _extent(camera, surface)
        if right <= left or bottom <= top:
            return
        columns = np.arange(left, right, dtype=np.float32)[None, :]
        rows = np.arange(top, bottom, dtype=np.float32)[:, None]
        depth, col, row = _texture_coordinates(camera, surface, columns, rows)
        height, width = surface.texture.shape[:2]
        here = self.depth[top:bottom, left:right]
        inside = (depth > NEAREST_M) & (depth < here) & (col >= 0) & (row >= 0) & (col < width) & (row < height)
        if not inside.any():
            return
        colour = _sample(surface.texture, col, row, inside)
        if colour.shape[2] == 4:
            inside &= colour[..., 3] > 127
        np.copyto(self.pixels[top:bottom, left:right], colour[..., :3], where=inside[..., None])
        np.copyto(here, depth, where=inside)

    def haze(self, colour: tuple[int, int, int], reach_m: float) -> None:
        """Let far things fade into the colour of the air."""
        clear = np.asarray(cv2.exp(self.depth * np.float32(-1 / reach_m)), np.float32)
        air = np.full_like(self.pixels, colour)
        self.pixels = np.asarray(cv2.blendLinear(self.pixels, air, clear, 1 - clear), np.uint8)


def _extent(camera: Camera, surface: Surface) -> tuple[int, int, int, int]:
    height, width = surface.texture.shape[:2]
    across, down = surface.along * (width / surface.px_per_m), surface.down * (height / surface.px_per_m)
    corners = np.array([surface.origin, surface.origin + across, surface.origin + down, surface.origin + across + down])
    if ((corners - camera.position) @ camera.axes[2]).min() < NEAREST_M:
        return 0, 0, camera.width_px, camera.height_px
    pixels, _ = camera.project(corners)
    left, top = np.floor(pixels.min(axis=0)).astype(int)
    right, bottom = np.ceil(pixels.max(axis=0)).astype(int) + 1
    return max(left, 0), max(top, 0), min(right, camera.width_px), min(bottom, camera.height_px)


def _texture_coordinates(
    camera: Camera, surface: Surface, columns: NDArray[np.float32], rows: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    right, up, forward = camera.axes
    across = (columns - camera.width_px / 2) / camera.focal_px
    upward = (camera.height_px / 2 - rows) / camera.focal_px

    def along_ray(axis: Metres) -> NDArray[np.float32]:
        whole = float(forward @ axis) + across * float(right @ axis) + upward * float(up @ axis)
        return np.asarray(whole, np.float32)

    normal = np.cross(surface.along, surface.down)
    slope = along_ray(normal)
    slope = np.where(np.abs(slope) < 1e-6, np.float32(1e-6), slope)
    depth = np.asarray(float((surface.origin - camera.position) @ normal) / slope, np.float32)
    offset = camera.position - surface.origin
    col = (float(offset @ surface.along) + depth * along_ray(surface.along)) * surface.px_per_m
    row = (float(offset @ surface.down) + depth * along_ray(surface.down)) * surface.px_per_m
    return depth, np.asarray(col, np.float32), np.asarray(row, np.float32)


def _sample(
    texture: NDArray[np.uint8], col: NDArray[np.float32], row: NDArray[np.float32], inside: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Texture colours, from the levels whose texels are about as large as a pixel."""
    step = np.maximum(_step(col, 0) + _step(row, 0), _step(col, 1) + _step(row, 1)) * 0.7
    level = np.clip(np.log2(np.maximum(step, 1.0)), 0, LEVELS - 1).astype(np.float32)
    level[~inside] = -1
    blended = np.zeros((*col.shape, texture.shape[2]), np.float32)
    coarse = texture
    for number in range(int(np.ceil(level.max())) + 1):
        if number:
            coarse = np.asarray(cv2.pyrDown(coarse), np.uint8)
        part = _bounds(np.abs(level - number) < 1)
        if part is None:
            continue
        weight = np.maximum(1 - np.abs(level[part] - number), 0)[..., None]
        share = 0.5**number
        shift = np.float32(0.5 * share - 0.5)
        taken = cv2.remap(
            coarse,
            col[part] * share + shift,
            row[part] * share + shift,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        blended[part] += weight * taken
    return blended.astype(np.uint8)


def _bounds(mask: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _step(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    if values.shape[axis] < 2:
        return np.ones_like(values)
    step = np.abs(np.diff(values, axis=axis))
    return np.concatenate([step, step[-1:] if axis == 0 else step[:, -1:]], axis=axis)
