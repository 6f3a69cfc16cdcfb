"""Foreign data sets → source folders. What is broken is said, line by line, and the rest goes in."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from datasets.importers_coco import coco_tables, read_coco
from datasets.importers_label_studio import label_studio_tasks, read_label_studio
from datasets.importers_xml import CVAT_ROOT, VOC_ROOT, read_cvat, read_voc, root_names
from datasets.importers_yolo import is_roboflow, read_yolo, yolo_file
from datasets.incoming import Contents, Incoming, PictureFinder, Remark, Size, new_folder, picture_size
from datasets.source import (
    IMAGES,
    LABELS,
    MODEL_CLASSES,
    SOURCE_FILE,
    LabelledBox,
    Source,
    labelled_by_default,
    write_boxes,
    write_source,
)
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

HARD_NEGATIVE = "null"
SAID_OUTSIDE_PX = 1.0
"""What labels reach over the edge by less is rounding and cut off without a word."""
SHAPE_TOLERANCE = 0.01
"""How far the labels' width : height may be from the picture's own before it is said."""


class Format(StrEnum):
    yolo = "yolo"
    roboflow = "roboflow"
    coco = "coco"
    voc = "voc"
    cvat = "cvat"
    label_studio = "label-studio"


READERS: Mapping[Format, Callable[[Path, PictureFinder], Contents]] = {
    Format.yolo: read_yolo,
    Format.roboflow: read_yolo,
    Format.coco: read_coco,
    Format.voc: read_voc,
    Format.cvat: read_cvat,
    Format.label_studio: read_label_studio,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person says about a data set. `categories` by foreign name; None for a hard negative."""

    name: str = ""
    origin: str = ""
    licence: str = ""
    categories: Mapping[str, str | None] | None = None
    labelled: frozenset[str] | None = None
    hard_link: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    source: Source
    pictures: Mapping[str, int]
    """By split."""
    boxes: Mapping[str, int]
    """By the source's class name."""
    remarks: tuple[Remark, ...]


def detect(place: Path) -> Format:
    """The format by what lies in the folder or file. Raises BadInput where none or several fit."""
    _refuse_what_no_reader_takes(place)
    roots = root_names(place)
    checks = (
        (Format.roboflow, is_roboflow(place)),
        (Format.yolo, yolo_file(place) is not None and not is_roboflow(place)),
        (Format.cvat, CVAT_ROOT in roots),
        (Format.voc, VOC_ROOT in roots),
        (Format.coco, bool(coco_tables(place))),
        (Format.label_studio, bool(label_studio_tasks(place))),
    )
    found = [format_ for format_, fits in checks if fits]
    if len(found) > 1:
        raise BadInput(f"{place} could be {' or '.join(found)}: say which with --format")
    if not found:
        raise BadInput(
            f"{place} holds no data set of a known format ({', '.join(Format)}): give the folder that holds "
            "data.yaml, the .json or the .xml files"
        )
    return found[0]


def _refuse_what_no_reader_takes(place: Path) -> None:
    if not place.exists():
        raise BadInput(f"{place} does not exist")
    if place.suffix.lower() in {".zip", ".gz", ".tgz", ".tar", ".rar", ".7z"}:
        raise BadInput(f"{place} is packed: unpack it, then give the folder")
    if (place / SOURCE_FILE).is_file():
        raise BadInput(f"{place} is a source folder already: ./patrol dataset check {place}")


def parse_map(pairs: Iterable[str]) -> dict[str, str | None]:
    """From `theirs=litter` and `theirs=null`. Raises BadInput."""
    meant: dict[str, str | None] = {}
    for pair in pairs:
        theirs, equals, ours = pair.rpartition("=")
        if not equals or not theirs:
            raise BadInput(f"--map {pair}: write it as theirs=ours, such as --map garbage=litter")
        if ours not in (*MODEL_CLASSES, HARD_NEGATIVE):
            raise BadInput(f"--map {pair}: {ours!r} is none of {', '.join(MODEL_CLASSES)}, {HARD_NEGATIVE}")
        meant[theirs] = None if ours == HARD_NEGATIVE else ours
    return meant


def import_dataset(
    place: Path,
    into: Path,
    format_: Format,
    wish: Wish,
    pictures: Path | None = None,
    track: Callable[[Sequence[Incoming]], Iterable[Incoming]] = iter,
) -> Import:
    """Makes the source folder `into` whole or not at all; `place` stays as it is.

    `pictures` is a further folder to look for pictures in; `track` may draw progress. Raises BadInput.
    """
    _refuse_what_no_reader_takes(place)
    root = place if place.is_dir() else place.parent
    contents = READERS[format_](place, PictureFinder([root, *([pictures] if pictures else [])]))
    parts = list(contents.parts)
    found = [part for part in parts if isinstance(part, Incoming)]
    remarks = [part for part in parts if isinstance(part, Remark)]
    if not found:
        why = f"; the first reason: {remarks[0].file}: {remarks[0].reason}" if remarks else ""
        raise BadInput(f"no picture of {place} can be taken as {format_}{why}")
    source = _source(into, contents, found, wish)
    with new_folder(into) as folder:
        taken, more = _take_in(folder, source, track(found), wish.hard_link)
        if not taken:
            raise BadInput(f"no picture of {place} can be read; the first: {more[0].file}: {more[0].reason}")
        write_source(folder, source)
    boxes = Counter(box.name for incoming in taken for box in incoming.boxes)
    return Import(source, Counter(incoming.split for incoming in taken), boxes, tuple(remarks + more))


def _source(into: Path, contents: Contents, found: Iterable[Incoming], wish: Wish) -> Source:
    borne = sorted({box.name for incoming in found for box in incoming.boxes})
    names = tuple(dict.fromkeys((*contents.names, *borne)))
    meant = dict(wish.categories or {})
    strange = [name for name in meant if name not in names]
    if strange:
        raise BadInput(f"--map speaks of {', '.join(strange)}, but the classes are {', '.join(names)}")
    categories = {name: name for name in names if name in MODEL_CLASSES} | meant
    origin, licence = wish.origin or contents.origin, wish.licence or contents.licence
    if not origin or not licence:
        raise BadInput("say where the data set is from and what its licence is: --origin '…' --licence '…'")
    labelled = labelled_by_default(names, categories) if wish.labelled is None else wish.labelled
    return Source(into, wish.name or into.name, licence, origin, "", names, categories, labelled)


def _take_in(
    folder: Path, source: Source, found: Iterable[Incoming], hard_link: bool
) -> tuple[list[Incoming], list[Remark]]:
    taken: list[Incoming] = []
    remarks: list[Remark] = []
    stems: set[tuple[str, str]] = set()
    seen: set[tuple[str, Path]] = set()
    for incoming in found:
        if (incoming.split, incoming.picture) in seen:
            remarks.append(Remark(str(incoming.picture), "it is listed twice: its first labels were taken"))
            continue
        seen.add((incoming.split, incoming.picture))
        try:
            size = picture_size(incoming.picture)
        except ValueError as error:
            remarks.append(Remark(str(incoming.picture), str(error)))
            continue
        remarks += _doubts_of_size(incoming, size)
        boxes, more = _inside(incoming, size)
        remarks += more
        stem = _free_stem(incoming, stems)
        _place(incoming.picture, folder / incoming.split / IMAGES / (stem + incoming.picture.suffix), hard_link)
        write_boxes(folder / incoming.split / LABELS / f"{stem}.txt", boxes, source.names)
        taken.append(Incoming(incoming.split, incoming.picture, boxes))
    return taken, remarks


def _doubts_of_size(incoming: Incoming, size: Size) -> list[Remark]:
    if incoming.declared is None or incoming.declared == size:
        return []
    claimed, own = incoming.declared[0] / incoming.declared[1], size[0] / size[1]
    if abs(claimed / own - 1) <= SHAPE_TOLERANCE:
        return []
    words = "its labels are for {}x{} px but it has {}x{}: look whether its boxes fit"
    return [Remark(str(incoming.picture), words.format(*incoming.declared, *size), lost=False)]


def _inside(incoming: Incoming, size: Size) -> tuple[tuple[LabelledBox, ...], list[Remark]]:
    boxes: list[LabelledBox] = []
    remarks: list[Remark] = []
    for labelled in incoming.boxes:
        box = labelled.box
        cut = Box(max(0.0, box.left), max(0.0, box.top), min(1.0, box.right), min(1.0, box.bottom))
        if not cut.area:
            remarks.append(Remark(str(incoming.picture), f"a box of {labelled.name} lies outside the picture"))
            continue
        outside = max((cut.left - box.left, box.right - cut.right, 0.0)) * size[0]
        outside = max(outside, (cut.top - box.top) * size[1], (box.bottom - cut.bottom) * size[1])
        if outside > SAID_OUTSIDE_PX:
            words = f"a box of {labelled.name} reached {outside:.0f} px outside the picture: it was cut at the edge"
            remarks.append(Remark(str(incoming.picture), words, lost=False))
        boxes.append(LabelledBox(labelled.name, cut))
    return tuple(boxes), remarks


def _free_stem(incoming: Incoming, stems: set[tuple[str, str]]) -> str:
    """The picture's own name; a number behind it where its split has that name already."""
    stem, count = incoming.picture.stem, 1
    while (incoming.split, stem.lower()) in stems:
        count += 1
        stem = f"{incoming.picture.stem}_{count}"
    stems.add((incoming.split, stem.lower()))
    return stem


def _place(picture: Path, target: Path, hard_link: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if hard_link:
        try:
            os.link(picture.resolve(), target)
        except OSError:  # another disk, or one without links
            pass
        else:
            return
    shutil.copyfile(picture, target)
