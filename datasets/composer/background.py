"""Pictures to compose on, real or drawn: where windows, doors and signs are, and where the ground begins."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from datasets.source import PICTURE_SUFFIXES as SUFFIXES
from datasets.source import SOURCE_FILE, LabelledBox, pictures, read_source, samples
from datasets.town_camera import Bgr
from datasets.town_texture import asphalt, concrete, paving, shaded
from pipeline.domain.errors import BadInput

SCENE_PX = (1280, 720)
"""Width and height of a whole scene."""
WINDOW_M = 1.5
"""A usual height of windows: what metres are reckoned from."""
PX_PER_M_RANGE = (26.0, 130.0)
GUESSED_PX_PER_M = 0.075
"""Of the picture's height, where no window tells."""
GUESSED_GROUND = 0.86
"""Where the ground begins in shares of the height, where no door tells."""
KEPT_APART = 5
GROUND_TEXTURES = 16
GROUND_TEXTURE_PX = 900
NEARER = 1.6
"""How much larger things look at the foot of the picture than at the wall, beside a ground as high as it."""
OPENINGS = frozenset({"window", "door", "arch", "window_ad"})
SIGNS = frozenset({"signboard", "blade_sign", "window_ad"})

Sides = tuple[int, int, int, int]
"""Left, top, right, bottom in px."""


@dataclass(frozen=True, slots=True)
class Anchor:
    name: str
    sides: Sides


@dataclass(frozen=True, slots=True)
class Background:
    """`bgr` (h, w, 3) is the owner's to paint on; from `ground_y` px downwards one walks."""

    name: str
    bgr: Bgr
    ground_y: int
    px_per_m: float
    anchors: tuple[Anchor, ...] = field(default=())

    @property
    def size(self) -> tuple[int, int]:
        return self.bgr.shape[1], self.bgr.shape[0]

    def of(self, names: frozenset[str]) -> list[Sides]:
        return [anchor.sides for anchor in self.anchors if anchor.name in names]

    def px_per_m_at(self, foot_y: float) -> float:
        """What stands nearer looks larger: grows to double where the ground leaves a picture of usual height."""
        height = int(self.bgr.shape[0])
        return self.px_per_m * (1 + NEARER * max(0.0, foot_y - self.ground_y) / height)


@dataclass(frozen=True, slots=True)
class Plate:
    """A picture on disk with what is boxed in it."""

    path: Path
    boxes: tuple[LabelledBox, ...]


def plates(folder: Path, split: str) -> list[Plate]:
    """Pictures of a source folder's split, or of a plain folder: there each KEPT_APART-th is for `val` and `test`.

    Raises BadInput where there is none.
    """
    if (folder / SOURCE_FILE).exists():
        source = read_source(folder)
        pictures(source, split)
        found = [Plate(sample.picture, sample.boxes) for sample in samples(source, split)]
    elif folder.is_dir():
        listed = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        found = [Plate(path, ()) for number, path in enumerate(listed) if _is_of(split, number)]
    else:
        raise BadInput(f"{folder} is not a folder: give one with pictures, or a source folder")
    if not found:
        raise BadInput(f"{folder} holds no pictures to compose on")
    return found


def _is_of(split: str, number: int) -> bool:
    apart = number % KEPT_APART == KEPT_APART - 1
    return apart if split in ("val", "test") else not apart


def read_plate(plate: Plate) -> Background:
    """Raises BadInput where the picture cannot be read."""
    bgr = cv2.imread(str(plate.path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise BadInput(f"{plate.path} is no picture that can be read: take it out of the folder")
    return background_of(plate.path.stem, np.asarray(bgr, np.uint8), plate.boxes)


def background_of(name: str, bgr: Bgr, boxes: Sequence[LabelledBox]) -> Background:
    """Ground line and scale from what is boxed, or guessed where nothing is: upper part wall, lower part pavement."""
    height, width = bgr.shape[:2]
    anchors = tuple(Anchor(one.name, _in_px(one, width, height)) for one in boxes)
    doors = [anchor.sides[3] for anchor in anchors if anchor.name in ("door", "arch")]
    lowest = max((anchor.sides[3] for anchor in anchors), default=0)
    ground = int(np.median(doors)) if doors else int(height * GUESSED_GROUND)
    ground = int(np.clip(max(ground, lowest), height * 0.6, height * 0.95))
    tall = [anchor.sides[3] - anchor.sides[1] for anchor in anchors if anchor.name == "window"]
    scale = float(np.median(tall)) / WINDOW_M if tall else height * GUESSED_PX_PER_M
    return Background(name, bgr, ground, float(np.clip(scale, *PX_PER_M_RANGE)), anchors)


def _in_px(one: LabelledBox, width: int, height: int) -> Sides:
    box = one.box
    return int(box.left * width), int(box.top * height), int(box.right * width), int(box.bottom * height)


def framed(rng: np.random.Generator, whole: Background, flip: bool = True) -> Background:
    """A scene of SCENE_PX seen on `whole`: a part of it, perhaps mirrored, perhaps with ground put on below."""
    width, height = SCENE_PX
    below = int(height * rng.uniform(0.08, 0.4)) if rng.random() < 0.6 else 0
    part = _part(rng, whole, (width, height - below))
    if flip and rng.random() < 0.5:
        part = _mirrored(part)
    if below == 0:
        return part
    bgr = np.vstack([part.bgr, _ground(rng, part.bgr, below)])
    seam = part.bgr.shape[0]
    soft = cv2.GaussianBlur(bgr[seam - 6 : seam + 6], (0, 0), 1.6)
    bgr[seam - 4 : seam + 4] = soft[2:-2]
    return Background(part.name, bgr, seam, part.px_per_m, part.anchors)


def _part(rng: np.random.Generator, whole: Background, size: tuple[int, int]) -> Background:
    width, height = whole.size
    foot = height
    if size[1] < SCENE_PX[1]:  # what is put on below begins about where the wall ends: cars at the kerb are cut away
        foot = int(np.clip(whole.ground_y * rng.uniform(0.97, 1.06), height * 0.6, height))
    aspect = size[0] / size[1]
    most = min(width, foot * aspect)
    across = int(most * float(rng.choice([1.0, 0.85, 0.7, 0.55, 0.45], p=[0.35, 0.2, 0.2, 0.15, 0.1])))
    down = max(2, int(across / aspect))
    left = int(rng.integers(0, width - across + 1))
    top = foot - down if size[1] < SCENE_PX[1] or rng.random() < 0.8 else int(rng.integers(0, foot - down + 1))
    way = cv2.INTER_AREA if across > size[0] else cv2.INTER_LINEAR
    bgr = np.asarray(cv2.resize(whole.bgr[top : top + down, left : left + across], size, interpolation=way), np.uint8)
    scale = size[0] / across
    anchors = [_moved(anchor, left, top, scale, size) for anchor in whole.anchors]
    ground = int(np.clip((whole.ground_y - top) * scale, size[1] * 0.5, size[1]))
    return Background(whole.name, bgr, ground, float(np.clip(whole.px_per_m * scale, *PX_PER_M_RANGE)),
                      tuple(anchor for anchor in anchors if anchor is not None))  # fmt: skip


def _moved(anchor: Anchor, left: int, top: int, scale: float, size: tuple[int, int]) -> Anchor | None:
    x1, y1, x2, y2 = anchor.sides
    sides = (
        int(np.clip((x1 - left) * scale, 0, size[0])),
        int(np.clip((y1 - top) * scale, 0, size[1])),
        int(np.clip((x2 - left) * scale, 0, size[0])),
        int(np.clip((y2 - top) * scale, 0, size[1])),
    )
    return Anchor(anchor.name, sides) if sides[2] - sides[0] > 4 and sides[3] - sides[1] > 4 else None


def _mirrored(part: Background) -> Background:
    width = part.bgr.shape[1]
    anchors = tuple(
        Anchor(one.name, (width - one.sides[2], one.sides[1], width - one.sides[0], one.sides[3]))
        for one in part.anchors
    )
    return Background(part.name, np.ascontiguousarray(part.bgr[:, ::-1]), part.ground_y, part.px_per_m, anchors)


@lru_cache(maxsize=GROUND_TEXTURES)
def _texture(number: int) -> Bgr:
    rng = np.random.default_rng(number)
    side = GROUND_TEXTURE_PX
    grey, warm = rng.uniform(105, 172), rng.normal(4, 5)
    tone = (int(grey - warm), int(grey + rng.normal(0, 2)), int(grey + warm))
    if number % 3 == 0:
        return asphalt(rng, side, side, (98 + number, 97 + number, 95 + number))
    if number % 3 == 1:
        return paving(rng, side, side, tone, (float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.2, 1.0))))
    return concrete(rng, side, side, tone)


def _ground(rng: np.random.Generator, wall: Bgr, height: int) -> Bgr:
    """Pavement seen aslant, in the light of the wall's foot, darker right at it."""
    width, side = wall.shape[1], GROUND_TEXTURE_PX
    texture = _texture(int(rng.integers(GROUND_TEXTURES)))
    vanish = float(rng.uniform(0.3, 0.7)) * width
    spread = float(rng.uniform(1.1, 2.0))
    near = [(vanish - spread * vanish, height), (vanish + spread * (width - vanish), height)]
    target = np.array([[0, 0], [width, 0], near[1], near[0]], np.float32)
    depth = min(side, int(height * rng.uniform(1.0, 2.5)))
    source = np.array([[0, 0], [side, 0], [side, depth], [0, depth]], np.float32)
    turn = cv2.getPerspectiveTransform(source, target)
    floor = np.asarray(cv2.warpPerspective(texture, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)
    foot = wall[-max(8, wall.shape[0] // 14) :: 2, ::4].reshape(-1, 3).mean(axis=0)
    gain = float(np.clip(foot.mean() / 105, 0.45, 1.35))
    light = np.ones((height, width), np.float32) * gain
    light[: max(2, height // 16)] *= np.linspace(0.6, 1, max(2, height // 16), dtype=np.float32)[:, None]
    floor = shaded(floor, light)
    return _kerbed(rng, floor) if height > 60 and rng.random() < 0.45 else floor


def _kerbed(rng: np.random.Generator, floor: Bgr) -> Bgr:
    """A kerb stone across and the road below it."""
    height, width = floor.shape[:2]
    line = int(height * rng.uniform(0.45, 0.8))
    tall = int(rng.uniform(5, 16))
    tilt = int(rng.uniform(-0.06, 0.06) * height)
    kerb = np.array([[0, line - tilt], [width, line + tilt], [width, line + tilt + tall], [0, line - tilt + tall]])
    road = np.array([[0, line - tilt + tall], [width, line + tilt + tall], [width, height], [0, height]])
    dark = (floor * 0.72).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [road], (255,))
    floor[mask > 0] = dark[mask > 0]
    stone = tuple(int(min(255, part * 1.12)) for part in floor[max(0, line - 4)].mean(axis=0))
    cv2.fillPoly(floor, [kerb], stone)
    cv2.line(floor, (0, line - tilt + tall), (width, line + tilt + tall), (40, 40, 42), 2, cv2.LINE_AA)
    return floor


def foot_within(rng: np.random.Generator, scene: Background, reach_px: int) -> int:
    """A row to stand on, at most `reach_px` before the wall; the lowest row where the picture shows no ground."""
    lowest = scene.size[1] - 2
    nearest = min(lowest, scene.ground_y + reach_px)
    return int(rng.uniform(scene.ground_y, nearest)) if nearest > scene.ground_y else lowest
