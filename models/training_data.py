"""Sources joined into what ultralytics trains on: links to pictures, labels in the model's classes, one data YAML.

Helper classes (people, vehicles …) come from a teacher, a COCO network, on every picture; categories from the source's
own labels. The joined set is named by its content, so a training can say what it learned from.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datasets.source import LabelledBox, Sample, Source, read_source, samples, splits
from models.recipe import Recipe, RecipeSource
from models.torch_runtime import use_threads
from pipeline.domain.category import HELPER_CLASSES
from pipeline.domain.geometry import Box

TEACHER_TO_CLASS = {
    "person": "person",
    "bicycle": "two_wheeler",
    "motorcycle": "two_wheeler",
    "car": "car",
    "bus": "truck",
    "truck": "truck",
    "umbrella": "umbrella",
}
TAUGHT = tuple(dict.fromkeys(TEACHER_TO_CLASS.values()))
SAME_IOU = 0.5
"""A teacher's box that overlaps one of the source's own so far is the same thing."""
TRAIN, VAL = "train", "val"
HASH_LENGTH = 12

Teach = Callable[[Sequence[Path]], Iterable[tuple[LabelledBox, ...]]]
"""Pictures to the helper boxes that the teacher sees in each."""
Watch = Callable[[int, int], None]
"""Told how many of how many pictures are done."""


@dataclass(frozen=True, slots=True)
class Joined:
    data_file: Path
    """ultralytics' data YAML, with the table `speaks`."""
    digest: str
    """Of pictures, labels, classes and what each source speaks of."""
    pictures: Mapping[str, int]
    """By `source/split`."""


def join_sources(recipe: Recipe, root: Path, out: Path, teach: Teach, watch: Watch) -> Joined:
    """Write the joined set under `out`; a second call with the same content asks the teacher nothing."""
    chosen = [(entry, read_source(root / entry.folder)) for entry in recipe.sources]
    speaks = {source.folder.name: _speaks(entry, source) for entry, source in chosen}
    wanted = [
        (entry, source, split, sample)
        for entry, source in chosen
        for split in splits(source)
        if split in (TRAIN, VAL)
        for sample in samples(source, split)
        if sample.picture.stem not in entry.leave_out
    ]
    taught = _taught([sample.picture for _, _, _, sample in wanted], out / "teacher", teach, watch)
    digest = hashlib.sha256(json.dumps([recipe.classes, sorted((k, sorted(v)) for k, v in speaks.items())]).encode())
    counts: dict[str, int] = {}
    shutil.rmtree(out / "joined", ignore_errors=True)  # what an earlier recipe joined would be trained on too
    for (entry, source, split, sample), helpers in zip(wanted, taught, strict=True):
        place = out / "joined" / source.folder.name / split
        boxes = _boxes(entry, source, sample, recipe.classes)
        taught_here = [one for one in _new_ones(helpers, boxes) if one.name in recipe.classes]
        lines = _lines([*boxes, *taught_here], recipe.classes)
        _write(place, sample.picture, lines)
        digest.update(f"{source.folder.name}/{split}/{sample.picture.name}\n{lines}".encode())
        counts[f"{source.folder.name}/{split}"] = counts.get(f"{source.folder.name}/{split}", 0) + 1
    data_file = out / "data.yaml"
    data_file.write_text(_data_yaml(recipe, out, counts, speaks), "utf-8")
    return Joined(data_file, digest.hexdigest()[:HASH_LENGTH], counts)


def _speaks(entry: RecipeSource, source: Source) -> frozenset[str]:
    labelled = source.labelled if entry.labelled is None else frozenset(entry.labelled)
    return labelled | frozenset(TAUGHT)


def _boxes(entry: RecipeSource, source: Source, sample: Sample, classes: Sequence[str]) -> list[LabelledBox]:
    """The source's own boxes that mean a class, clipped to the picture."""
    meant = []
    for labelled in sample.boxes:
        name = entry.also.get(labelled.name) or source.category_of(labelled.name)
        box = labelled.box
        clipped = Box(max(box.left, 0.0), max(box.top, 0.0), min(box.right, 1.0), min(box.bottom, 1.0))
        if name is not None and name in classes and clipped.area > 0:
            meant.append(LabelledBox(name, clipped))
    return meant


def _new_ones(helpers: Sequence[LabelledBox], own: Sequence[LabelledBox]) -> list[LabelledBox]:
    return [one for one in helpers if not any(one.name == o.name and one.box.iou(o.box) >= SAME_IOU for o in own)]


def _lines(boxes: Sequence[LabelledBox], classes: Sequence[str]) -> str:
    lines = []
    for labelled in boxes:
        x, y = labelled.box.centre
        lines.append(
            f"{classes.index(labelled.name)} {x:.6f} {y:.6f} {labelled.box.width:.6f} {labelled.box.height:.6f}"
        )
    return "\n".join(lines)


def _write(place: Path, picture: Path, lines: str) -> None:
    for folder in ("images", "labels"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    (place / "images" / picture.name).symlink_to(picture.resolve())
    (place / "labels" / f"{picture.stem}.txt").write_text(lines, "utf-8")


def _taught(pictures: Sequence[Path], cache: Path, teach: Teach, watch: Watch) -> list[tuple[LabelledBox, ...]]:
    """The teacher's boxes, kept by the picture's content."""
    cache.mkdir(parents=True, exist_ok=True)
    kept = [cache / f"{hashlib.sha256(picture.read_bytes()).hexdigest()}.json" for picture in pictures]
    missing = [(picture, file) for picture, file in zip(pictures, kept, strict=True) if not file.exists()]
    done = len(pictures) - len(missing)
    for boxes, (_, file) in zip(teach([picture for picture, _ in missing]), missing, strict=True):
        rows = [[one.name, one.box.left, one.box.top, one.box.right, one.box.bottom] for one in boxes]
        file.write_text(json.dumps(rows), "utf-8")
        done += 1
        watch(done, len(pictures))
    return [tuple(LabelledBox(row[0], Box(*row[1:])) for row in json.loads(file.read_text("utf-8"))) for file in kept]


def _data_yaml(recipe: Recipe, out: Path, counts: Mapping[str, int], speaks: Mapping[str, frozenset[str]]) -> str:
    times = {entry.folder: entry.times for entry in recipe.sources}
    folders: dict[str, list[str]] = {TRAIN: [], VAL: []}
    for place in counts:
        source, split = place.split("/")
        folders[split] += [f"joined/{place}/images"] * (times[source] if split == TRAIN else 1)
    folders[VAL] = folders[VAL] or folders[TRAIN]  # ultralytics wants some, also where it validates nothing
    text: str = yaml.safe_dump(
        {
            "path": str(out.resolve()),
            **folders,
            "names": dict(enumerate(recipe.classes)),
            "speaks": {source: sorted(labelled) for source, labelled in speaks.items()},
            **({"canvas_height": recipe.canvas_height} if recipe.canvas_height else {}),
        },
        sort_keys=False,
    )
    return text


def teacher(network: Any, score: float, image_size: int) -> Teach:
    """A COCO network's opinion of people, vehicles and umbrellas."""

    def teach(pictures: Sequence[Path]) -> Iterable[tuple[LabelledBox, ...]]:
        for picture in pictures:
            seen = network.predict(picture, imgsz=image_size, conf=score, verbose=False)[0]
            use_threads()  # ultralytics falls back to one when it first predicts
            boxes = zip(seen.boxes.cls.tolist(), seen.boxes.xyxyn.tolist(), strict=True)
            named = [(TEACHER_TO_CLASS.get(seen.names[int(number)]), corners) for number, corners in boxes]
            yield tuple(LabelledBox(name, Box(*corners)) for name, corners in named if name in HELPER_CLASSES)

    return teach
