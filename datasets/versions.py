"""Frozen dataset versions: lessons from judged frames as source folders, named by the hash of what they teach.

A version is a folder `<hash12>` that holds a source folder for each set of categories its samples speak of, a manifest
with a line a sample, and `version.yaml`. The hash is over frames, places, labels and splits, not over encoded pictures:
the same verdicts give the same name on any machine, in whatever order they come.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datasets.judged import Lesson, within
from datasets.lesson_pictures import Drawn, Tick, drawn_lessons, sides
from datasets.likeness import alike_pairs
from datasets.source import CATEGORY_CODES, IMAGES, Source, label_file_of, write_boxes, write_source
from datasets.splitting import HOLD_OUT_SHARE, TRAIN, Taken, joined, split_of
from pipeline.domain.errors import BadInput
from pipeline.domain.label import JudgedFrame, SampleRow
from pipeline.domain.review import Teaches

FORMAT = 1
"""Part of the hash: goes up whenever the same verdicts would give other pictures."""
HASH_LENGTH = 12
SAME_PLACE = 0.5
"""Samples that look alike and whose boxes overlap so much show one thing."""
ALL_CATEGORIES = "town_all"
MANIFEST, VERSION_FILE = "manifest.jsonl", "version.yaml"
PART = "being_frozen.part"


@dataclass(frozen=True, slots=True)
class FreezeTerms:
    hold_out_share: float = HOLD_OUT_SHARE
    most_of_a_scene: int = 3
    """Samples that show the same thing at the same place: more would only weigh heavier."""
    background_share: float = 0.1
    """Of all samples: frames on which nothing was ever found."""
    categories: tuple[str, ...] = CATEGORY_CODES


@dataclass(frozen=True, slots=True)
class FrozenVersion:
    hash: str
    folder: Path
    counts: Mapping[str, object]
    rows: tuple[SampleRow, ...]

    @property
    def hash12(self) -> str:
        return self.hash[:HASH_LENGTH]

    @property
    def sources(self) -> tuple[Path, ...]:
        return version_sources(self.folder)


def version_sources(folder: Path) -> tuple[Path, ...]:
    """The source folders of a frozen version."""
    return tuple(sorted(path.parent for path in folder.glob("*/source.yaml")))


def freeze(
    frames: Iterable[JudgedFrame],
    picture: Callable[[str], bytes],
    out: Path,
    terms: FreezeTerms = FreezeTerms(),  # frozen
    tick: Tick = lambda done, of: None,
) -> FrozenVersion:
    """Write the version of these frames below `out`, or find it there. `picture` gives a stored frame's JPEG.

    Frames whose picture is gone are left out. Only one at a time below one `out`; what a killed one left is cleared
    away. Raises BadInput where nothing is left to learn from.
    """
    part = out / PART
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        drawn = drawn_lessons(sorted(frames, key=lambda frame: frame.image), picture, part, tick)
        kept = _kept(drawn, terms)
        if not kept:
            raise BadInput("no verdict teaches anything yet: review some tickets first")
        splits = split_of([_taken(one, scene) for one, scene in kept], terms.hold_out_share)
        samples = [(one, scene, split) for (one, scene), split in zip(kept, splits, strict=True)]
        digest = _digest_of(((one.key, split) for one, _, split in samples), terms.categories)
        folder = out / digest[:HASH_LENGTH]
        rows = tuple(row for one, _, split in samples for row in _rows(one, split))
        told = [_told(one, scene, split, terms) for one, scene, split in samples]
        counts = _counts_of(told)
        if not (folder / VERSION_FILE).exists():
            _write(part / "whole", samples, told, terms)
            _name(part / "whole", digest, counts, terms.categories)
            shutil.rmtree(folder, ignore_errors=True)
            (part / "whole").rename(folder)
        return FrozenVersion(digest, folder, counts, rows)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _kept(drawn: Sequence[Drawn], terms: FreezeTerms) -> list[tuple[Drawn, int]]:
    """With the number of their scene: no more of one thing, and no more backgrounds, than the terms say."""
    scenes = _scenes(drawn)
    order = sorted(range(len(drawn)), key=lambda number: drawn[number].key)
    things: dict[int, list[Drawn]] = {}
    chosen: list[tuple[Drawn, int]] = []
    backgrounds: list[tuple[Drawn, int]] = []
    for number in order:
        one, scene = drawn[number], scenes[number]
        same = [other for other in things.get(scene, ()) if _same_thing(one.lesson, other.lesson)]
        if len(same) >= terms.most_of_a_scene:
            continue
        things.setdefault(scene, []).append(one)
        plain = one.lesson.teaches is Teaches.nothing
        (backgrounds if plain else chosen).append((one, scene))
    room = round(len(chosen) * terms.background_share / (1 - terms.background_share))
    return [*chosen, *backgrounds[: max(room, 1)]]


def _scenes(drawn: Sequence[Drawn]) -> list[int]:
    """A number for each: of one camera, and alike."""
    pairs = alike_pairs([one.print for one in drawn])
    camera = [one.lesson.frame.camera_id for one in drawn]
    alike = [(pair.first, pair.second) for pair in pairs if camera[pair.first] == camera[pair.second]]
    links = [(number, place) for place, pair in enumerate(alike) for number in pair]
    together = joined(range(len(drawn)), links)
    return [together[number] for number in range(len(drawn))]


def _same_thing(one: Lesson, other: Lesson) -> bool:
    """Both teach the same of the same places."""
    mine, theirs = one.rests_on, other.rests_on
    if one.speaks != other.speaks or len(mine) != len(theirs):
        return False
    return all(
        any(
            box.category == their.category and box.teaches is their.teaches and box.box.iou(their.box) >= SAME_PLACE
            for their in theirs
        )
        for box in mine
    )


def _taken(one: Drawn, scene: int) -> Taken:
    return Taken(one.lesson.frame.camera_id, one.lesson.frame.at, scene)


def _digest_of(samples: Iterable[tuple[str, str]], categories: Sequence[str]) -> str:
    """Of samples by name and split."""
    lines = sorted(f"{key} {split}" for key, split in samples)
    return hashlib.sha256("\n".join([f"format {FORMAT}", *sorted(categories), *lines]).encode()).hexdigest()


def _rows(one: Drawn, split: str) -> list[SampleRow]:
    frame, lesson = one.lesson.frame, one.lesson
    if not lesson.rests_on:
        return [SampleRow(one.key, 0, None, frame.image, frame.view_id, split, Teaches.nothing, None)]
    return [
        SampleRow(one.key, box.verdict_id, box.number, frame.image, frame.view_id, split, box.teaches, box.category)
        for box in lesson.rests_on
    ]


def _counts_of(told: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Of the manifest's lines."""
    positives: Counter[str] = Counter()
    negatives: Counter[str] = Counter()
    for line in told:
        for verdict in line["verdicts"]:
            counted = positives if verdict["teaches"] == Teaches.positive else negatives
            counted[f"{line['split']}/{verdict['category']}"] += 1
    return {
        "samples": dict(sorted(Counter(line["split"] for line in told).items())),
        "scenes": len({line["scene"] for line in told}),
        "backgrounds": sum(line["teaches"] == Teaches.nothing for line in told),
        "positives": dict(sorted(positives.items())),
        "negatives": dict(sorted(negatives.items())),
    }


def _write(
    folder: Path, samples: Sequence[tuple[Drawn, int, str]], told: Sequence[Mapping[str, Any]], terms: FreezeTerms
) -> None:
    folder.mkdir()
    for (one, _, _), line in zip(samples, told, strict=True):
        picture = folder / line["file"]
        picture.parent.mkdir(parents=True, exist_ok=True)
        one.picture.rename(picture)
        write_boxes(label_file_of(picture), one.lesson.boxes, terms.categories)
    for speaks in {one.lesson.speaks for one, _, _ in samples}:
        _write_source(folder / source_name(speaks, terms.categories), speaks, terms)
    _write_manifest(folder, told)


def _write_manifest(folder: Path, told: Sequence[Mapping[str, Any]]) -> None:
    lines = sorted(json.dumps(line, ensure_ascii=False) for line in told)
    (folder / MANIFEST).write_text("\n".join(lines) + "\n", "utf-8")


def _name(folder: Path, digest: str, counts: Mapping[str, object], categories: Sequence[str]) -> None:
    """The last file of a version: without it there is none."""
    told = {"hash": digest, "format": FORMAT, "categories": list(categories), "counts": dict(counts)}
    (folder / VERSION_FILE).write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True), "utf-8")


def source_name(speaks: frozenset[str], categories: Sequence[str]) -> str:
    return ALL_CATEGORIES if speaks >= set(categories) else f"town_{'_'.join(sorted(speaks))}"


def _write_source(folder: Path, speaks: frozenset[str], terms: FreezeTerms) -> None:
    (folder / TRAIN / IMAGES).mkdir(parents=True, exist_ok=True)
    names = terms.categories
    meant = {name: name for name in names}
    notes = f"frozen; manifest.jsonl says whence. Labelled is all there is of {', '.join(sorted(speaks))}, nothing else"
    told = ("the town's own frames: not to be passed on", "verdicts of reviewers", notes)
    write_source(folder, Source(folder, folder.name, *told, names, meant, speaks))


def _told(one: Drawn, scene: int, split: str, terms: FreezeTerms) -> dict[str, Any]:
    """One line of the manifest: from a sample to its tickets, verdicts, reviewers and frame."""
    frame, source = one.lesson.frame, source_name(one.lesson.speaks, terms.categories)
    return {
        "sample": one.key, "file": f"{source}/{split}/{IMAGES}/{one.key[:16]}.jpg", "frame": frame.image,
        "view": frame.view_id, "camera": frame.camera_id, "at": frame.at.isoformat(), "week": _taken(one, scene).week,
        "split": split, "scene": scene, "teaches": one.lesson.teaches.value, "speaks": sorted(one.lesson.speaks),
        "verdicts": [
            {"id": box.verdict_id, "ticket": box.number, "who": box.who, "reason": box.reason,
             "teaches": box.teaches.value, "category": box.category,
             "place": sides(within(box.box, one.lesson.window))}
            for box in one.lesson.rests_on
        ],
    }  # fmt: skip


def without_views(folder: Path, view_ids: Collection[int]) -> FrozenVersion | None:
    """The version anew, without what was cut from frames of these views; None where nothing is left of it.

    Rows are not given anew. The old folder stays until the caller drops it: a kill in between loses nothing.
    """
    told = yaml.safe_load((folder / VERSION_FILE).read_text("utf-8"))
    lines = [json.loads(line) for line in (folder / MANIFEST).read_text("utf-8").splitlines()]
    kept = [line for line in lines if line["view"] not in view_ids]
    if not kept:
        return None
    digest = _digest_of(((line["sample"], line["split"]) for line in kept), told["categories"])
    counts, new = _counts_of(kept), folder.parent / digest[:HASH_LENGTH]
    if not (new / VERSION_FILE).exists():
        part = folder.parent / PART
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(folder, part)
        for line in lines:
            if line["view"] in view_ids:
                (part / line["file"]).unlink()
                label_file_of(part / line["file"]).unlink()
        _write_manifest(part, kept)
        _name(part, digest, counts, tuple(told["categories"]))
        shutil.rmtree(new, ignore_errors=True)
        part.rename(new)
    return FrozenVersion(digest, new, counts, ())
