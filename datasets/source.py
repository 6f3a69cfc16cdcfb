"""A source folder: `source.yaml`, `<split>/images`, `<split>/labels` (YOLO text); the one reader of that layout."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.domain.category import DEFAULT_CATEGORIES, HELPER_CLASSES
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

SOURCE_FILE = "source.yaml"
IMAGES = "images"
LABELS = "labels"
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
USUAL_SPLITS = ("train", "val", "test")
CATEGORY_CODES = tuple(category.code for category in DEFAULT_CATEGORIES)
MODEL_CLASSES = (*CATEGORY_CODES, *HELPER_CLASSES)
"""The classes of our weights, in their order."""
CLASS_NAME = re.compile(r"[a-z][a-z0-9_]*")
"""A town may have categories of its own beside those that ship."""
BIN_NAME, BIN_CLASS = "garbage_bin", "bin"

BOX_COLUMNS = 5
LEAST_POLYGON_COLUMNS = 7
SHARE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """`name` is the source's own class name; `box` may reach outside the picture where the label does."""

    name: str
    box: Box


@dataclass(frozen=True, slots=True)
class BrokenLine:
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sample:
    """`label_file` may be missing: nobody labelled the picture, or found nothing in it."""

    picture: Path
    label_file: Path
    boxes: tuple[LabelledBox, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """`names` in the order of the label files' class numbers; `labelled` are the model classes this source speaks of:
    where it shows none of them, there is none."""

    folder: Path
    name: str
    licence: str
    origin: str
    notes: str
    names: tuple[str, ...]
    categories: Mapping[str, str | None]
    labelled: frozenset[str]

    def category_of(self, name: str) -> str | None:
        """The model class that `name` means; None for a hard negative and for a name that maps nowhere."""
        return self.categories.get(name)

    def unmapped(self) -> tuple[str, ...]:
        """Names that say nothing to training: in no line of `categories`, or with a code that no model class has."""
        return tuple(name for name in self.names if not self._is_mapped(name))

    def _is_mapped(self, name: str) -> bool:
        return name in self.categories and self.categories[name] in (None, *MODEL_CLASSES)


def read_source(folder: Path) -> Source:
    """Raises BadInput, which names the file and says what is wrong with it."""
    file = folder / SOURCE_FILE
    table = read_yaml(file)
    names = read_names(table.get("names"), file)
    categories = _categories(table.get("categories") or {}, names, file)
    labelled = table.get("labelled")
    return Source(
        folder,
        str(table.get("name") or folder.resolve().name),
        str(table.get("licence") or ""),
        str(table.get("origin") or ""),
        str(table.get("notes") or "").strip(),
        names,
        categories,
        labelled_by_default(names, categories) if labelled is None else _labelled(labelled, file),
    )


def read_yaml(file: Path) -> dict[str, object]:
    """Raises BadInput where the file is missing, no YAML, or no table."""
    try:
        table = yaml.safe_load(file.read_text("utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{file} is missing: a source folder needs it (./patrol dataset import writes one)") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(table, dict):
        raise BadInput(f"{file} must hold lines of the form key: value")
    return {str(key): value for key, value in table.items()}


def read_names(names: object, file: Path) -> tuple[str, ...]:
    """Class names from a list, or from a table of 0, 1, 2 … to names; empty for clean pictures. Raises BadInput."""
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise BadInput(f"{file}: the keys of names must be 0, 1, 2 … without a gap")
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list):
        raise BadInput(f"{file} must give the class names, such as names: {{0: litter}}")
    read = tuple(str(name) for name in names)
    if len(set(read)) < len(read):
        raise BadInput(f"{file}: a class name occurs twice in names")
    return read


def labelled_by_default(names: Iterable[str], categories: Mapping[str, str | None]) -> frozenset[str]:
    """The classes that the table names, and `bin` where bins are boxed."""
    meant = {code for code in categories.values() if code is not None}
    return frozenset(meant | ({BIN_CLASS} if BIN_NAME in names else set()))


def _categories(table: object, names: Sequence[str], file: Path) -> Mapping[str, str | None]:
    """The file's lines, and each name that is a model class itself."""
    if not isinstance(table, dict):
        raise BadInput(f"{file}: categories must be a table such as {{garbage: litter, garbage_bin: null}}")
    read = {str(name): None if code is None else str(code) for name, code in table.items()}
    strange = sorted(set(read) - set(names))
    if strange:
        raise BadInput(f"{file}: categories speaks of {', '.join(strange)}, which names does not hold")
    return {**{name: name for name in names if name in MODEL_CLASSES}, **read}


def _labelled(labelled: object, file: Path) -> frozenset[str]:
    if not isinstance(labelled, list):
        raise BadInput(f"{file}: labelled must be a list of model classes, such as [litter]")
    strange = sorted(str(code) for code in labelled if not CLASS_NAME.fullmatch(str(code)))
    if strange:
        raise BadInput(f"{file}: labelled holds {', '.join(strange)}, which no class can be called")
    return frozenset(str(code) for code in labelled)


def splits(source: Source) -> tuple[str, ...]:
    """The folders that hold pictures: train, val, test, then others by name."""
    found = sorted(folder.parent.name for folder in source.folder.glob(f"*/{IMAGES}") if folder.is_dir())
    return tuple(
        sorted(found, key=lambda split: USUAL_SPLITS.index(split) if split in USUAL_SPLITS else len(found) + 3)
    )


def pictures(source: Source, split: str) -> list[Path]:
    """By file name. Raises BadInput where the source has no such split."""
    folder = source.folder / split / IMAGES
    if not folder.is_dir():
        raise BadInput(f"{source.folder} has no split {split}: it has {', '.join(splits(source)) or 'none'}")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)


def label_file_of(picture: Path) -> Path:
    return picture.parent.parent / LABELS / f"{picture.stem}.txt"


def samples(source: Source, split: str) -> list[Sample]:
    """By file name; a picture without a label file has no boxes. Raises BadInput on the first broken label file."""
    found = []
    for picture in pictures(source, split):
        label_file = label_file_of(picture)
        boxes = read_boxes(label_file, source.names) if label_file.exists() else ()
        found.append(Sample(picture, label_file, boxes))
    return found


def read_boxes(label_file: Path, names: Sequence[str]) -> tuple[LabelledBox, ...]:
    """Boxes in shares of the picture, as written, not clipped. Raises BadInput, which names file and line."""
    boxes = []
    for entry in box_lines(label_file, names):
        if isinstance(entry, BrokenLine):
            raise BadInput(f"{label_file} line {entry.line}: {entry.reason}")
        boxes.append(entry)
    return tuple(boxes)


def box_lines(label_file: Path, names: Sequence[str]) -> Iterator[LabelledBox | BrokenLine]:
    """Line by line, a box or what is wrong with it, for those who go on after a broken line."""
    try:
        lines = label_file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        yield BrokenLine(1, f"it cannot be read as text: {error}")
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _labelled_box(line.split(), names)
        except (ValueError, OverflowError) as error:
            yield BrokenLine(number, str(error))


def _labelled_box(columns: Sequence[str], names: Sequence[str]) -> LabelledBox:
    """`class cx cy w h`, or `class x y x y x y …` for the box around a polygon. Raises ValueError."""
    try:
        number, numbers = int(float(columns[0])), [float(column) for column in columns[1:]]
    except ValueError:
        raise ValueError(f"numbers are expected, not {' '.join(columns)[:60]!r}") from None
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError("a number is not finite")
    if not 0 <= number < len(names):
        raise ValueError(f"class {number} is not in names, which end at {len(names) - 1}")
    if len(columns) == BOX_COLUMNS:
        x, y, width, height = numbers
        if width <= 0 or height <= 0:
            raise ValueError(f"the box has no size ({width:g} wide, {height:g} high)")
        return LabelledBox(names[number], Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    if len(columns) >= LEAST_POLYGON_COLUMNS and len(columns) % 2 == 1:
        across, down = numbers[0::2], numbers[1::2]
        box = Box(min(across), min(down), max(across), max(down))
        if box.area <= 0:
            raise ValueError("the polygon has no size")
        return LabelledBox(names[number], box)
    raise ValueError(f"{BOX_COLUMNS} columns are expected (class cx cy w h), not {len(columns)}")


def write_source(folder: Path, source: Source) -> None:
    """Writes `folder`/source.yaml; pictures and labels are the caller's."""
    folder.mkdir(parents=True, exist_ok=True)
    table: dict[str, object] = {
        "name": source.name,
        "origin": source.origin,
        "licence": source.licence,
        "names": dict(enumerate(source.names)),
        "categories": dict(source.categories),
    }
    if source.labelled != labelled_by_default(source.names, source.categories):
        own = sorted(source.labelled - set(MODEL_CLASSES))
        table["labelled"] = [code for code in MODEL_CLASSES if code in source.labelled] + own
    table["notes"] = source.notes
    text = yaml.safe_dump(table, allow_unicode=True, sort_keys=False, width=120)
    (folder / SOURCE_FILE).write_text(text, "utf-8")


def write_boxes(label_file: Path, boxes: Iterable[LabelledBox], names: Sequence[str]) -> None:
    """YOLO text, one line a box; an empty file where there is none: looked at, nothing there. Makes the folder."""
    label_file.parent.mkdir(parents=True, exist_ok=True)
    label_file.write_text("".join(_line(box, names) for box in boxes), "utf-8")


def _line(labelled: LabelledBox, names: Sequence[str]) -> str:
    box = labelled.box
    x, y = box.centre
    shares = (x, y, box.right - box.left, box.bottom - box.top)
    return f"{names.index(labelled.name)} {' '.join(f'{share:.{SHARE_DIGITS}f}' for share in shares)}\n"
