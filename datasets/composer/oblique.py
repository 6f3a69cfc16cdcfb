"""What a high camera sees: bodies of plane faces in metres, projected, shaded and laid into a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin, tan

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.town_camera import Bgr
from datasets.town_texture import Colour, cloud

Points = NDArray[np.float64]
"""(n, 3): metres east, north and up of the ground below the camera."""
SUBPIXEL_BITS = 4
AMBIENT = 0.62
FINER = 2
"""Bodies are drawn so many times larger, then reduced: soft rims and no seams between faces."""
NEAREST_M = 0.6
SHEEN = 0.035
"""Deviation of the light that plays over a body."""
SHADOW_BLUR_PX = 2.5
PITCHES = (25.0, 90.0)
HEIGHTS_M = (5.0, 20.0)
VIEW_DEGREES = (45.0, 85.0)
FARTHEST = 1 << 22


@dataclass(frozen=True, slots=True)
class Eye:
    """A camera over the ground: `pitch` degrees below the horizon, `height_m` up, `focal_px` in a width of `size`."""

    height_m: float
    pitch: float
    focal_px: float
    size: tuple[int, int]

    def depth(self, points: Points) -> NDArray[np.float64]:
        """(n,) metres before the camera; negative behind it."""
        down = radians(self.pitch)
        return np.asarray(points[:, 1] * cos(down) - (points[:, 2] - self.height_m) * sin(down), np.float64)

    def project(self, points: Points) -> NDArray[np.float64]:
        """(n, 3) metres to (n, 2) px; what lies behind the camera is put far outside."""
        down = radians(self.pitch)
        rise = points[:, 1] * sin(down) + (points[:, 2] - self.height_m) * cos(down)
        safe = np.maximum(self.depth(points), 0.05)
        width, height = self.size
        return np.stack([width / 2 + self.focal_px * points[:, 0] / safe, height / 2 - self.focal_px * rise / safe], 1)

    @property
    def place(self) -> Points:
        return np.array([0.0, 0.0, self.height_m])

    def ground_at(self, x_px: float, y_px: float) -> tuple[float, float] | None:
        """Metres east and north of the ground seen at a pixel; None above the horizon."""
        down = radians(self.pitch)
        right, up = (x_px - self.size[0] / 2) / self.focal_px, (self.size[1] / 2 - y_px) / self.focal_px
        fall = sin(down) - up * cos(down)
        if fall <= 0.02:
            return None
        reach = self.height_m / fall
        return reach * right, reach * (cos(down) + up * sin(down))

    def px_per_m(self, at: tuple[float, float]) -> float:
        """How large a metre is that lies on the ground at `at`, across the line of sight."""
        return self.focal_px / max(NEAREST_M, float(self.depth(np.array([[*at, 0.0]]))[0]))


def an_eye(rng: np.random.Generator, size: tuple[int, int]) -> Eye:
    """From a lamp post to a sixth floor, from oblique to straight down, always without the horizon."""
    half = radians(float(rng.uniform(*VIEW_DEGREES)) / 2)
    focal = size[0] / (2 * tan(half))
    upper = np.degrees(np.arctan(size[1] / 2 / focal)) + 4  # so far the top edge looks above the middle
    pitch = float(rng.uniform(max(PITCHES[0], upper), PITCHES[1]))
    return Eye(float(np.exp(rng.uniform(*np.log(HEIGHTS_M)))), pitch, focal, size)


@dataclass(frozen=True, slots=True)
class Face:
    """A plane polygon; a later face on the same plane is painted onto it."""

    corners: Points
    colour: Colour
    shine: float = 1.0


@dataclass(frozen=True, slots=True)
class Body:
    """What stands somewhere: convex parts in the order in which they cover each other, and the outline of its foot."""

    parts: tuple[tuple[Face, ...], ...]
    foot: Points

    @property
    def points(self) -> Points:
        return np.concatenate([face.corners for part in self.parts for face in part])


@dataclass(frozen=True, slots=True)
class Cover:
    """What was painted: alpha (h, w) uint8 whose corner lies at `left`, `top` px."""

    left: int
    top: int
    alpha: NDArray[np.uint8]


def placed(parts: Sequence[Sequence[Face]], size: tuple[float, float], at: tuple[float, float], heading: float) -> Body:
    """Parts about the origin, nose to the east, moved to `at` and turned to `heading` (degrees)."""
    turn = radians(heading)
    to_ground = np.array([[cos(turn), sin(turn), 0], [-sin(turn), cos(turn), 0], [0, 0, 1]])
    move = np.array([*at, 0.0])
    long, wide = size[0] / 2, size[1] / 2
    foot = np.array([(long, wide, 0), (long, -wide, 0), (-long, -wide, 0), (-long, wide, 0)], np.float64)
    moved = tuple(
        tuple(Face(face.corners @ to_ground + move, face.colour, face.shine) for face in part) for part in parts
    )
    return Body(moved, foot @ to_ground + move)


def draw_body(rng: np.random.Generator, bgr: Bgr, eye: Eye, body: Body, sun: Points) -> Cover | None:
    """Paint in place; None where nothing shows or a part is behind the camera. `sun`: a unit vector towards it."""
    points = body.points
    if eye.depth(points).min() < NEAREST_M:
        return None
    seen = eye.project(points)
    left, top = np.maximum(np.floor(seen.min(axis=0)), 0).astype(int)
    right, bottom = np.minimum(np.ceil(seen.max(axis=0)), eye.size).astype(int)
    if left >= right or top >= bottom:
        return None
    colour = np.zeros(((bottom - top) * FINER, (right - left) * FINER, 3), np.uint8)
    alpha = np.zeros(colour.shape[:2], np.uint8)
    for corners, tone in _lit_faces(eye, body, sun):
        outline = (eye.project(corners) - (left, top)) * FINER
        fill(colour, outline, tone, cv2.LINE_8)
        fill(alpha, outline, (255,), cv2.LINE_8)
    return _laid(rng, bgr, (int(left), int(top)), colour, alpha)


def _laid(
    rng: np.random.Generator, bgr: Bgr, corner: tuple[int, int], colour: Bgr, alpha: NDArray[np.uint8]
) -> Cover | None:
    left, top = corner
    size = (alpha.shape[1] // FINER, alpha.shape[0] // FINER)
    small = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)
    if not small.any():
        return None
    weighted = cv2.resize(colour, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    weighted *= 1 + SHEEN * cloud(rng, size[1], size[0], max(6.0, max(size) / 5))[..., None]
    part = bgr[top : top + size[1], left : left + size[0]]
    part[:] = (weighted + part * (1 - small[..., None].astype(np.float32) / 255)).clip(0, 255).astype(np.uint8)
    return Cover(left, top, small)


def _lit_faces(eye: Eye, body: Body, sun: Points) -> list[tuple[Points, tuple[int, ...]]]:
    """Faces turned to the camera with their colour in that light, in the order of painting."""
    faces = []
    for part in body.parts:
        points = np.concatenate([face.corners for face in part])
        centre = (points.min(axis=0) + points.max(axis=0)) / 2
        for face in part:
            middle = face.corners.mean(axis=0)
            normal = np.cross(face.corners[2] - face.corners[0], face.corners[-1] - face.corners[1])
            normal = normal / max(1e-9, float(np.linalg.norm(normal)))
            if normal @ (middle - centre) < 0:
                normal = -normal
            if normal @ (eye.place - middle) > 0:
                light = (AMBIENT + (1 - AMBIENT) * max(0.0, float(normal @ sun)) + 0.1 * float(normal[2])) * face.shine
                faces.append((face.corners, tuple(min(255, int(tone * light)) for tone in face.colour)))
    return faces


def fill(
    picture: NDArray[np.uint8], points: NDArray[np.float64], colour: tuple[int, ...], rim: int = cv2.LINE_AA
) -> None:
    """A polygon (n, 2) px at a sixteenth of a pixel, in place."""
    fixed = np.clip(points * (1 << SUBPIXEL_BITS), -FARTHEST, FARTHEST).round().astype(np.int32)
    cv2.fillPoly(picture, [fixed], colour, rim, SUBPIXEL_BITS)


def on_ground(eye: Eye, flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) metres on the ground to (n, 2) px."""
    return eye.project(np.concatenate([flat, np.zeros((len(flat), 1))], axis=1))


def cast_shadows(bgr: Bgr, eye: Eye, bodies: Sequence[Body], sun: Points, strength: float) -> None:
    """What bodies keep from the ground: their hulls moved away from the sun, softened, and a dark pool below each."""
    mask = np.zeros(bgr.shape[:2], np.uint8)
    away = -sun[:2] / max(0.3, float(sun[2]))
    for body in bodies:
        for part in body.parts:
            tops = np.concatenate([*(face.corners for face in part), body.foot])
            flat = tops[:, :2] + away * tops[:, 2:]
            if eye.depth(np.concatenate([flat, 0 * flat[:, :1]], axis=1)).min() < NEAREST_M:
                continue
            hull = cv2.convexHull(on_ground(eye, flat).astype(np.float32))[:, 0].astype(np.float64)
            fill(mask, hull, (int(255 * strength),))
        pool = body.foot.mean(axis=0) + (body.foot - body.foot.mean(axis=0)) * 1.04
        fill(mask, eye.project(pool), (int(255 * min(0.85, strength + 0.25)),))
    soft = cv2.GaussianBlur(mask, (0, 0), SHADOW_BLUR_PX)
    inverse = cv2.merge([255 - soft] * 3)
    bgr[:] = np.asarray(cv2.multiply(bgr, inverse, scale=1 / 255), np.uint8)
