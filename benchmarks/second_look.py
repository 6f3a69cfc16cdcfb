"""What the second look is worth: false alarms at the same recall with and without it, and what it costs.

    python -m benchmarks.second_look --weights W.pt --data SOURCE [SOURCE …] [--split val] [--category illegal_ad]
    python -m benchmarks.second_look --data SOURCE …

Each SOURCE is a folder with `source.yaml`. With weights, their boxes are looked at again. Without, the labelled boxes
stand in for them: those of the category as right ones, those of hard negatives (signboards, doors, windows …) and bare
places as false ones, with scores drawn at random that know nothing of what is in a box: what is gained then is due to
the second look alone, and is no forecast of what real weights gain.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from datasets.source import Sample, Source, read_source, samples
from models.opening import open_file
from models.second_look import LEGIBLE_PX, SecondLook
from models.text_reader import RapidReader, TextReader
from pipeline.adapters.picture import Bgr, Picture
from pipeline.domain.camera import SourceKind
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.frame import Frame
from pipeline.domain.geometry import Box
from pipeline.domain.second_look import TextLine, ad_evidence
from pipeline.ports import Detector

SAME_IOU = 0.5
FAINT = 0.05
ASKED_FROM = 0.11
"""A quarter of the usual threshold, as in a patrol."""
RECALLS = (0.5, 0.6, 0.7, 0.8, 0.9)
SCORES_RIGHT, SCORES_FALSE = (4.0, 3.0), (3.0, 4.0)
"""Beta distributions of the scores that are drawn where there are no weights."""
MOST_FALSE, BARE_PLACES = 6, 2
"""Stand-ins for false boxes a picture: labelled hard negatives, and random places."""


@dataclass
class Timed:
    """Port TextReader that counts and times what it reads."""

    inner: TextReader
    reads_s: list[float] = field(default_factory=list)
    last: Sequence[TextLine] = ()

    def read(self, crop: Bgr) -> Sequence[TextLine]:
        begun = time.perf_counter()
        self.last = self.inner.read(crop)
        self.reads_s.append(time.perf_counter() - begun)
        return self.last


@dataclass(frozen=True, slots=True)
class Judged:
    """One box, and which labelled thing it is, if any."""

    thing: tuple[int, int] | None
    before: float
    after: float


@dataclass
class Told:
    """What the second look told of right and of false boxes."""

    right: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    boxes: Counter[bool] = field(default_factory=Counter)


def candidates(
    frame: Frame, source: Source, sample: Sample, category: str, detector: Detector | None, rng: np.random.Generator
) -> list[Detection]:
    if detector is not None:
        return [box for found_by in Pass for box in detector.detect([frame], found_by, FAINT)[0]]
    right = [one.box for one in sample.boxes if source.category_of(one.name) == category]
    wrong = [one.box for one in sample.boxes if source.category_of(one.name) is None]
    rng.shuffle(wrong)
    bare = [_somewhere(rng) for _ in range(BARE_PLACES)]
    wrong = [
        box
        for box in [*wrong[:MOST_FALSE], *bare]
        if box.covered_by(right) == 0 and max(map(box.iou, right), default=0) == 0
    ]
    drawn = [(box, rng.beta(*SCORES_RIGHT)) for box in right] + [(box, rng.beta(*SCORES_FALSE)) for box in wrong]
    return [Detection(box, category, float(score), Pass.fine, "drawn") for box, score in drawn]


def _somewhere(rng: np.random.Generator) -> Box:
    width, height = rng.uniform(0.05, 0.2), rng.uniform(0.05, 0.2)
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 0.8 - height)
    return Box(left, top, left + width, top + height)


def judged(
    number: int, boxes: Sequence[Detection], after: Sequence[Detection], truths: Sequence[Box], category: str
) -> Iterator[Judged]:
    for one, again in zip(boxes, after, strict=True):
        if one.category == category:
            best = max(range(len(truths)), key=lambda place: one.box.iou(truths[place]), default=None)
            same = best is not None and one.box.iou(truths[best]) >= SAME_IOU
            yield Judged((number, best) if same and best is not None else None, one.score, again.score)


def false_at(all_judged: Sequence[Judged], things: int, recall: float, after: bool) -> int | None:
    """False alarms once so many of the things are found; None where they never are."""
    found, false = set[tuple[int, int]](), 0
    for one in sorted(all_judged, key=lambda one: -(one.after if after else one.before)):
        if one.thing is None:
            false += 1
        else:
            found.add(one.thing)
        if len(found) >= recall * things:
            return false
    return None


def recall_at(all_judged: Sequence[Judged], things: int, threshold: float) -> float:
    return len({one.thing for one in all_judged if one.thing and one.before >= threshold}) / max(things, 1)


def measured(options: argparse.Namespace, detector: Detector | None) -> dict[str, object]:
    cv2.setNumThreads(1)
    reader = Timed(RapidReader())
    look, rng = SecondLook(reader, most_reads=options.reads), np.random.default_rng(options.seed)
    all_judged: list[Judged] = []
    told, things, pictures = Told(), 0, 0
    for folder in options.data:
        source = read_source(folder)
        for sample in samples(source, options.split)[: options.most]:
            pictures += 1
            frame = _frame(sample.picture)
            truths = [one.box for one in sample.boxes if source.category_of(one.name) == options.category]
            things += len(truths)
            boxes = candidates(frame, source, sample, options.category, detector, rng)
            after = _again(look, frame, boxes)
            fresh = list(judged(pictures, boxes, after, truths, options.category))
            all_judged += fresh
            if options.evidence:
                _note(told, frame, boxes, fresh, reader)
    return _figures(all_judged, things, pictures, (reader, told, options))


def _again(look: SecondLook, frame: Frame, boxes: Sequence[Detection]) -> list[Detection]:
    asked = [place for place, box in enumerate(boxes) if box.score >= ASKED_FROM]
    reviewed = look.review(frame, [boxes[place] for place in asked])
    after = list(boxes)
    for place, box in zip(asked, reviewed, strict=True):
        after[place] = box
    return after


def _note(told: Told, frame: Frame, boxes: Sequence[Detection], fresh: Sequence[Judged], reader: Timed) -> None:
    """Evidence of each box by itself, whatever its score."""
    for box, one in zip(boxes, fresh, strict=True):
        reader.last = ()
        SecondLook(reader).review(frame, [replace(box, score=0.5)])
        width, height = box.box.width * frame.width, box.box.height * frame.height
        evidence = ad_evidence(reader.last, box.box, width / height, min(width, height) * 1.2 >= LEGIBLE_PX)
        told.boxes[one.thing is not None] += 1
        (told.right if one.thing else told.false).update(evidence)


def _figures(
    all_judged: Sequence[Judged], things: int, pictures: int, beside: tuple[Timed, Told, argparse.Namespace]
) -> dict[str, object]:
    reader, told, options = beside
    working = recall_at(all_judged, things, options.threshold)
    rows = []
    for recall in (working, *RECALLS):
        before, after = (false_at(all_judged, things, recall, second) for second in (False, True))
        rows.append({"recall": recall, "false_before": before, "false_after": after})
    reads = np.array(reader.reads_s or [0.0])
    return {
        "category": options.category, "pictures": pictures, "things": things, "boxes": len(all_judged),
        "at_working_threshold": rows[0], "by_recall": rows[1:], "reads": len(reader.reads_s),
        "ms_a_read": float(np.median(reads) * 1e3),
        "told_of_right": {kind: count / told.boxes[True] for kind, count in told.right.items()},
        "told_of_false": {kind: count / told.boxes[False] for kind, count in told.false.items()},
    }  # fmt: skip


def _frame(path: Path) -> Frame:
    picture, at = Picture.from_bytes(path.read_bytes()), datetime(2026, 1, 1, tzinfo=UTC)
    return Frame(picture, picture.width, picture.height, at, at, SourceKind.replay)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--category", default="illegal_ad")
    parser.add_argument("--threshold", type=float, default=0.45)
    parser.add_argument("--most", type=int, help="pictures a source")
    parser.add_argument("--reads", type=int, default=3, help="boxes of a frame that are read")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--evidence", action="store_true", help="print what was told of right and of false boxes")
    options = parser.parse_args()
    with TemporaryDirectory() as scratch:
        detector = open_file(options.weights, None, None, Path(scratch)).detector if options.weights else None
        figures = measured(options, detector)
    for name, value in figures.items():
        print(f"{name:>22}  {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
