"""What every importer reads a foreign data set into, and what it needs for that."""

import math
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import unquote

from PIL import Image

from datasets.source import PICTURE_SUFFIXES, LabelledBox
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

Size = tuple[int, int]
"""Width and height in pixels, as people see the picture (turned by its EXIF note)."""
Table = Mapping[str, object]
Entry = TypeVar("Entry")

DEFAULT_SPLIT = "train"
SPLIT_WORDS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
EXIF_ORIENTATION = 0x0112
ORIENTATIONS_ON_THE_SIDE = range(5, 9)


@dataclass(frozen=True, slots=True)
class Remark:
    """One line to the person who imports. `lost`: something did not go in."""

    file: str
    reason: str
    lost: bool = True


@dataclass(frozen=True, slots=True)
class Incoming:
    """A picture with its boxes in shares, under their foreign names. `declared` is the size that its labels claim."""

    split: str
    picture: Path
    boxes: tuple[LabelledBox, ...]
    declared: Size | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """`names` in the foreign order; names that only boxes bear come behind. `parts` may be read once."""

    names: tuple[str, ...]
    parts: Iterator[Incoming | Remark]
    origin: str = ""
    licence: str = ""


class PictureFinder:
    """Finds pictures by the names that label files give them, under any of `folders`."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in sorted({path for folder in folders for path in folder.rglob("*")}):
            if path.suffix.lower() in PICTURE_SUFFIXES:
                self._by_name[path.name].append(path)

    def find(self, name: str, split: str = "") -> Path:
        """The picture whose path ends most like `name`; of equals the one in a folder of `split`.

        Raises ValueError with the reason.
        """
        wanted = PurePosixPath(unquote(name).replace("\\", "/"))
        found = self._by_name.get(wanted.name, [])
        if not found:
            known = wanted.suffix.lower() in PICTURE_SUFFIXES
            raise ValueError(
                "the picture is missing" if known else "this kind of picture is not taken (JPEG or PNG is)"
            )
        alike = {path: (_common_end(path, wanted), split_named(path.parent.parts) == split) for path in found}
        best = max(alike.values())
        nearest = [path for path in found if alike[path] == best]
        if len(nearest) > 1:
            raise ValueError(f"{len(nearest)} pictures bear this name: {nearest[0]}, {nearest[1]}")
        return nearest[0]

    def has(self, name: str) -> bool:
        return PurePosixPath(name).name in self._by_name


def _common_end(path: Path, wanted: PurePosixPath) -> int:
    count = 0
    for mine, theirs in zip(reversed(path.parts), reversed(wanted.parts), strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def split_named(words: Iterable[str], otherwise: str = "") -> str:
    """The split that the last of `words` (folders, file names) speaks of: `valid`, `instances_train2017.json`."""
    for word in reversed(list(words)):
        for part in re.split(r"[^a-z]+", word.lower()):
            if part in SPLIT_WORDS:
                return SPLIT_WORDS[part]
    return otherwise


def picture_size(picture: Path) -> Size:
    """From the header alone. Raises ValueError where it cannot be read."""
    try:
        with Image.open(picture) as image:
            width, height = image.size
            turned = image.getexif().get(EXIF_ORIENTATION) in ORIENTATIONS_ON_THE_SIDE
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ValueError("the picture cannot be read") from None
    return (height, width) if turned else (width, height)


@contextmanager
def new_folder(into: Path) -> Iterator[Path]:
    """A folder that becomes `into` when all went well; else nothing is left. Raises BadInput where `into` is in use."""
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise BadInput(f"{into} exists and is not empty: give a new folder, or take it away first")
    half = into.with_name(f"{into.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    try:
        yield half
        if into.exists():
            into.rmdir()
        half.rename(into)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def number(table: Table, key: str) -> float:
    """Raises ValueError that names `key`."""
    given = table.get(key)
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError(f"{key} is missing")
    try:
        value = float(given)
    except ValueError:
        raise ValueError(f"{key} is no number: {given!r}") from None
    if not math.isfinite(value):
        raise ValueError(f"{key} is not finite")
    return value


def rows(given: object) -> list[Table]:
    """Those entries of a JSON list that are tables."""
    return [row for row in given if isinstance(row, dict)] if isinstance(given, list) else []


def declared_size(table: Table, width: str = "width", height: str = "height") -> Size | None:
    """None where the labels do not say it, or say nonsense."""
    try:
        size = round(number(table, width)), round(number(table, height))
    except ValueError:
        return None
    return size if min(size) > 0 else None


def box_of_corners(corners: Sequence[float], size: Size) -> Box:
    """From left, top, right, bottom in pixels of a picture of `size`. Raises ValueError for a box without extent."""
    left, top, right, bottom = corners
    if right <= left or bottom <= top:
        raise ValueError(f"the box has no or a negative size ({right - left:g}x{bottom - top:g} px)")
    width, height = size
    return Box(left / width, top / height, right / width, bottom / height)


def box_around(points: Sequence[tuple[float, float]], size: Size) -> Box:
    """The upright box around points in pixels. Raises ValueError."""
    if not points:
        raise ValueError("the outline has no points")
    across, down = zip(*points, strict=True)
    return box_of_corners((min(across), min(down), max(across), max(down)), size)


def turned_about(
    points: Sequence[tuple[float, float]], centre: tuple[float, float], degrees: float
) -> list[tuple[float, float]]:
    """Clockwise as seen in the picture (y points down)."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    shifted = [(x - centre[0], y - centre[1]) for x, y in points]
    return [(centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine) for x, y in shifted]


def corner_points(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def read_each(
    entries: Iterable[Entry], read: Callable[[Entry], tuple[LabelledBox, str]], file: str
) -> tuple[tuple[LabelledBox, ...], list[Remark]]:
    """`read` gives a box and what is to be said of it ('' for nothing), or raises ValueError: that one box is lost."""
    boxes: list[LabelledBox] = []
    remarks: list[Remark] = []
    for place, entry in enumerate(entries, 1):
        try:
            box, words = read(entry)
        except ValueError as error:
            remarks.append(Remark(file, f"box {place}: {error}"))
            continue
        boxes.append(box)
        if words:
            remarks.append(Remark(file, f"box {place}: {words}", lost=False))
    return tuple(boxes), remarks
