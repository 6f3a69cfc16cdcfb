"""Many scenes as a source folder; the same seed gives the same bytes however many processes write."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from datasets.composer.background import Plate, framed, plates, read_plate
from datasets.composer.cutouts import LitterStock, stock_of
from datasets.composer.scene import Composed, compose
from datasets.composer.stage import TRACE_STEP_PX, Mix, Painted, around, within
from datasets.source import IMAGES, LABELS, SOURCE_FILE, LabelledBox, Source, read_source, write_boxes, write_source
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

LICENCE = "as its backgrounds and cut-outs: look at theirs before passing it on"
CROP_PX = (640, 960)
LEAST_SEEN = 0.3
LEAST_CABLE_PX = 60.0
"""A stretch of cable this long counts, however much of it lies outside the window: it is plain to see."""
LEAST_SIDE_PX = 3
JPEG_QUALITY = 93
BATCH = 4
CROPS_SHARE = 0.5
WANTED_SHARE = 0.75
"""Of the crops so many are laid round a thing that counts; the others anywhere."""


class View(StrEnum):
    whole = "whole"
    crops = "crops"
    mixed = "mixed"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be composed: `stock` are source folders that lend litter, two-wheelers and texture."""

    backgrounds: Path
    out: Path
    count: int
    seed: int
    split: str = "train"
    view: View = View.mixed
    stock: tuple[Path, ...] = ()
    mix: Mix = field(default_factory=Mix)


def compose_folder(order: Order, processes: int = 1, told: Callable[[int], None] = lambda _: None) -> int:
    """Writes `order.count` pictures; `told` hears of each few done; gives the number of boxes. Raises BadInput."""
    if order.count < 1 or order.seed < 0:
        raise BadInput("the count must be at least 1 and the seed at least 0")
    found = plates(order.backgrounds, order.split)
    stock = stock_of(order.stock, order.split)
    refuse_shared_backgrounds(order, found)
    for kind in (IMAGES, LABELS):
        (order.out / order.split / kind).mkdir(parents=True, exist_ok=True)
    batches = [range(start, min(start + BATCH, order.count)) for start in range(0, order.count, BATCH)]
    boxes = 0
    if processes == 1:
        for batch in batches:
            boxes += _write(order, found, stock, batch)
            told(len(batch))
    else:
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            running = {pool.submit(_write, order, found, stock, batch): len(batch) for batch in batches}
            for done in as_completed(running):
                boxes += done.result()
                told(running[done])
    write_source(order.out, _source(order, found))
    return boxes


def _source(order: Order, found: Sequence[Plate]) -> Source:
    names = tuple(kind.value for kind in Painted)
    lent = ", ".join(sorted(folder.resolve().name for folder in order.stock)) or "nothing"
    note = (
        f"{order.split}: seed {order.seed}, view {order.view.value}; cut-outs and texture from split {order.split} of "
        f"{lent}; backgrounds from {order.backgrounds.resolve().name}: {' '.join(_background_names(found))}"
    )
    notes = [*_notes_of_others(order), note]
    return Source(
        order.out, order.out.resolve().name, LICENCE, "composed by datasets/composer", "\n".join(sorted(notes)), names,
        {name: name for name in names}, frozenset(category.code for category in DEFAULT_CATEGORIES),
    )  # fmt: skip


def _background_names(found: Sequence[Plate]) -> list[str]:
    return [plate.path.name for plate in found]


def _notes_of_others(order: Order) -> list[str]:
    """What the folder's source.yaml says of splits that were composed into it before."""
    if not (order.out / SOURCE_FILE).exists():
        return []
    return [line for line in read_source(order.out).notes.splitlines() if not line.startswith(f"{order.split}: ")]


def refuse_shared_backgrounds(order: Order, found: Sequence[Plate]) -> None:
    """Raises BadInput where another split in the same folder was composed on one of these pictures."""
    mine = set(_background_names(found))
    for line in _notes_of_others(order):
        shared = sorted(mine & set(line.split()))
        if shared:
            split = line.split(":")[0]
            raise BadInput(f"{order.out} was composed for {split} on {shared[0]} too: give other backgrounds or --out")


def _write(order: Order, found: Sequence[Plate], stock: LitterStock, numbers: Sequence[int]) -> int:
    cv2.setNumThreads(1)
    boxes = 0
    for number in numbers:
        composed = picture_of(order, found, stock, number)
        stem = f"{order.split}_{order.seed}_{number:06d}"
        file = order.out / order.split / IMAGES / f"{stem}.jpg"
        if not cv2.imwrite(str(file), composed.bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
            raise BadInput(f"{file} cannot be written: is the disk full?")
        names = tuple(kind.value for kind in Painted)
        write_boxes(order.out / order.split / LABELS / f"{stem}.txt", composed.boxes, names)
        boxes += len(composed.boxes)
    return boxes


def picture_of(order: Order, found: Sequence[Plate], stock: LitterStock, number: int) -> Composed:
    """The picture of that number; nothing but the order's seed and the number decides about it."""
    rng = np.random.default_rng([order.seed, number])
    plate = found[int(rng.integers(len(found)))]
    composed = compose(rng, framed(rng, read_plate(plate)), stock, order.mix)
    crop = order.view is View.crops or (order.view is View.mixed and rng.random() < CROPS_SHARE)
    return cropped(rng, composed) if crop else composed


def cropped(rng: np.random.Generator, composed: Composed) -> Composed:
    """A window of CROP_PX; boxes are clipped, those seen for less than LEAST_SEEN dropped."""
    width, height = composed.bgr.shape[1], composed.bgr.shape[0]
    across = int(rng.integers(CROP_PX[0], CROP_PX[1] + 1))
    down = min(height, int(across * rng.uniform(0.56, 0.9)))
    left, top = _corner(rng, composed, (across, down))
    window = Box(left / width, top / height, (left + across) / width, (top + down) / height)
    boxes = [clip for clip in (clipped(composed, one, window) for one in composed.boxes) if clip is not None]
    kept = [one for one in boxes if one.box.width * across >= LEAST_SIDE_PX and one.box.height * down >= LEAST_SIDE_PX]
    return Composed(composed.bgr[top : top + down, left : left + across].copy(), tuple(kept))


def _corner(rng: np.random.Generator, composed: Composed, size: tuple[int, int]) -> tuple[int, int]:
    height, width = composed.bgr.shape[:2]
    room = (max(0, width - size[0]), max(0, height - size[1]))
    left, top = rng.uniform(0, 1, 2) * room
    if composed.boxes and rng.random() < WANTED_SHARE:
        x, y = composed.boxes[int(rng.integers(len(composed.boxes)))].box.centre
        left = x * width - size[0] * rng.uniform(0.2, 0.8)
        top = y * height - size[1] * rng.uniform(0.2, 0.8)
    return int(np.clip(left, 0, room[0])), int(np.clip(top, 0, room[1]))


def clipped(composed: Composed, labelled: LabelledBox, window: Box) -> LabelledBox | None:
    """What the window shows of a box; of a cable, what it shows of its course."""
    box = labelled.box
    trace = composed.traces.get(box)
    if trace is not None:
        seen = trace[within(trace, window)]
        if len(seen) < max(2.0, min(LEAST_SEEN * len(trace), LEAST_CABLE_PX / TRACE_STEP_PX)):
            return None
        box = around(seen, box)
    elif box.area <= 0 or box.shared_area(window) < LEAST_SEEN * box.area:
        return None
    return LabelledBox(labelled.name, Box(
        (max(box.left, window.left) - window.left) / window.width,
        (max(box.top, window.top) - window.top) / window.height,
        (min(box.right, window.right) - window.left) / window.width,
        (min(box.bottom, window.bottom) - window.top) / window.height,
    ))  # fmt: skip
