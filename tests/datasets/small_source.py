"""Small source folders for tests: pictures of coloured patches, no two alike."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.source import LabelledBox, Source, labelled_by_default, write_boxes, write_source
from pipeline.domain.geometry import Box

WIDTH, HEIGHT = 160, 120
PATCHES = 6
NAMES = ("garbage", "garbage_bin", "overflow")
MEANT = {"garbage": "litter", "garbage_bin": None, "overflow": "litter"}


def patches(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Smooth enough for JPEG to keep it, different enough that no perceptual hash confuses two seeds."""
    colours = np.random.default_rng(seed).integers(0, 255, (PATCHES, PATCHES, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((width, height), Image.Resampling.BICUBIC)


def save_patches(file: Path, seed: int, width: int = WIDTH, height: int = HEIGHT) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    patches(seed, width, height).save(file, quality=90)
    return file


def box_px(name: str, left: float, top: float, width: float, height: float) -> LabelledBox:
    """In pixels of a picture of the usual size."""
    return LabelledBox(name, Box(left / WIDTH, top / HEIGHT, (left + width) / WIDTH, (top + height) / HEIGHT))


USUAL_BOXES: Mapping[str, Sequence[Sequence[LabelledBox]]] = {
    "train": (
        (box_px("garbage", 10.25, 20.5, 40, 30.75), box_px("overflow", 100, 60, 33.3, 44.4)),
        (box_px("garbage_bin", 0, 0, 160, 120),),
        (),
    ),
    "val": ((box_px("garbage", 33.33, 44.44, 55.55, 11.11),),),
}


def small_source(
    folder: Path,
    boxes: Mapping[str, Sequence[Sequence[LabelledBox]]] = USUAL_BOXES,
    names: tuple[str, ...] = NAMES,
    categories: Mapping[str, str | None] = MEANT,
) -> Source:
    """A picture for each list of boxes: `<split>/images/<split>_0.jpg` and so on."""
    source = Source(folder, "small", "CC0", "drawn", "", names, categories, labelled_by_default(names, categories))
    write_source(folder, source)
    seed = 0
    for split, lists in boxes.items():
        for place, labelled in enumerate(lists):
            seed += 1
            save_patches(folder / split / "images" / f"{split}_{place}.jpg", seed)
            write_boxes(folder / split / "labels" / f"{split}_{place}.txt", labelled, names)
    return source
