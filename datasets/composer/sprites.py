"""What is cut out and moved about: pictures with straight alpha (h, w, 4), uint8, blue first."""

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.composer.lettering import Mask
from datasets.town_camera import Bgr, Bgra
from datasets.town_texture import Colour, cloud

LEAST_SIDE = 2


def sheet(height: int, width: int, colour: Colour, alpha: int = 255) -> Bgra:
    return np.full((max(LEAST_SIDE, height), max(LEAST_SIDE, width), 4), (*colour, alpha), np.uint8)


def clear(height: int, width: int) -> Bgra:
    return np.zeros((max(LEAST_SIDE, height), max(LEAST_SIDE, width), 4), np.uint8)


def jittered(rng: np.random.Generator, colour: Colour, spread: float = 14) -> Colour:
    blue, green, red = (int(np.clip(part + rng.normal(0, spread), 0, 255)) for part in colour)
    return blue, green, red


def dim(colour: Colour, share: float) -> Colour:
    blue, green, red = (int(min(255, max(0, part * share))) for part in colour)
    return blue, green, red


def any_colour(rng: np.random.Generator) -> Colour:
    """Any hue, mostly well saturated."""
    hsv = np.array([[[rng.integers(0, 180), rng.integers(60, 240), rng.integers(60, 250)]]], np.uint8)
    blue, green, red = (int(part) for part in cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0])
    return blue, green, red


def resized(sprite: Bgra, width: int, height: int) -> Bgra:
    """Colours are weighted by alpha, so that edges neither darken nor shine."""
    width, height = max(LEAST_SIDE, width), max(LEAST_SIDE, height)
    shrinks = width * height < sprite.shape[0] * sprite.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return _unweighted(np.asarray(cv2.resize(_weighted(sprite), (width, height), interpolation=way), np.float32))


def to_width(sprite: Bgra, width: int) -> Bgra:
    return resized(sprite, width, round(sprite.shape[0] * width / sprite.shape[1]))


def _weighted(sprite: Bgra) -> NDArray[np.float32]:
    alpha = sprite[..., 3:].astype(np.float32) / 255
    return np.asarray(np.concatenate([sprite[..., :3] * alpha, alpha], axis=2), np.float32)


def _unweighted(weighted: NDArray[np.float32]) -> Bgra:
    colour = weighted[..., :3] / np.maximum(weighted[..., 3:], 1e-3)
    return np.concatenate([colour, weighted[..., 3:] * 255], axis=2).clip(0, 255).astype(np.uint8)


def warped(sprite: Bgra, corners: NDArray[np.float32]) -> Bgra:
    """The sprite's corners (clockwise from top left) moved to `corners` (4, 2) px; cropped to what they span."""
    height, width = sprite.shape[:2]
    corners = corners - corners.min(axis=0)
    span = np.ceil(corners.max(axis=0)).astype(int) + 1
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    size = (max(LEAST_SIDE, int(span[0])), max(LEAST_SIDE, int(span[1])))
    return _unweighted(np.asarray(cv2.warpPerspective(_weighted(sprite), turn, size), np.float32))


def corners_of(width: float, height: float) -> NDArray[np.float32]:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def rotated(sprite: Bgra, degrees: float) -> Bgra:
    height, width = sprite.shape[:2]
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return warped(sprite, (corners_of(width, height) @ turn).astype(np.float32))


def tilted(rng: np.random.Generator, sprite: Bgra, share: float) -> Bgra:
    """Each corner strays by up to `share` of the sides: a wall seen aslant."""
    height, width = sprite.shape[:2]
    stray = rng.uniform(-share, share, (4, 2)) * [width, height]
    return warped(sprite, (corners_of(width, height) + stray).astype(np.float32))


def stamp(sprite: Bgra, mask: Mask, centre: tuple[float, float], colour: Colour, strength: float = 1.0) -> None:
    """Print `mask` on a sprite in place; where the sprite is clear the ink makes it opaque."""
    height, width = mask.shape
    left, top = round(centre[0] - width / 2), round(centre[1] - height / 2)
    x1, y1, x2, y2 = max(0, left), max(0, top), min(sprite.shape[1], left + width), min(sprite.shape[0], top + height)
    if x1 >= x2 or y1 >= y2:
        return
    ink = mask[y1 - top : y2 - top, x1 - left : x2 - left].astype(np.float32)[..., None] / 255 * strength
    part = sprite[y1:y2, x1:x2]
    before = part[..., 3:].astype(np.float32) / 255
    alpha = ink + before * (1 - ink)
    blended = (np.array(colour, np.float32) * ink + part[..., :3] * before * (1 - ink)) / np.maximum(alpha, 1e-3)
    part[..., :3] = blended.clip(0, 255).astype(np.uint8)
    part[..., 3:] = (alpha * 255).clip(0, 255).astype(np.uint8)


def layered(below: Bgra, above: Bgra, left: int, top: int) -> None:
    """Lay one sprite on another in place; what hangs over the edge is lost."""
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(below.shape[1], left + above.shape[1]), min(below.shape[0], top + above.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    part, over = below[y1:y2, x1:x2], above[y1 - top : y2 - top, x1 - left : x2 - left]
    cover = over[..., 3:].astype(np.float32) / 255
    before = part[..., 3:].astype(np.float32) / 255
    alpha = cover + before * (1 - cover)
    blended = (over[..., :3] * cover + part[..., :3] * before * (1 - cover)) / np.maximum(alpha, 1e-3)
    part[..., :3] = blended.clip(0, 255).astype(np.uint8)
    part[..., 3:] = (alpha * 255).clip(0, 255).astype(np.uint8)


def lit(sprite: Bgra, light: NDArray[np.float32]) -> Bgra:
    """Colours times `light`, (h, w) or broadcastable to it; alpha stays."""
    lightened = (sprite[..., :3] * light[..., None]).clip(0, 255).astype(np.uint8)
    return np.concatenate([lightened, sprite[..., 3:]], axis=2)


def blotched(rng: np.random.Generator, sprite: Bgra, strength: float, cell_px: float) -> Bgra:
    """Uneven light and dirt in blots of about `cell_px`."""
    height, width = sprite.shape[:2]
    light = 1 + strength * cloud(rng, height, width, cell_px) + 0.4 * strength * cloud(rng, height, width, 3)
    return lit(sprite, light.astype(np.float32))


def torn(rng: np.random.Generator, sprite: Bgra, share: float) -> Bgra:
    """About `share` of the area is gone, with frayed white rims."""
    height, width = sprite.shape[:2]
    field = cloud(rng, height, width, max(4.0, min(height, width) * float(rng.uniform(0.2, 0.5))))
    field = field + 0.25 * cloud(rng, height, width, max(2.5, min(height, width) * 0.06))
    level = float(np.quantile(field, share))
    gone, rim = field < level, (field >= level) & (field < level + 0.16)
    left = sprite.copy()
    pale = rim & (left[..., 3] > 128)
    left[pale, :3] = (left[pale, :3] * 0.35 + 150).clip(0, 255).astype(np.uint8)
    left[gone, 3] = 0
    return left


def feathered(sprite: Bgra, sigma_px: float = 0.7) -> Bgra:
    """Soft rims: alpha blurred and drawn inwards, so that no foreign border shows."""
    soft = cv2.GaussianBlur(sprite[..., 3].astype(np.float32), (0, 0), sigma_px)
    inward = np.minimum(np.asarray(soft, np.float32), sprite[..., 3])
    return np.concatenate([sprite[..., :3], inward[..., None].astype(np.uint8)], axis=2)


def filled(texture: Bgr, height: int, width: int) -> Bgr:
    """`texture` stretched over an area."""
    return np.asarray(cv2.resize(texture, (max(LEAST_SIDE, width), max(LEAST_SIDE, height))), np.uint8)
