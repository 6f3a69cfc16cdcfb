"""COCO JSON: files with `images`, `annotations` and `categories`, wherever they lie in the folder."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from datasets.incoming import (
    DEFAULT_SPLIT,
    Contents,
    Incoming,
    PictureFinder,
    Remark,
    Size,
    Table,
    box_around,
    box_of_corners,
    declared_size,
    number,
    picture_size,
    read_each,
    rows,
    split_named,
)
from datasets.source import LabelledBox

COCO_KEYS = frozenset({"images", "annotations", "categories"})
BBOX = ("left", "top", "width", "height")


def json_files(place: Path) -> list[Path]:
    return [place] if place.suffix.lower() == ".json" else sorted(place.rglob("*.json")) if place.is_dir() else []


def load_json(file: Path) -> object:
    """Raises ValueError with the reason."""
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"it cannot be read as JSON: {error}") from None


def coco_tables(place: Path) -> list[tuple[Path, Table]]:
    """The COCO files under `place`; other JSON is none of ours."""
    found: list[tuple[Path, Table]] = []
    for file in json_files(place):
        try:
            table = load_json(file)
        except ValueError:
            continue
        if isinstance(table, dict) and set(table) >= COCO_KEYS:
            found.append((file, table))
    return found


def read_coco(place: Path, finder: PictureFinder) -> Contents:
    tables = coco_tables(place)
    names = dict.fromkeys(name for _, table in tables for name in _category_names(table).values())
    broken = _broken_files(place)
    parts = [part for file, table in tables for part in _file_parts(file, table, place, finder)]
    return Contents(tuple(names), iter([*broken, *parts]))


def _broken_files(place: Path) -> list[Remark]:
    remarks = []
    for file in json_files(place):
        try:
            load_json(file)
        except ValueError as error:
            remarks.append(Remark(str(file), str(error)))
    return remarks


def _category_names(table: Table) -> dict[object, str]:
    """By id, in the order of the ids."""
    listed = [row for row in rows(table["categories"]) if "id" in row and "name" in row]
    return {row["id"]: str(row["name"]) for row in sorted(listed, key=lambda row: str(row["id"]).zfill(9))}


def _file_parts(file: Path, table: Table, place: Path, finder: PictureFinder) -> Iterator[Incoming | Remark]:
    root = place if place.is_dir() else place.parent
    split = split_named(file.relative_to(root).parts, DEFAULT_SPLIT)
    by_image: dict[object, list[Table]] = defaultdict(list)
    for row in rows(table["annotations"]):
        by_image[row.get("image_id")].append(row)
    names = _category_names(table)
    for image in rows(table["images"]):
        yield from _image_parts(image, by_image.pop(image.get("id"), []), names, split, finder)
    for image_id, left in by_image.items():
        yield Remark(str(file), f"{len(left)} boxes belong to image {image_id}, which the file does not list")


def _image_parts(
    image: Table, annotations: Sequence[Table], names: dict[object, str], split: str, finder: PictureFinder
) -> Iterator[Incoming | Remark]:
    file_name = str(image.get("file_name") or "")
    try:
        picture = finder.find(file_name, split)
        declared = declared_size(image)
        size = declared or picture_size(picture)
    except ValueError as error:
        yield Remark(file_name or f"image {image.get('id')}", str(error))
        return
    boxes, remarks = read_each(annotations, partial(_box, names=names, size=size), file_name)
    yield from remarks
    yield Incoming(split, picture, boxes, declared)


def _box(row: Table, names: dict[object, str], size: Size) -> tuple[LabelledBox, str]:
    name = names.get(row.get("category_id"))
    if name is None:
        raise ValueError(f"class {row.get('category_id')} is not in the file's categories")
    words = "it stands for a crowd" if row.get("iscrowd") else ""
    bbox = row.get("bbox")
    if isinstance(bbox, list) and len(bbox) == len(BBOX):
        left, top, width, height = (number(dict(zip(BBOX, bbox, strict=True)), key) for key in BBOX)
        return LabelledBox(name, box_of_corners((left, top, left + width, top + height), size)), words
    return LabelledBox(
        name, box_around(_outline(row.get("segmentation")), size)
    ), "the box around its outline was taken"


def _outline(segmentation: object) -> list[tuple[float, float]]:
    if not isinstance(segmentation, list) or not all(isinstance(ring, list) for ring in segmentation):
        raise ValueError("it has neither a bbox nor an outline")
    points = []
    for ring in segmentation:
        ordered = [number({"segmentation": value}, "segmentation") for value in ring]
        points += list(zip(ordered[0::2], ordered[1::2], strict=False))
    return points
