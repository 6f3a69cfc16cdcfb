"""Source folders → the formats of others: YOLO by ourselves, COCO, Pascal VOC and CVAT by datumaro."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import yaml

from datasets.incoming import new_folder, picture_size
from datasets.source import IMAGES, LABELS, LabelledBox, Sample, Source, samples, splits, write_boxes
from pipeline.domain.errors import BadInput

ORIGIN_FILE = "ORIGIN.txt"
YOLO_FILE = "data.yaml"
NEEDED_BY_ULTRALYTICS = ("train", "val")


class ExportFormat(StrEnum):
    yolo = "yolo"
    coco = "coco"
    voc = "voc"
    cvat = "cvat"


DATUMARO_NAMES = {
    ExportFormat.coco: "coco_instances",
    ExportFormat.voc: "voc_detection",
    ExportFormat.cvat: "cvat",
}
Track = Callable[[Sequence[tuple[str, Sample]]], Iterable[tuple[str, Sample]]]


def export_source(source: Source, into: Path, format_: ExportFormat, track: Track = iter) -> int:
    """Writes every split with its pictures into the new folder `into`, whole or not at all; gives their number.

    Class names stay the source's own. Raises BadInput.
    """
    found = [(split, sample) for split in splits(source) for sample in samples(source, split)]
    if not found:
        raise BadInput(f"{source.folder} holds no picture")
    with new_folder(into) as folder:
        if format_ == ExportFormat.yolo:
            _export_yolo(source, folder, track(found))
        else:
            _export_by_datumaro(source, folder, DATUMARO_NAMES[format_], track(found))
        (folder / ORIGIN_FILE).write_text(_origin_text(source), "utf-8")
    return len(found)


def _origin_text(source: Source) -> str:
    means = "; ".join(f"{name} = {source.category_of(name) or 'nothing'}" for name in source.names)
    lines = (f"name: {source.name}", f"origin: {source.origin}", f"licence: {source.licence}", f"classes: {means}")
    return "\n".join([*lines, f"notes: {source.notes}", ""])


def _export_yolo(source: Source, folder: Path, found: Iterable[tuple[str, Sample]]) -> None:
    written: set[str] = set()
    for split, sample in found:
        target = folder / IMAGES / split / sample.picture.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample.picture, target)
        write_boxes(folder / LABELS / split / f"{sample.picture.stem}.txt", sample.boxes, source.names)
        written.add(split)
    places = {split: f"{IMAGES}/{split}" for split in splits(source) if split in written}
    table = {**places, "names": dict(enumerate(source.names)), "origin": source.origin, "licence": source.licence}
    (folder / YOLO_FILE).write_text(yaml.safe_dump(table, allow_unicode=True, sort_keys=False, width=120), "utf-8")


def _export_by_datumaro(source: Source, folder: Path, format_: str, found: Iterable[tuple[str, Sample]]) -> None:
    import datumaro  # noqa: PLC0415  # takes 1.7 s, with pandas and pyarrow

    names: set[str] = set()
    parts = []
    for split, sample in found:
        width, height = _size(sample)
        parts.append(
            datumaro.DatasetItem(
                id=_free_name(split, sample.picture.stem, names),
                subset=split,
                media=datumaro.Image.from_file(path=str(sample.picture), size=(height, width)),
                annotations=[
                    datumaro.Bbox(*_corner_and_size(box, width, height), label=source.names.index(box.name))
                    for box in sample.boxes
                ],
            )
        )
    dataset = datumaro.Dataset.from_iterable(parts, categories=list(source.names))
    dataset.export(str(folder), format_, save_media=True)


def _size(sample: Sample) -> tuple[int, int]:
    try:
        return picture_size(sample.picture)
    except ValueError as error:
        raise BadInput(f"{sample.picture}: {error}; ./patrol dataset check lists all such") from None


def _corner_and_size(labelled: LabelledBox, width: int, height: int) -> tuple[float, float, float, float]:
    """Left, top, width, height in pixels."""
    box = labelled.box
    return box.left * width, box.top * height, box.width * width, box.height * height


def _free_name(split: str, stem: str, names: set[str]) -> str:
    """These formats put all splits into one folder: names that two splits bear get the split before them."""
    name, count = stem, 1
    while name in names:
        name = f"{split}_{stem}" if count == 1 else f"{split}_{stem}_{count}"
        count += 1
    names.add(name)
    return name
