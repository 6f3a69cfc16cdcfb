"""Frozen versions: the same verdicts, the same name; what may not be learned is not in the pictures."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest

from datasets.lesson_pictures import PAINT
from datasets.source import read_source, samples
from datasets.splitting import Taken, split_of
from datasets.versions import MANIFEST, FreezeTerms, freeze, version_sources, without_views
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.geometry import Box
from pipeline.domain.label import JudgedBox, JudgedFrame
from pipeline.domain.review import DEFAULT_REASONS, Teaches
from tests.builders import START

EVERYTHING = frozenset({"litter", "street_business", "charging_cable", "illegal_ad"})
TEACHES = {reason.code: reason.teaches for reason in DEFAULT_REASONS}


def picture(image: str) -> bytes:
    """A scene of its own for each name: large coloured fields by chance."""
    chance = np.random.default_rng(sum(image.encode()) * 7919 + len(image))
    fields = chance.integers(0, 255, (6, 8, 3), np.uint8)
    pixels = cv2.resize(fields, (640, 384), interpolation=cv2.INTER_NEAREST)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def judged(
    number: int, teaches: Teaches = Teaches.positive, camera: int | None = None, whole: bool = True
) -> JudgedFrame:
    box = JudgedBox("litter", Box(0.3, 0.3, 0.5, 0.5), teaches, number, f"XJ-{number}", "王", None)
    of = number % 7 if camera is None else camera
    at = START + timedelta(days=number)
    return JudgedFrame(f"image{number}", of, of, at, (box,), (), EVERYTHING if whole else frozenset())


def test_the_same_verdicts_give_the_same_name_in_whatever_order_they_come(tmp_path: Path) -> None:
    frames = [judged(number, whole=number % 2 == 0) for number in range(30)]
    first = freeze(frames, picture, tmp_path / "a")
    Random(3).shuffle(frames)
    again = freeze(frames, picture, tmp_path / "b")
    assert again.hash == first.hash
    assert (again.folder / MANIFEST).read_bytes() == (first.folder / MANIFEST).read_bytes()
    assert freeze(frames[1:], picture, tmp_path / "a").hash != first.hash


def test_fifty_dismissals_as_licensed_stall_add_no_negative(tmp_path: Path) -> None:
    frames = [judged(number, TEACHES["licensed_stall"]) for number in range(50)]
    frames += [judged(100 + number, TEACHES["permitted_works"], whole=False) for number in range(5)]
    frames += [judged(200, TEACHES["wet_ground"])]
    counts = freeze(frames, picture, tmp_path).counts
    assert sum(counts["negatives"].values()) == 1  # type: ignore[attr-defined]  # a table of counts
    assert sum(counts["positives"].values()) == 50  # type: ignore[attr-defined]


def test_what_nobody_judged_is_painted_over(tmp_path: Path) -> None:
    frozen = freeze([judged(1, Teaches.negative, whole=False)], picture, tmp_path, FreezeTerms(hold_out_share=0))
    (source,) = (read_source(folder) for folder in frozen.sources)
    (sample,) = samples(source, "train")
    pixels = cv2.imread(str(sample.picture))
    assert pixels is not None
    assert sample.boxes == () and source.labelled == {"litter"}
    rows, columns = np.nonzero(np.abs(pixels.astype(int) - PAINT).max(axis=2) > 12)
    shown = (columns.min() / 640, rows.min() / 384, columns.max() / 640, rows.max() / 384)
    assert shown == pytest.approx((0.25, 0.25, 0.55, 0.55), abs=0.02)


def test_copies_of_one_scene_weigh_no_more_and_never_lie_in_two_splits(tmp_path: Path) -> None:
    same = picture("one")
    frames = [judged(number, camera=number % 2) for number in range(20)]
    frozen = freeze(frames, lambda image: same if int(image[5:]) % 2 else picture(image), tmp_path)
    lines = [json.loads(line) for line in (frozen.folder / MANIFEST).read_text().splitlines()]
    copies = [line for line in lines if line["camera"] == 1]
    assert len(copies) == FreezeTerms().most_of_a_scene
    assert len({line["split"] for line in copies}) == 1


def test_groups_stay_where_they_are_as_more_come() -> None:
    taken = [
        Taken(camera, START + timedelta(weeks=week), camera * 100 + week)
        for camera, week in product(range(40), range(6))
    ]
    few, many = split_of(taken[:120]), split_of(taken)
    assert few == many[:120]
    assert 0.05 < many.count("val") / len(many) < 0.3
    held = {one.camera_id for one, split in zip(taken, many, strict=True) if split == "val"}
    learned = {one.camera_id for one, split in zip(taken, many, strict=True) if split == "train"}
    assert held - learned and held & learned


def test_two_things_of_one_scene_both_stay(tmp_path: Path) -> None:
    same, frames = picture("one"), [judged(number, camera=1) for number in range(8)]
    moved = Box(0.7, 0.7, 0.8, 0.8)
    frames += [
        replace(one, image=f"{one.image}b", boxes=(replace(one.boxes[0], box=moved, verdict_id=50 + number),))
        for number, one in enumerate(frames)
    ]
    frozen = freeze(frames, lambda image: same, tmp_path)
    assert len(frozen.rows) == 2 * FreezeTerms().most_of_a_scene
    assert frozen.counts["scenes"] == 1


def test_a_category_of_the_town_itself_is_spoken_of_too(tmp_path: Path) -> None:
    own = (*sorted(EVERYTHING), "open_manhole")
    frame = replace(judged(1), looked_for=frozenset({"litter", "open_manhole"}))
    (folder,) = freeze([frame], picture, tmp_path, FreezeTerms(hold_out_share=0, categories=own)).sources
    assert read_source(folder).labelled == {"litter", "open_manhole"}


def test_empty_frames_are_about_a_tenth(tmp_path: Path) -> None:
    frames = [judged(number) for number in range(27)]
    frames += [JudgedFrame(f"empty{number}", number % 5, number % 5, START, (), (), EVERYTHING) for number in range(30)]
    assert freeze(frames, picture, tmp_path).counts["backgrounds"] == 3


def test_a_forgotten_view_leaves_no_picture_and_the_name_changes(tmp_path: Path) -> None:
    frozen = freeze([judged(number) for number in range(20)], picture, tmp_path)
    left = without_views(frozen.folder, {3})
    assert left is not None and left.hash != frozen.hash
    assert '"view": 3' not in (left.folder / MANIFEST).read_text()
    there = {sample.picture.name for folder in version_sources(left.folder) for split in ("train", "val")
             if (folder / split).exists() for sample in samples(read_source(folder), split)}  # fmt: skip
    assert there == {Path(json.loads(line)["file"]).name for line in (left.folder / MANIFEST).read_text().splitlines()}
    as_if_never = freeze([judged(number) for number in range(20) if number % 7 != 3], picture, tmp_path / "other")
    assert as_if_never.hash == left.hash


def test_pictures_that_are_gone_are_left_out_and_nothing_is_no_version(tmp_path: Path) -> None:
    def gone(image: str) -> bytes:
        raise NotFound(image)

    with pytest.raises(BadInput, match="review some tickets first"):
        freeze([judged(1)], gone, tmp_path)
    assert list(tmp_path.iterdir()) == []
