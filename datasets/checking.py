"""What is wrong with source folders, said by file."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path

from datasets.incoming import Size, picture_size
from datasets.likeness import ALIKE_BITS, HASH_BITS, Likeness, Print, alike_pairs, picture_print
from datasets.likeness_by_points import SOMEWHAT_ALIKE_BITS, of_one_place
from datasets.source import (
    LABELS,
    MODEL_CLASSES,
    SOURCE_FILE,
    USUAL_SPLITS,
    BrokenLine,
    LabelledBox,
    Source,
    box_lines,
    label_file_of,
    pictures,
    splits,
)
from pipeline.domain.errors import BadInput

OUTSIDE_PX = 1.0
"""Labels that reach over the edge by no more are rounding."""
TINY_PX = 4.0
ROUNDING_PX = 0.01
DOUBLE_IOU = 0.9


class Severity(StrEnum):
    error = "error"
    warning = "warning"
    information = "information"


class Kind(StrEnum):
    unreadable = "unreadable"
    broken_label = "broken_label"
    outside = "outside"
    leak = "leak"
    same_place = "same_place"
    tiny = "tiny"
    double = "double"
    unmapped = "unmapped"
    near_duplicate = "near_duplicate"
    no_labels = "no_labels"
    no_picture = "no_picture"


MEANING: Mapping[Kind, tuple[Severity, str]] = {
    Kind.unreadable: (Severity.error, "pictures that cannot be read"),
    Kind.broken_label: (Severity.error, "label lines that cannot be read"),
    Kind.outside: (Severity.error, "boxes that reach outside their picture"),
    Kind.leak: (Severity.error, "pictures that stand, as a copy, in another split too"),
    Kind.same_place: (
        Severity.error,
        "pictures that stand cropped or sheared, or of the same place, in another split too",
    ),
    Kind.tiny: (Severity.warning, f"boxes narrower or lower than {TINY_PX:g} px"),
    Kind.double: (Severity.warning, f"boxes drawn twice (same class, overlap over {DOUBLE_IOU:g})"),
    Kind.unmapped: (Severity.warning, "class names that mean neither a model class nor null"),
    Kind.near_duplicate: (Severity.warning, "pictures that their own split holds already, as a copy"),
    Kind.no_labels: (Severity.information, "pictures without a label file (they count as showing nothing)"),
    Kind.no_picture: (Severity.information, "label files without a picture (nobody reads them)"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    kind: Kind
    file: str
    reason: str

    @property
    def severity(self) -> Severity:
        return MEANING[self.kind][0]


@dataclass(frozen=True, slots=True)
class Report:
    pictures: Mapping[str, int]
    """By source and split, such as `taco/val`."""
    boxes: Mapping[str, int]
    """By source and class name."""
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        return all(problem.severity != Severity.error for problem in self.problems)

    def counts(self) -> dict[Kind, int]:
        """Of every kind, in the order of their weight; 0 where there is none."""
        found = Counter(problem.kind for problem in self.problems)
        return {kind: found[kind] for kind in Kind}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture stands."""

    source: Source
    split: str
    picture: Path


@dataclass(frozen=True, slots=True)
class Tracks:
    """What may draw progress: over the pictures, and over the pairs of a thorough look."""

    pictures: Callable[[Sequence[Place]], Iterable[Place]]
    pairs: Callable[[Sequence[Likeness]], Iterable[Likeness]]


QUIET = Tracks(iter, iter)


def check_sources(sources: Sequence[Source], tracks: Tracks = QUIET, thorough: bool = False) -> Report:
    """Leaks are looked for between the splits of all `sources` together. Raises BadInput where one has no picture.

    `thorough` compares somewhat alike pictures of different splits by their corner points too.
    """
    places = [place for source in sources for place in _places(source)]
    problems: list[Problem] = [problem for source in sources for problem in _of_source(source)]
    boxes: Counter[str] = Counter()
    seen: list[Place] = []
    prints: list[Print] = []
    for place in tracks.pictures(places):
        found = _entries(place)
        boxes.update(f"{place.source.name}/{entry.name}" for entry in found if isinstance(entry, LabelledBox))
        try:
            size = picture_size(place.picture)
            prints.append(picture_print(place.picture))
        except (OSError, ValueError) as error:
            problems.append(Problem(Kind.unreadable, str(place.picture), _first_line(error)))
            continue
        seen.append(place)
        problems += _of_labels(place, found, size)
    problems += _of_likeness(seen, alike_pairs(prints))
    if thorough:
        problems += _of_points(seen, prints, tracks)
    by_split = Counter(f"{place.source.name}/{place.split}" for place in places)
    order = list(Kind)
    ranked = sorted(problems, key=lambda problem: (order.index(problem.kind), problem.file))
    return Report(by_split, boxes, tuple(ranked))


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


def _places(source: Source) -> list[Place]:
    found = [Place(source, split, picture) for split in splits(source) for picture in pictures(source, split)]
    if not found:
        raise BadInput(f"{source.folder} holds no picture: they belong into {source.folder}/train/images")
    return found


def _of_source(source: Source) -> Iterator[Problem]:
    for name in source.unmapped():
        meant = source.categories.get(name)
        words = f"{name} is in no line of categories" if meant is None else f"{name}: {meant} is no model class"
        yield Problem(
            Kind.unmapped,
            str(source.folder / SOURCE_FILE),
            f"{words}; model classes are {', '.join(MODEL_CLASSES)}, or null for a hard negative",
        )
    for split in splits(source):
        stems = {picture.stem for picture in pictures(source, split)}
        for file in sorted((source.folder / split / LABELS).glob("*.txt")):
            if file.stem not in stems:
                yield Problem(Kind.no_picture, str(file), "no picture of this name")


def _entries(place: Place) -> list[LabelledBox | BrokenLine]:
    label_file = label_file_of(place.picture)
    return list(box_lines(label_file, place.source.names)) if label_file.exists() else []


def _of_labels(place: Place, entries: Sequence[LabelledBox | BrokenLine], size: Size) -> Iterator[Problem]:
    label_file = label_file_of(place.picture)
    if not label_file.exists():
        yield Problem(Kind.no_labels, str(place.picture), "no label file")
    boxes = [entry for entry in entries if isinstance(entry, LabelledBox)]
    for entry in entries:
        if isinstance(entry, BrokenLine):
            yield Problem(Kind.broken_label, f"{label_file} line {entry.line}", entry.reason)
    for box in boxes:
        yield from _of_box(label_file, box, size)
    for one, other in combinations(boxes, 2):
        if one.name == other.name and (overlap := one.box.iou(other.box)) > DOUBLE_IOU:
            words = f"two boxes of {one.name} overlap by {overlap:.2f} at {_where(one, size)}"
            yield Problem(Kind.double, str(label_file), words)


def _of_box(label_file: Path, labelled: LabelledBox, size: Size) -> Iterator[Problem]:
    box, (width, height) = labelled.box, size
    across, down = max(-box.left, box.right - 1) * width, max(-box.top, box.bottom - 1) * height
    words = f"{labelled.name} at {_where(labelled, size)}"
    if max(across, down) > OUTSIDE_PX:
        yield Problem(Kind.outside, str(label_file), f"{words} reaches {max(across, down):.0f} px outside")
    if min(box.width * width, box.height * height) < TINY_PX - ROUNDING_PX:
        yield Problem(Kind.tiny, str(label_file), f"{words} is {box.width * width:.1f}x{box.height * height:.1f} px")


def _where(labelled: LabelledBox, size: Size) -> str:
    """The middle of the box in pixels."""
    x, y = labelled.box.centre
    return f"({x * size[0]:.0f}, {y * size[1]:.0f})"


def _of_likeness(places: Sequence[Place], pairs: Iterable[Likeness]) -> Iterator[Problem]:
    """One line a picture: its nearest copy in an earlier split (a leak) or earlier in its own, and how many more."""
    by_picture: dict[tuple[Kind, int], list[Likeness]] = defaultdict(list)
    for pair in pairs:
        kind = Kind.near_duplicate if places[pair.first].split == places[pair.second].split else Kind.leak
        later = max(pair.first, pair.second, key=lambda index: (_rank(places[index].split), index))
        by_picture[kind, later].append(pair)
    for (kind, later), alike in by_picture.items():
        nearest = min(alike, key=lambda pair: pair.bits)
        other = places[nearest.first + nearest.second - later]
        turned = ", turned or mirrored" if nearest.form else ""
        more = f", and {len(alike) - 1} more" if len(alike) > 1 else ""
        reason = f"same picture as {other.picture}{turned} ({nearest.bits} of {HASH_BITS} bits differ){more}"
        yield Problem(kind, str(places[later].picture), reason)


def _of_points(places: Sequence[Place], prints: Sequence[Print], tracks: Tracks) -> Iterator[Problem]:
    """Pairs of different splits that the hash alone calls different."""
    pairs = [
        pair
        for pair in alike_pairs(prints, SOMEWHAT_ALIKE_BITS)
        if pair.bits > ALIKE_BITS and places[pair.first].split != places[pair.second].split
    ]
    for pair, points in of_one_place([place.picture for place in places], pairs, tracks.pairs):
        later = max(pair.first, pair.second, key=lambda index: (_rank(places[index].split), index))
        other = places[pair.first + pair.second - later]
        reason = f"same picture or place as {other.picture} ({points} points agree)"
        yield Problem(Kind.same_place, str(places[later].picture), reason)


def _rank(split: str) -> int:
    return USUAL_SPLITS.index(split) if split in USUAL_SPLITS else len(USUAL_SPLITS)
