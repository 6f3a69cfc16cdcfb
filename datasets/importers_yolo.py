"""YOLO text: ultralytics' data.yaml, Roboflow's folder, and bare folders with a list of class names."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datasets.incoming import DEFAULT_SPLIT, Contents, Incoming, PictureFinder, Remark, split_named
from datasets.source import (
    IMAGES,
    LABELS,
    PICTURE_SUFFIXES,
    BrokenLine,
    LabelledBox,
    box_lines,
    read_names,
    read_yaml,
)
from pipeline.domain.errors import BadInput

YAML_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
NAME_LISTS = ("classes.txt", "obj.names")
ROBOFLOW = "roboflow"
ROBOFLOW_FILES = ("README.roboflow.txt", "README.dataset.txt")
SPLIT_KEYS = {"train": "train", "val": "val", "valid": "val", "test": "test"}
UP = ".."


@dataclass(frozen=True, slots=True)
class Described:
    """What a data.yaml, or a list of names, says."""

    file: Path
    names: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    """Split and place of its pictures as written: folder or list of files."""
    base: str = ""
    origin: str = ""
    licence: str = ""


def yolo_file(place: Path) -> Path | None:
    """The file that says the class names; None where this is no YOLO folder."""
    if place.is_file():
        return place if place.suffix.lower() in {".yaml", ".yml"} else None
    named = [place / name for name in (*YAML_NAMES, *NAME_LISTS) if (place / name).is_file()]
    others = [file for pattern in ("*.yaml", "*.yml") for file in sorted(place.glob(pattern)) if _describes(file)]
    return next(iter([*named, *others]), None)


def _describes(file: Path) -> bool:
    try:
        table = read_yaml(file)
    except BadInput:
        return False
    return "names" in table and any(key in table for key in SPLIT_KEYS)


def is_roboflow(place: Path) -> bool:
    file = yolo_file(place)
    if file is None:
        return False
    if any((file.parent / name).is_file() for name in ROBOFLOW_FILES):
        return True
    return file.name not in NAME_LISTS and ROBOFLOW in read_yaml(file)


def read_yolo(place: Path, finder: PictureFinder) -> Contents:
    """Raises BadInput where the names or the folders cannot be made out."""
    file = yolo_file(place)
    if file is None:
        raise BadInput(f"{place} holds neither {YAML_NAMES[0]} nor {NAME_LISTS[0]}, which would name the classes")
    described = _from_list(file) if file.name in NAME_LISTS else _from_yaml(file)
    if not described.places:
        raise BadInput(f"{file} names no pictures: it needs a line such as train: images/train")
    return Contents(described.names, _parts(described, finder), described.origin, described.licence)


def _from_yaml(file: Path) -> Described:
    table = read_yaml(file)
    places: list[tuple[str, str]] = []
    for key, split in SPLIT_KEYS.items():
        given = table.get(key)
        places += [(split, str(place)) for place in (given if isinstance(given, list) else [given]) if place]
    hub = table.get(ROBOFLOW)
    said = {**table, "origin": hub.get("url"), "licence": hub.get("license")} if isinstance(hub, dict) else table
    return Described(
        file,
        read_names(table.get("names"), file),
        tuple(places),
        str(table.get("path") or ""),
        str(said.get("origin") or ""),
        str(said.get("licence") or said.get("license") or ""),
    )


def _from_list(file: Path) -> Described:
    """classes.txt beside images/ and labels/; or darknet's obj.names with train.txt and obj_train_data/."""
    lines = file.read_text("utf-8-sig", errors="replace").splitlines()
    names = read_names([line.strip() for line in lines if line.strip()], file)
    folder = file.parent
    lists = [path for path in sorted(folder.glob("*.txt")) if split_named([path.stem]) and path != file]
    holders = sorted({path.parent for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES})
    places = lists or holders
    return Described(
        file, names, tuple((split_named(p.relative_to(folder).parts, DEFAULT_SPLIT), str(p)) for p in places)
    )


def _parts(described: Described, finder: PictureFinder) -> Iterator[Incoming | Remark]:
    seen: dict[Path, str] = {}
    for split, written in described.places:
        place = _resolved(described, written)
        if place is None:
            yield Remark(described.file.name, f"{split}: {written} does not exist")
            continue
        for picture in _pictures(place, split, finder):
            if isinstance(picture, Remark):
                yield picture
            elif picture not in seen:
                seen[picture] = split
                yield from _picture_parts(picture, split, described)
            elif seen[picture] != split:
                yield Remark(str(picture), f"it stands in {seen[picture]} and in {split}: it went into {seen[picture]}")


def _resolved(described: Described, written: str) -> Path | None:
    """`path:` often points into another machine, and Roboflow writes one `..` too many: nearest existing guess."""
    root = described.file.parent
    tail = Path(*[part for part in Path(written).parts if part not in {UP, "/", "\\"}])
    guesses = (root / described.base / written, Path(written), root / written, root / tail, root / tail.name)
    return next((guess for guess in guesses if guess.exists()), None)


def _pictures(place: Path, split: str, finder: PictureFinder) -> Iterator[Path | Remark]:
    if place.is_dir():
        inner = place / IMAGES if (place / IMAGES).is_dir() else place
        yield from (path for path in sorted(inner.rglob("*")) if path.suffix.lower() in PICTURE_SUFFIXES)
        return
    for line in place.read_text("utf-8-sig", errors="replace").splitlines():
        if not line.strip():
            continue
        try:
            yield finder.find(line.strip(), split)
        except ValueError as error:
            yield Remark(f"{place.name}: {line.strip()}", str(error))


def _label_file(picture: Path) -> Path | None:
    """The last folder `images` read as `labels`, else beside the picture."""
    parts = picture.with_suffix(".txt").parts
    last = max((place for place, part in enumerate(parts) if part == IMAGES), default=None)
    instead = [Path(*parts[:last], LABELS, *parts[last + 1 :])] if last is not None else []
    return next((path for path in [*instead, picture.with_suffix(".txt")] if path.is_file()), None)


def _picture_parts(picture: Path, split: str, described: Described) -> Iterator[Incoming | Remark]:
    label_file = _label_file(picture)
    entries = list(box_lines(label_file, described.names)) if label_file else []
    for entry in entries:
        if isinstance(entry, BrokenLine):
            yield Remark(f"{label_file} line {entry.line}", entry.reason)
    if label_file is None:
        yield Remark(str(picture), "it has no label file: it went in without boxes", lost=False)
    yield Incoming(split, picture, tuple(entry for entry in entries if isinstance(entry, LabelledBox)))
