"""Drawn scenes as training pictures: other poses, lights and noise each time, things of all sizes, hard negatives."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from datasets.composer.ads import AD_WEIGHTS, Ad
from datasets.composer.cables import Hang
from datasets.composer.stalls import STALL_WEIGHTS, Stall
from datasets.composer.weather import Degrading, degrade
from datasets.source import IMAGES, LABELS, LabelledBox, Source, write_boxes, write_source
from datasets.town_backdrop import Backdrop
from datasets.town_camera import Bgr, Camera
from datasets.town_cast import CAST, CastCamera, Via
from datasets.town_ground import Built
from datasets.town_light import LIGHTS, Light
from datasets.town_litter import Thing
from datasets.town_placing import any_cable_way, any_spot, any_wall_spot, any_wire_way, furnished, is_apart
from datasets.town_scene import TownScene
from datasets.town_script import FOREVER_S, Decoy, Painting, Script, Staged
from datasets.town_street import Place, Street
from datasets.town_views import ALLEY, MAIN_ROAD, OLD_ROAD, SHOPS, STREETS
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

CLASSES = ("litter", "street_business", "charging_cable", "illegal_ad", "two_wheeler", "car", "person", "bin")
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
SCENES_PER_POSE = 5
"""Painting a street is dear, so each pose is used for several pictures."""
CLEAN_SHARE = 0.25
MORE_THINGS = 3.0
DECOYS = 2.2
WIDTH_PX = 1280
QUALITY = 92
LEAST_SIDE_PX = 5
LEAST_CONTRAST = 6.0
"""Deviation of grey levels in a box below which nobody sees anything there."""
LIGHT_CHANCES = {"day": 0.48, "overcast": 0.22, "dusk": 0.15, "night": 0.15}
WEATHER = Degrading(0.1, 0.04, 0.03, 0.1, 0.35, 0.05, 0.2, 0.25)
LITTER_M, STALL_M, AD_M, DECOY_M = (0.15, 2.6), (0.9, 3.2), (0.3, 1.7), (0.3, 1.6)
CATEGORY_CHANCES: tuple[tuple[type[Painting], float], ...] = (
    (Thing, 0.24), (Stall, 0.16), (Ad, 0.36), (Hang, 0.24),
)  # fmt: skip
POSED_STREETS = (*STREETS.values(), ALLEY, SHOPS, MAIN_ROAD, OLD_ROAD)
"""Those with houses near the camera come twice: ads and cables need them."""
WALL_DECOYS = frozenset({Decoy.sign, Decoy.notice, Decoy.plate})


@dataclass(frozen=True)
class _Pose:
    """A scene whose street and light several pictures share."""

    scene: TownScene
    street: Street
    backdrop: Backdrop


def write_pictures(
    out: Path, count: int, seed: int, split: str = "train", told: Callable[[range], Iterable[int]] = iter
) -> None:
    """Write a source folder of `count` pictures; a clean one has an empty label file. `told` watches the numbers go by.
    Raises BadInput."""
    if count < 1 or seed < 0:
        raise BadInput("the count must be at least 1 and the seed at least 0")
    write_source(out, town_source(out))
    pose: _Pose | None = None
    rng = np.random.default_rng(seed)
    for number in told(range(count)):
        if pose is None or number % SCENES_PER_POSE == 0:
            pose = _posed(rng)
        pose.scene.script = replace(pose.scene.script, staged=_staged(rng, pose))
        at = START + timedelta(seconds=float(rng.uniform(0, 3600)))
        picture = degrade(rng, pose.scene.frame(at), WEATHER)
        _write(out / split, f"town_{seed}_{number:05d}", picture, pose.scene.labels(at))


def write_cast(out: Path, at_s: float, width_px: int = WIDTH_PX, cast: Sequence[CastCamera] = CAST) -> None:
    """Every view of the demo `at_s` seconds after its start, with its labels, as a source folder with the split
    `cast`."""
    write_source(out, town_source(out))
    for camera in cast:
        if camera.via is not Via.nothing:
            scene = TownScene(camera.street, camera.script, START, width_px)
            at = START + timedelta(seconds=at_s)
            _write(out / "cast", f"{camera.code}_{round(at_s):04d}", scene.frame(at), scene.labels(at), least=0.0)


def town_source(folder: Path) -> Source:
    return Source(
        folder, "town", "AGPL-3.0-only", "drawn by this project: python -m datasets.town",
        "Nothing in these pictures is real. Vans are boxed as cars.", CLASSES, {name: name for name in CLASSES},
        frozenset(CLASSES),
    )  # fmt: skip


def _write(folder: Path, name: str, picture: Bgr, labels: list[tuple[str, Box]], least: float = LEAST_CONTRAST) -> None:
    (folder / IMAGES).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / IMAGES / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    boxes = [LabelledBox(kind, box) for kind, box in labels if kind in CLASSES and _shows(picture, box, least)]
    write_boxes(folder / LABELS / f"{name}.txt", boxes, CLASSES)


def _shows(picture: Bgr, box: Box, least: float) -> bool:
    """False for what dark and blur have swallowed and for what is too small to be told."""
    height, width = picture.shape[:2]
    if min(box.width * width, box.height * height) < LEAST_SIDE_PX:
        return False
    rows = slice(int(box.top * height), int(box.bottom * height) + 1)
    columns = slice(int(box.left * width), int(box.right * width) + 1)
    return float(picture[rows, columns].std(axis=(0, 1)).max()) >= least


def _posed(rng: np.random.Generator) -> _Pose:
    """A street with other houses, seen by a camera moved about, in some light."""
    street = POSED_STREETS[int(rng.integers(len(POSED_STREETS)))]
    moved = replace(
        street,
        camera=_moved(rng, street.camera),
        built=tuple(_repainted(rng, built) for built in street.built),
        seed=int(rng.integers(1, 100_000)),
    )
    moved = furnished(rng, moved, int(rng.integers(1, 7)))
    number = f"QH-{rng.integers(1, 99):02d}" if rng.random() < 0.5 else ""
    scene = TownScene(moved, Script(number=number), START, WIDTH_PX, _a_light(rng))
    return _Pose(scene, moved, scene.backdrop())


def _moved(rng: np.random.Generator, camera: Camera) -> Camera:
    closer = float(np.clip(np.exp(rng.normal(0.08, 0.28)), 0.75, 2.0))
    return replace(
        camera,
        x_m=camera.x_m + float(rng.uniform(-0.8, 0.8)),
        height_m=max(3.0, camera.height_m + float(rng.uniform(-1.4, 1.6))),
        yaw_deg=camera.yaw_deg + float(rng.uniform(-14, 14)),
        pitch_deg=camera.pitch_deg + float(rng.uniform(-4, 5)),
        focal_px=camera.focal_px * closer,
    )


def _repainted(rng: np.random.Generator, built: Built) -> Built:
    if built.wall is None:
        return built
    bright = float(rng.uniform(0.75, 1.15))
    blue, green, red = (int(np.clip(part * bright * rng.uniform(0.93, 1.07), 60, 235)) for part in built.wall.colour)
    return replace(built, wall=replace(built.wall, colour=(blue, green, red), seed=int(rng.integers(1, 100_000))))


def _a_light(rng: np.random.Generator) -> Light:
    base = LIGHTS[str(rng.choice(list(LIGHT_CHANCES), p=list(LIGHT_CHANCES.values())))]
    bright, cast = float(np.exp(rng.normal(0, 0.1))), np.exp(rng.normal(0, 0.0 if base.grey else 0.04, 3))
    blue, green, red = (float(part * bright * tint) for part, tint in zip(base.gain, cast, strict=True))
    return replace(base, gain=(blue, green, red), noise=base.noise * float(rng.uniform(0.5, 2.4)))


def _staged(rng: np.random.Generator, pose: _Pose) -> tuple[Staged, ...]:
    """Decoys alone, or things with some decoys among them."""
    kinds: list[type[Painting]] = [Decoy] * int(rng.poisson(DECOYS))
    if rng.random() >= CLEAN_SHARE:
        found, chances = [kind for kind, _ in CATEGORY_CHANCES], [chance for _, chance in CATEGORY_CHANCES]
        wanted = 1 + int(rng.poisson(MORE_THINGS))
        kinds += [found[int(number)] for number in rng.choice(len(found), wanted, p=chances)]
    staged: list[Staged] = []
    for kind in kinds:
        painting = _a_painting(rng, kind)
        place = _a_place(rng, pose, painting)
        if place is not None and is_apart(place, [one.place for one in staged]):
            staged.append(Staged(0, FOREVER_S, painting, place, int(rng.integers(1, 1_000_000))))
    return tuple(staged)


def _a_painting(rng: np.random.Generator, kind: type[Painting]) -> Painting:
    """Ads and stalls as often as the composer paints each sort, all others evenly."""
    if kind is Ad:
        return Ad(str(rng.choice(list(AD_WEIGHTS), p=list(AD_WEIGHTS.values()))))
    if kind is Stall:
        return Stall(str(rng.choice(list(STALL_WEIGHTS), p=list(STALL_WEIGHTS.values()))))
    return kind(str(rng.choice(list(kind))))


def _a_place(rng: np.random.Generator, pose: _Pose, painting: Painting) -> Place | None:
    if isinstance(painting, Hang):
        return any_cable_way(rng, pose.street, pose.backdrop)
    if painting is Decoy.wire:
        return any_wire_way(rng, pose.street, pose.backdrop)
    if isinstance(painting, Ad) or painting in WALL_DECOYS:
        return any_wall_spot(rng, pose.street, pose.backdrop, _size(rng, AD_M))
    sizes = {Thing: LITTER_M, Stall: STALL_M}.get(type(painting), DECOY_M)
    return any_spot(rng, pose.street, pose.backdrop, _size(rng, sizes))


def _size(rng: np.random.Generator, metres: tuple[float, float]) -> float:
    """As many small things as large ones: even in proportion."""
    return float(np.exp(rng.uniform(*np.log(metres))))
