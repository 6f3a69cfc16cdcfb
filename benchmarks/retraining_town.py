"""A town to retrain for, simulated from real pictures: who took them is not known, so copies of one photo are a view.

Streets with litter and bins are real photos; facades are real too, as they are (a model takes their legal signs for
ads) and with ads, cables and stalls composed onto them, since no real ones can be had. The town falls into three parts
that share no photo and no facade: what the first model learned from, what is asked about, what is held out.
"""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from datasets.composer.background import Plate, framed, read_plate
from datasets.composer.cutouts import LitterStock
from datasets.composer.folder import CROP_PX, cropped
from datasets.composer.scene import compose
from datasets.composer.stage import Mix
from datasets.likeness import alike_pairs, picture_print
from datasets.source import LabelledBox, Sample, Source, read_source, samples, write_boxes, write_source
from pipeline.domain.geometry import Box

HELD_STREETS, FIRST_STREETS = 250, 200
HELD_FACADES, FIRST_FACADES = 50, 40
FIRST_CROPS = 3
"""Composed pictures of each facade that the first model learns from: without the bare facade beside them."""
CATEGORIES = ("litter", "street_business", "charging_cable", "illegal_ad")
MIX = Mix(only_negatives=0.0, cable=0.4, cables=1, ad=0.9, ads=5, stall=0.3, stalls=1, litter=0.0, heap=0.0)
JPEG_QUALITY = 92
WATCHED = 8
"""Pictures of the split `val`, which a training wants to see; no figure comes from them."""


@dataclass(frozen=True, slots=True)
class TownFrame:
    """A picture, the view it stands for, and all that is to be found on it."""

    picture: Path
    digest: str
    view: int
    speaks: frozenset[str]
    """Categories whose boxes are all known."""
    truth: tuple[LabelledBox, ...]

    def boxes_of(self, category: str) -> list[Box]:
        return [one.box for one in self.truth if one.name == category]


@dataclass(frozen=True, slots=True)
class SimulatedTown:
    first: tuple[TownFrame, ...]
    asked: tuple[TownFrame, ...]
    """What reviewers may be asked about."""
    held: tuple[TownFrame, ...]


@dataclass(frozen=True, slots=True)
class _Facade:
    """One facade's pictures to be made: `composed` crops with things on it, and the bare crop where wanted."""

    plate: Plate
    view: int
    part: str
    composed: int
    bare: bool
    seed: int


def simulate(shared: Path, out: Path, seed: int) -> SimulatedTown:
    """Reads `shared`/street_garbage and `shared`/facades; writes the facades' crops below `out`."""
    rng = np.random.default_rng(seed)
    parts: dict[str, list[TownFrame]] = {"first": [], "asked": [], "held": []}
    streets = _street_views(shared / "street_garbage")
    for view in rng.permutation(len(streets)):
        photos = streets[view]
        if len(parts["held"]) < HELD_STREETS:
            parts["held"] += photos
        elif len(parts["first"]) < FIRST_STREETS and any(photo.truth for photo in photos):
            parts["first"] += [photo for photo in photos if photo.truth]
        else:
            parts["asked"] += photos
    for part, frames in _facade_frames(shared / "facades", out, len(streets), seed):
        parts[part] += frames
    return SimulatedTown(tuple(parts["first"]), tuple(parts["asked"]), tuple(parts["held"]))


def _street_views(folder: Path) -> list[list[TownFrame]]:
    """Photos of one place together: copies, mirrored ones, other crops of the same file."""
    source = read_source(folder)
    photos = [sample for split in ("train", "val") for sample in samples(source, split)]
    view_of = list(range(len(photos)))

    def root(number: int) -> int:
        while view_of[number] != number:
            number = view_of[number]
        return number

    for pair in alike_pairs([picture_print(photo.picture) for photo in photos]):
        view_of[max(root(pair.first), root(pair.second))] = min(root(pair.first), root(pair.second))
    views: dict[int, list[Sample]] = {}
    for number, photo in enumerate(photos):
        views.setdefault(root(number), []).append(photo)
    return [[_street_frame(source, photo, number) for photo in found] for number, found in enumerate(views.values())]


def _street_frame(source: Source, photo: Sample, view: int) -> TownFrame:
    meant = [(source.category_of(one.name), one.box) for one in photo.boxes]
    truth = tuple(LabelledBox(name, _inside(box)) for name, box in meant if name in CATEGORIES)
    return TownFrame(photo.picture, _digest(photo.picture), view, frozenset({"litter"}), truth)


def _inside(box: Box) -> Box:
    return Box(max(box.left, 0.0), max(box.top, 0.0), min(box.right, 1.0), min(box.bottom, 1.0))


def _facade_frames(folder: Path, out: Path, first_view: int, seed: int) -> Iterable[tuple[str, list[TownFrame]]]:
    source = read_source(folder)
    plates = [Plate(one.picture, one.boxes) for split in ("train", "val") for one in samples(source, split)]
    order = np.random.default_rng([seed, 1]).permutation(len(plates))
    orders = []
    for place, number in enumerate(order):
        part = "held" if place < HELD_FACADES else "first" if place < HELD_FACADES + FIRST_FACADES else "asked"
        count = FIRST_CROPS if part == "first" else 1
        orders.append(_Facade(plates[number], first_view + place, part, count, part != "first", seed))
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for facade, frames in zip(orders, pool.map(_paint, orders, [out] * len(orders)), strict=True):
            yield facade.part, frames


def _paint(facade: _Facade, out: Path) -> list[TownFrame]:
    cv2.setNumThreads(1)
    rng = np.random.default_rng([facade.seed, facade.view])
    stem, frames = facade.plate.path.stem, []
    for number in range(facade.composed):
        scene = framed(rng, read_plate(facade.plate))
        painted = cropped(rng, compose(rng, scene, LitterStock(), MIX))
        boxes = tuple(LabelledBox(one.name, _inside(one.box)) for one in painted.boxes if one.name in CATEGORIES)
        frames.append(_saved(painted.bgr, out / f"{stem}_{number}.jpg", facade.view, boxes))
    if facade.bare:
        frames.append(_saved(_bare_crop(rng, facade.plate), out / f"{stem}_bare.jpg", facade.view, ()))
    return frames


def _bare_crop(rng: np.random.Generator, plate: Plate) -> np.ndarray:
    """A window of the size of the composed ones, anywhere on the facade as it is."""
    whole = np.asarray(cv2.imread(str(plate.path), cv2.IMREAD_COLOR), np.uint8)
    height, width = whole.shape[:2]
    across = min(width, int(rng.integers(CROP_PX[0], CROP_PX[1] + 1)))
    down = min(height, int(across * 0.7))
    left, top = int(rng.integers(0, width - across + 1)), int(rng.integers(0, height - down + 1))
    return whole[top : top + down, left : left + across]


def _saved(bgr: np.ndarray, file: Path, view: int, boxes: tuple[LabelledBox, ...]) -> TownFrame:
    cv2.imwrite(str(file), bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return TownFrame(file, _digest(file), view, frozenset(CATEGORIES), boxes)


def _digest(picture: Path) -> str:
    return hashlib.sha256(picture.read_bytes()).hexdigest()


def as_sources(frames: Sequence[TownFrame], out: Path) -> list[Path]:
    """Source folders of these frames, split `train`, one for each set of categories that is known on them."""
    folders = []
    for speaks in sorted({frame.speaks for frame in frames}, key=sorted):
        folder = out / f"town_{'_'.join(sorted(speaks)) if len(speaks) < len(CATEGORIES) else 'all'}"
        spoken = [frame for frame in frames if frame.speaks == speaks]
        for split, some in (("train", spoken), ("val", spoken[:WATCHED])):
            for frame in some:
                stem = folder / split
                (stem / "images").mkdir(parents=True, exist_ok=True)
                (stem / "images" / f"{frame.digest[:16]}.jpg").symlink_to(frame.picture.resolve())
                write_boxes(stem / "labels" / f"{frame.digest[:16]}.txt", frame.truth, CATEGORIES)
        meant = {name: name for name in CATEGORIES}
        write_source(
            folder, Source(folder, folder.name, "as the pictures'", "simulated", "", CATEGORIES, meant, speaks)
        )
        folders.append(folder)
    return folders
