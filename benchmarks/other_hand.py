"""A second, independent composer: small ads and charging cables on facades, to test what learnt from the project's own.

    python -m benchmarks.other_hand --backgrounds ../shared/data/facades --out F --count 120 --seed 3

A detector that learns from composites may learn its composer. This one shares no line, no rendering and no place rule
with `datasets/composer`: what falls from there to here is what was learnt of the hand rather than of the thing. It
writes a source folder with split `val` alone. The backgrounds' own boxes stay as hard negatives; the e-bikes it draws
are not labelled. The same seed gives the same pictures on the same fonts. All sizes are px at 1280 px picture width.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from benchmarks import other_hand_parts as parts
from benchmarks.other_hand_parts import WIDTH, Face, Floats
from datasets.source import LabelledBox, Sample, Source, read_source, samples, write_boxes, write_source
from pipeline.domain.geometry import Box

AD, CABLE = "illegal_ad", "charging_cable"
SPLIT = "val"
LICENCE = "as the backgrounds'; what is painted on them is the project's"
WITHOUT_ADS, WITH_CABLE, SECOND_CABLE, BIKE_ALONE, WITH_POLE = 0.25, 0.5, 0.1, 0.3, 0.15
MOST_ADS = 6
AD_PX = (40.0, 200.0)
LEAST_WRITING_PX = 90.0
"""A telephone number without a ground is not legible below this."""
KINDS = ("paper", "sticker", "stencil", "spray")
KIND_SHARES = (0.35, 0.3, 0.2, 0.15)
KIND_SIZES = {"paper": (0.16, 0.55), "sticker": (0.14, 0.5), "stencil": (0.3, 0.8), "spray": (0.4, 1.1)}
"""Longest sides, in heights of the picture's usual window."""
ON_DOOR, ON_POLE = 0.2, 0.7
WALL_GREY = (55.0, 225.0)
WALL_ROWS = (0.25, 0.9)
"""Where on a picture's height ads stand: within reach, above the pavement."""
WALL_TRIES, WALL_CHOICE = 300, 14
GROUND_CHOICE = 8
GROUND_ROWS = (0.935, 0.985)
VISIBLE = 0.3
GREY = np.array([0.299, 0.587, 0.114], np.float32)
JPEG_QUALITY = (70, 93)
Pixels = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Corner = tuple[int, int]
MARGIN_PX = 10


@dataclass
class Scene:
    """A picture in the making: RGB in float32, what it shows, and where nothing more may be put."""

    rgb: Floats
    light: Floats
    """How bright a white thing would be, 0.35 to 1.1."""
    window_px: float
    boxes: list[LabelledBox] = field(default_factory=list)
    taken: list[Pixels] = field(default_factory=list)
    standing: list[Pixels] = field(default_factory=list)
    pole: Pixels | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.rgb.shape[1], self.rgb.shape[0]

    def grey(self) -> Floats:
        return np.asarray(self.rgb @ GREY, np.float32)

    def label(self, name: str, box: Pixels) -> None:
        width, height = self.size
        left, top, right, bottom = box
        inside = (max(left, 0) / width, max(top, 0) / height, min(right, width) / width, min(bottom, height) / height)
        self.boxes.append(LabelledBox(name, Box(*map(float, inside))))

    def named(self, *names: str) -> list[Pixels]:
        width, height = self.size
        found = [one.box for one in self.boxes if one.name in names]
        return [(box.left * width, box.top * height, box.right * width, box.bottom * height) for box in found]


def opened(sample: Sample) -> Scene:
    picture = Image.open(sample.picture).convert("RGB")
    picture = picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)
    rgb = np.asarray(picture, np.float32).copy()
    grey = np.asarray(rgb @ GREY, np.float32)
    half_local = 0.5 * cv2.GaussianBlur(cv2.resize(grey, None, fx=0.25, fy=0.25), (0, 0), 6) / 150
    lit = cv2.resize(np.clip(half_local + 0.5 * np.percentile(grey, 80) / 190, 0.35, 1.1), picture.size)
    scene = Scene(rgb, np.asarray(lit, np.float32), 0.0, list(sample.boxes))
    heights = [bottom - top for _, top, _, bottom in scene.named("window", "door")]
    scene.window_px = float(np.clip(np.median(heights or [180.0]), 80, 320))
    scene.taken = scene.named(*{one.name for one in sample.boxes})
    return scene


def lay(scene: Scene, colour: Floats, cover: ArrayLike, grain: float, at: Corner = (0, 0)) -> None:
    """Lays `colour` on the picture where `cover` is; `grain`: how much of the wall's texture shows through;
    `at`: where the top left of `cover` is."""
    whole = np.clip(np.asarray(cover, np.float32), 0, 1)
    left, top, wide, high = cv2.boundingRect((whole > 0.002).astype(np.uint8))
    if wide == 0:
        return
    own = slice(top, top + high), slice(left, left + wide)
    part = slice(top + at[1], top + at[1] + high), slice(left + at[0], left + at[0] + wide)
    grey = np.asarray(scene.rgb[part] @ GREY, np.float32)
    texture = np.clip(grey / np.maximum(cv2.GaussianBlur(grey, (0, 0), 6), 8), 0.5, 1.6)
    lit = (scene.light[part] * (1 + grain * (texture - 1)))[..., None]
    alpha = whole[own][..., None]
    paint = colour[own] if colour.ndim == 3 else colour
    scene.rgb[part] = np.clip(scene.rgb[part] * (1 - alpha) + paint * lit * alpha, 0, 255)


def warped(scene: Scene, layer: Image.Image, corners: Floats) -> tuple[Floats, Floats, Corner]:
    """A layer's colour and cover once its corners (clockwise from top left) lie on those of the picture: the part that
    is touched, and where its top left is."""
    pixels = np.asarray(layer, np.float32)
    width, height = layer.size
    own = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    premultiplied = np.dstack([pixels[..., :3] * pixels[..., 3:] / 255, pixels[..., 3:]])
    left, top = np.clip(corners.min(axis=0) - MARGIN_PX, 0, np.array(scene.size) - 1).astype(int).tolist()
    right, bottom = np.clip(corners.max(axis=0) + MARGIN_PX, 1, scene.size).astype(int).tolist()
    local = (corners - np.array([left, top], np.float32)).astype(np.float32)
    moved = cv2.warpPerspective(premultiplied, cv2.getPerspectiveTransform(own, local), (right - left, bottom - top))
    cover = np.asarray(moved[..., 3] / 255, np.float32)
    return np.asarray(moved[..., :3] / np.maximum(cover, 1e-3)[..., None], np.float32), cover, (left, top)


def wall_place(scene: Scene, size: tuple[float, float], rng: np.random.Generator) -> Pixels | None:
    """The plainest of a few free places: bare wall rather than people, plants, sky or a dark gateway."""
    (width, height), grey = scene.size, scene.grey()
    free: list[tuple[float, Pixels]] = []
    for _ in range(WALL_TRIES):
        left = rng.uniform(4, width - size[0] - 4)
        top = rng.uniform(WALL_ROWS[0] * height, WALL_ROWS[1] * height - size[1])
        place = (left, top, left + size[0], top + size[1])
        if any(_meet(place, other) for other in scene.taken):
            continue
        patch, colour = grey[_within(place)], scene.rgb[_within(place)].mean(axis=(0, 1))
        is_sky = colour[2] - colour[0] > 25 and patch.mean() > 150
        if WALL_GREY[0] < patch.mean() < WALL_GREY[1] and not is_sky:
            free.append((float(patch.std()), place))
        if len(free) == WALL_CHOICE:
            break
    return min(free)[1] if free else None


def _within(place: Pixels) -> tuple[slice, slice]:
    left, top, right, bottom = (max(int(edge), 0) for edge in place)
    return slice(top, bottom), slice(left, right)


def _meet(one: Pixels, other: Pixels, gap: float = 4.0) -> bool:
    return one[0] < other[2] + gap and other[0] < one[2] + gap and one[1] < other[3] + gap and other[1] < one[3] + gap


def ad_place(scene: Scene, size: tuple[float, float], rng: np.random.Generator) -> Pixels | None:
    """On the pole if there is one, on a door at times, else on the wall."""
    doors = [door for door in scene.named("door") if door[2] - door[0] > size[0] and door[3] - door[1] > size[1]]
    inside = None
    if scene.pole is not None and rng.random() < ON_POLE:
        inside = scene.pole
    elif doors and rng.random() < ON_DOOR:
        inside = doors[int(rng.integers(len(doors)))]
    if inside is None:
        return wall_place(scene, size, rng)
    slack = max(inside[2] - inside[0] - size[0], 0.0)
    left = inside[0] + rng.uniform(0.2, 0.8) * slack
    top = inside[1] + rng.uniform(0.15, 0.8) * max(inside[3] - inside[1] - size[1], 0)
    place = (left, top, left + size[0], top + size[1])
    ads = scene.named(AD)
    return None if size[0] > inside[2] - inside[0] or any(_meet(place, ad) for ad in ads) else place


def put_ad(scene: Scene, faces: Sequence[Face], rng: np.random.Generator) -> None:
    kind = str(rng.choice(KINDS, p=KIND_SHARES))
    is_ink = kind in ("stencil", "spray")
    longest = float(np.clip(scene.window_px * rng.uniform(*KIND_SIZES[kind]), *AD_PX))
    longest = max(longest, LEAST_WRITING_PX) if is_ink else longest
    drawn: Image.Image = getattr(parts, kind)(rng, faces)
    scale = longest / max(drawn.size)
    size = (drawn.width * scale, drawn.height * scale)
    place = ad_place(scene, size, rng)
    if place is None:
        return
    if is_ink:
        drawn = parts.inked(drawn, rng, float(np.median(scene.grey()[_within(place)])))
    layer = drawn.resize((max(2, round(size[0] * 2)), max(2, round(size[1] * 2))), Image.Resampling.LANCZOS)
    colour, cover, at = warped(scene, layer, parts.corners_of(place, rng))
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.3, 0.8)), np.float32) * rng.uniform(
        0.75 if is_ink else 0.88, 1
    )
    blurred = np.asarray(cv2.GaussianBlur(colour, (0, 0), rng.uniform(0.3, 0.8)), np.float32)
    if not is_ink:
        lay(scene, np.zeros(3, np.float32), 0.25 * cv2.GaussianBlur(np.roll(cover, (2, 1), (0, 1)), (0, 0), 1.5), 0, at)
    lay(scene, colour if is_ink else blurred, cover, 0.8 if is_ink else 0.25, at)
    down, across = np.nonzero(cover > VISIBLE * cover.max())
    left, top = at
    box = (
        float(left + across.min()),
        float(top + down.min()),
        float(left + across.max() + 1),
        float(top + down.max() + 1),
    )
    scene.label(AD, box)
    scene.taken.append(box)


def put_pole(scene: Scene, rng: np.random.Generator) -> None:
    width, height = scene.size
    thick = rng.uniform(48, 80)
    left = rng.uniform(0.05, 0.9) * width
    foot = rng.uniform(0.94, 1.0) * height
    across = (np.arange(width) + 0.5 - left) / thick
    round_ = np.where((across > 0) & (across < 1), 0.55 + 0.45 * np.sin(np.pi * np.clip(across, 0, 1) * 0.85), 0)
    cover = np.zeros((height, width), np.float32)
    cover[: int(foot), :] = (round_ > 0).astype(np.float32)
    colour = np.broadcast_to((round_ * rng.uniform(110, 190))[None, :, None], (height, width, 3))
    lay(scene, colour.astype(np.float32), cv2.GaussianBlur(cover, (0, 0), 0.7), 0)
    scene.rgb += rng.normal(0, 3, scene.rgb.shape[:2]).astype(np.float32)[..., None] * cover[..., None]
    scene.pole = (left, 0.3 * height, left + thick, foot)
    scene.taken.append((left, 0.0, left + thick, float(height)))


def put_on_ground(scene: Scene, layer: Image.Image, middle: float, foot: float) -> Pixels:
    """With a soft shadow below."""
    width, height = layer.size
    place = (middle - width / 2, foot - height, middle + width / 2, foot)
    shadow = np.zeros(scene.rgb.shape[:2], np.uint8)
    cv2.ellipse(shadow, (int(middle), int(foot - 2)), (int(width * 0.5), max(3, width // 22)), 0, 0, 360, 255, -1)
    dark = cv2.GaussianBlur(shadow.astype(np.float32) / 255, (0, 0), max(2.0, width / 60))
    lay(scene, np.zeros(3, np.float32), 0.55 * np.asarray(dark, np.float32), 0)
    left, top, right, bottom = place
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    colour, cover, at = warped(scene, layer, corners)
    lay(scene, colour, np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.6), np.float32), 0.1, at)
    scene.taken.append(place)
    scene.standing.append(place)
    return place


def put_bike(scene: Scene, middle: float, foot: float, rng: np.random.Generator) -> tuple[float, float]:
    """Where its charging socket is."""
    long = int(np.clip(scene.window_px * rng.uniform(0.85, 1.15), 110, 320))
    layer, turned = parts.bike(rng, long), bool(rng.random() < 0.5)
    layer = layer.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if turned else layer
    left, top, right, bottom = put_on_ground(
        scene, layer, float(np.clip(middle, long / 2 + 4, WIDTH - long / 2 - 4)), foot
    )
    share = 0.4 + rng.uniform(-0.04, 0.04)
    return (right - share * long if turned else left + share * long), bottom - (bottom - top) * rng.uniform(0.4, 0.55)


def standing_place(scene: Scene, near: float, foot: float, rng: np.random.Generator) -> float:
    """Of a few the one before the plainest, brightest ground: pavement rather than cars or what stands there."""
    grey, half, best = scene.grey(), scene.window_px / 2, (float("inf"), near)
    for _ in range(GROUND_CHOICE):
        middle = float(np.clip(near + rng.choice([-1, 1]) * rng.uniform(40, 320), half + 4, WIDTH - half - 4))
        place = (middle - half, foot - half, middle + half, foot)
        stands = any(_meet(place, other) for other in scene.standing)
        patch = grey[_within(place)]
        best = min(best, (1000.0 * stands + float(patch.std()) - 0.2 * float(patch.mean()), middle))
    return best[1]


def put_cable(scene: Scene, rng: np.random.Generator) -> None:
    """From a window or a wall box down to an e-bike or a socket strip; one picture may lack the room for it."""
    height = scene.size[1]
    foot = rng.uniform(*GROUND_ROWS) * height
    start = anchor(scene, foot, rng)
    if start is None:
        return
    middle = standing_place(scene, start[0], foot, rng)
    if rng.random() < 0.25:
        layer = parts.strip(rng, int(np.clip(scene.window_px * 0.28, 40, 80)))
        left, top, right, bottom = put_on_ground(scene, layer, middle, foot)
        end = (left if start[0] < middle else right, (top + bottom) / 2)
    else:
        end = put_bike(scene, middle, foot, rng)
    points = parts.path(start, end, foot, rng)
    thick = float(rng.uniform(1.5, 4.0))
    rows, columns = points[:, 1].astype(int).clip(0, height - 1), points[:, 0].astype(int).clip(0, WIDTH - 1)
    colour = parts.cable_colour(rng, scene.grey()[rows, columns])
    shadow = parts.stroke(points + rng.uniform(2, 7, 2).astype(np.float32), thick * 1.3, scene.size)
    lay(scene, np.zeros(3, np.float32), rng.uniform(0.2, 0.4) * cv2.GaussianBlur(shadow, (0, 0), 2), 0)
    cover = cv2.GaussianBlur(parts.stroke(points, thick, scene.size), (0, 0), rng.uniform(0.4, 0.8))
    lay(scene, np.array(colour, np.float32), np.asarray(cover, np.float32), 0)
    (left, top), (right, bottom) = points.min(axis=0) - thick / 2, points.max(axis=0) + thick / 2
    scene.label(CABLE, (float(left), float(top), float(right), float(bottom)))


def anchor(scene: Scene, foot: float, rng: np.random.Generator) -> tuple[float, float] | None:
    """On a window's lower edge, or at a wall box that is put there."""
    windows = [window for window in scene.named("window") if 0.15 * foot < window[3] < foot - 70]
    if windows and rng.random() < 0.75:
        left, top, right, bottom = windows[int(rng.integers(len(windows)))]
        return left + rng.uniform(0.08, 0.92) * (right - left), bottom - rng.uniform(0, 0.08) * (bottom - top)
    side = float(np.clip(scene.window_px * 0.15, 16, 42))
    place = wall_place(scene, (side, side * 1.3), rng)
    if place is None:
        return None
    cover = np.zeros(scene.rgb.shape[:2], np.float32)
    cover[_within(place)] = 1
    lay(scene, np.zeros(3, np.float32), 0.35 * cv2.GaussianBlur(np.roll(cover, (3, 2), (0, 1)), (0, 0), 2), 0)
    lay(scene, np.full(3, rng.uniform(150, 225), np.float32), cv2.GaussianBlur(cover, (0, 0), 0.7), 0.1)
    scene.taken.append(place)
    return (place[0] + place[2]) / 2, place[3] - 2


def composed(sample: Sample, faces: Sequence[Face], rng: np.random.Generator) -> Scene:
    scene = opened(sample)
    ads = 0 if rng.random() < WITHOUT_ADS else int(rng.integers(1, MOST_ADS + 1))
    if rng.random() < WITH_CABLE:
        for _ in range(1 + int(rng.random() < SECOND_CABLE)):
            put_cable(scene, rng)
    elif rng.random() < BIKE_ALONE:
        put_bike(scene, rng.uniform(0.1, 0.9) * WIDTH, rng.uniform(*GROUND_ROWS) * scene.size[1], rng)
    if rng.random() < WITH_POLE and not scene.named(CABLE):
        put_pole(scene, rng)
    for _ in range(ads):
        put_ad(scene, faces, rng)
    return scene


def written(backgrounds: Source, out: Path, count: int, seed: int) -> None:
    """Each background once before any comes again."""
    faces, found = parts.chinese_faces(), samples(backgrounds, SPLIT)
    names = (AD, CABLE, *backgrounds.names)
    order = np.random.default_rng(seed)
    turns = np.concatenate([order.permutation(len(found)) for _ in range(-(-count // len(found)))])
    (out / SPLIT / "images").mkdir(parents=True)
    for number, turn in enumerate(turns[:count].tolist()):
        rng = np.random.default_rng([seed, number])
        scene = composed(found[turn], faces, rng)
        name = f"other_{number:04d}"
        picture = Image.fromarray(np.round(scene.rgb).astype(np.uint8), "RGB")
        picture.save(out / SPLIT / "images" / f"{name}.jpg", quality=int(rng.integers(*JPEG_QUALITY)))
        write_boxes(out / SPLIT / "labels" / f"{name}.txt", scene.boxes, names)
    categories = {AD: AD, CABLE: CABLE, **dict.fromkeys(backgrounds.names)}
    origin = f"benchmarks.other_hand, seed {seed}, on {SPLIT} of {backgrounds.name} ({backgrounds.origin})"
    notes = "painted by the second hand, for measuring alone; the e-bikes in it are not labelled"
    labelled = frozenset({AD, CABLE})
    licence = f"{backgrounds.licence} {LICENCE}"
    write_source(out, Source(out, "other_hand", licence, origin, notes, names, categories, labelled))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backgrounds", type=Path, required=True, help="a source folder with boxed windows")
    parser.add_argument("--out", type=Path, required=True, help="a folder that is not there yet")
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    if options.out.exists():
        parser.error(f"{options.out} is there already")
    cv2.setNumThreads(1)
    try:
        written(read_source(options.backgrounds), options.out, options.count, options.seed)
    except parts.NoChineseFont as error:
        parser.exit(1, f"✗ {error}\n")
    print(f"✓ {options.count} pictures in {options.out}")


if __name__ == "__main__":
    main()
