"""Label Studio's JSON and JSON-MIN: rectangles in percent of the picture, turned ones about their left upper corner."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from datasets.importers_coco import json_files, load_json
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
    corner_points,
    declared_size,
    number,
    picture_size,
    read_each,
    rows,
    split_named,
    turned_about,
)
from datasets.source import LabelledBox

ANNOTATION_KEYS = ("annotations", "completions")
BOX_KINDS = ("rectanglelabels", "polygonlabels")
UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")
"""Label Studio puts it before the name of an uploaded file."""
PERCENT = 100.0


def label_studio_tasks(place: Path) -> list[tuple[Path, Table]]:
    """File and task of every Label Studio JSON under `place`."""
    found = []
    for file in json_files(place):
        try:
            loaded = load_json(file)
        except ValueError:
            continue
        tasks = rows(loaded if isinstance(loaded, list) else [loaded])
        found += [(file, task) for task in tasks if _is_task(task)]
    return found


def _is_task(task: Table) -> bool:
    if isinstance(task.get("data"), dict) and any(key in task for key in ANNOTATION_KEYS):
        return True
    return "id" in task and any(_shapes_of_field(field) for field in task.values())


def _shapes_of_field(field: object) -> list[Table]:
    return [row for row in rows(field) if any(kind in row for kind in BOX_KINDS)]


def read_label_studio(place: Path, finder: PictureFinder) -> Contents:
    root = place if place.is_dir() else place.parent
    tasks = label_studio_tasks(place)
    parts = [part for file, task in tasks for part in _task_parts(file.relative_to(root), task, finder)]
    return Contents((), iter(parts))


def _task_parts(file: Path, task: Table, finder: PictureFinder) -> Iterator[Incoming | Remark]:
    where = f"{file} task {task.get('id', '?')}"
    split = split_named(file.parts, DEFAULT_SPLIT)
    try:
        address = _picture_address(task)
        where = f"{where} ({address})"
        picture = _find(address, split, finder)
        actual = picture_size(picture)
        shapes, words = _shapes(task)
    except ValueError as error:
        yield Remark(where, str(error))
        return
    if words:
        yield Remark(where, words, lost=False)
    boxes, remarks = read_each(shapes, partial(_box, actual=actual), where)
    yield from remarks
    yield Incoming(split, picture, boxes)


def _picture_address(task: Table) -> str:
    data = task.get("data")
    fields = data if isinstance(data, dict) else task
    named = [value for key, value in fields.items() if key in {"image", "img", "picture"} and isinstance(value, str)]
    others = [value for value in fields.values() if isinstance(value, str) and "." in Path(urlsplit(value).path).name]
    if not named and not others:
        raise ValueError("it names no picture")
    return (named or others)[0]


def _find(address: str, split: str, finder: PictureFinder) -> Path:
    """By the file's name alone: the address points into Label Studio. Raises ValueError."""
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    path = local[0] if local else parts.path
    bare = str(Path(path).with_name(UPLOAD_PREFIX.sub("", Path(path).name))) if Path(path).name else path
    return finder.find(path if finder.has(path) else bare, split)


def _shapes(task: Table) -> tuple[list[Table], str]:
    """The rectangles of the task's newest annotation that was not cancelled. Raises ValueError where it has none."""
    lists = [rows(task[key]) for key in ANNOTATION_KEYS if key in task]
    if not lists:
        return [shape for field in task.values() for shape in _shapes_of_field(field)], ""
    done = [annotation for annotation in lists[0] if not annotation.get("was_cancelled")]
    if not done:
        raise ValueError("nobody labelled it yet, or it was skipped")
    newest = max(done, key=lambda annotation: str(annotation.get("updated_at") or ""))
    words = f"{len(done)} people labelled it: the newest labels were taken" if len(done) > 1 else ""
    return [_flat(entry) for entry in rows(newest.get("result")) if entry.get("type") in BOX_KINDS], words


def _flat(entry: Table) -> Table:
    value = entry.get("value")
    return {**entry, **value} if isinstance(value, dict) else entry


def _box(shape: Table, actual: Size) -> tuple[LabelledBox, str]:
    kind = next((kind for kind in BOX_KINDS if kind in shape), "")
    names = shape.get(kind)
    if not isinstance(names, list) or not names:
        raise ValueError("it bears no class name")
    name = str(names[0])
    words = f"it bears {len(names)} names: {name} was taken" if len(names) > 1 else ""
    size = declared_size(shape, "original_width", "original_height") or actual
    if kind == "polygonlabels":
        outline = [_from_percent(point, size) for point in _points(shape)]
        return LabelledBox(name, box_around(outline, size)), "the upright box around its outline was taken"
    left, top = _from_percent((number(shape, "x"), number(shape, "y")), size)
    width, height = _from_percent((number(shape, "width"), number(shape, "height")), size)
    upright = box_of_corners((left, top, left + width, top + height), size)
    degrees = number(shape, "rotation") if shape.get("rotation") else 0.0
    if not degrees:
        return LabelledBox(name, upright), words
    turned = turned_about(corner_points(left, top, left + width, top + height), (left, top), degrees)
    return LabelledBox(
        name, box_around(turned, size)
    ), f"it is turned by {degrees:g}°: the upright box around it was taken"


def _points(shape: Table) -> list[tuple[float, float]]:
    listed = shape.get("points")
    pairs = [pair for pair in listed if isinstance(pair, list)] if isinstance(listed, list) else []
    return [(number({"x": pair[0]}, "x"), number({"y": pair[1]}, "y")) for pair in pairs if len(pair) == 2]


def _from_percent(point: tuple[float, float], size: Size) -> tuple[float, float]:
    return point[0] / PERCENT * size[0], point[1] / PERCENT * size[1]
