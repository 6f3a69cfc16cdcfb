"""How many heads and plates the redactor covers, how much of the frame that costs, and how long it takes.

`python benchmarks/redaction.py [--shared FOLDER] [--weights FILE.pt]`: boxes by eye (redaction_labels.json) on frames
of two fixed cameras and on street pictures; a box is covered when 60 % of its area is blurred. Prints a table, then
one JSON object; its figures are of the fine pass unless their name says `fast`. Where heads and plates lie in a box was
chosen on the same pictures, so a new place will do somewhat worse.
"""

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import cv2
import numpy as np
import typer
import yaml
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from models.detector import OpenVinoDetector  # noqa: E402
from models.registry import Registry  # noqa: E402
from pipeline.adapters.picture import Picture, encode_jpeg  # noqa: E402
from pipeline.adapters.redactor import (  # noqa: E402
    HELPER_SCORE,
    HeadAndPlateRedactor,
    hidden_regions,
    pixel_regions,
)
from pipeline.domain.camera import SourceKind  # noqa: E402
from pipeline.domain.detection import Detection, Pass  # noqa: E402
from pipeline.domain.frame import Frame  # noqa: E402

LABELS = Path(__file__).with_name("redaction_labels.json")
KINDS = ("heads", "plates")
COVERED_SHARE = 0.6
NORMAL_95 = 1.96
SNAPSHOT_QUALITY = 95
LITTER_NAMES = ("garbage", "overflow")
MOSTLY = 0.5


@dataclass
class Tally:
    """What one pass covered: [covered, all] by kind and source, and sums over pictures."""

    boxes: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    blurred_shares: list[float] = field(default_factory=list)
    litter_blurred: list[float] = field(default_factory=list)
    detect_ms: list[float] = field(default_factory=list)
    redact_ms: list[float] = field(default_factory=list)
    small_ms: list[float] = field(default_factory=list)

    def of(self, *kinds: str) -> tuple[int, int]:
        chosen = [counts for (kind, _), counts in self.boxes.items() if kind in kinds]
        return sum(covered for covered, _ in chosen), sum(count for _, count in chosen)


def wilson(covered: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson's score interval)."""
    if not count:
        return 0.0, 1.0
    share, square = covered / count, NORMAL_95**2
    centre = share + square / (2 * count)
    reach = NORMAL_95 * sqrt(share * (1 - share) / count + square / (4 * count**2))
    return (centre - reach) / (1 + square / count), (centre + reach) / (1 + square / count)


def read_frame(shared: Path, entry: dict[str, Any]) -> Frame:
    path = shared / entry["picture"]
    if "frame" in entry:
        video = cv2.VideoCapture(str(path))
        video.set(cv2.CAP_PROP_POS_FRAMES, entry["frame"])
        _, pixels = video.read()
        video.release()
        content = encode_jpeg(np.asarray(pixels, np.uint8), SNAPSHOT_QUALITY)
    else:
        content = path.read_bytes()
    picture = Picture.from_bytes(content)
    now = datetime.now(UTC)
    return Frame(picture, picture.width, picture.height, now, now, SourceKind.replay)


def fresh(frame: Frame) -> Frame:
    """The same frame, not yet decoded."""
    assert isinstance(frame.pixels, Picture) and frame.pixels.jpeg is not None
    picture = Picture.from_bytes(frame.pixels.jpeg)
    return Frame(picture, frame.width, frame.height, frame.at, frame.received_at, frame.source_kind)


def blurred_mask(frame: Frame, helpers: tuple[Detection, ...]) -> NDArray[np.bool_]:
    mask = np.zeros((frame.height, frame.width), np.bool_)
    regions = hidden_regions(helpers, frame.width / frame.height)
    for rows, columns in pixel_regions(regions, frame.width, frame.height):
        mask[rows, columns] = True
    return mask


def share_inside(mask: NDArray[np.bool_], corners: list[float]) -> float:
    left, top, right, bottom = (round(value) for value in corners)
    inside = mask[max(0, top) : bottom, max(0, left) : right]
    return float(inside.mean()) if inside.size else 0.0


def litter_boxes(shared: Path, entry: dict[str, Any], frame: Frame) -> list[list[float]]:
    """The source's own litter boxes of a picture, in pixels."""
    path = shared / entry["picture"]
    label_file = path.parent.parent / "labels" / f"{path.stem}.txt"
    source_file = path.parent.parent.parent / "source.yaml"
    if not label_file.is_file() or not source_file.is_file():
        return []
    names = yaml.safe_load(source_file.read_text(encoding="utf-8"))["names"]
    rows = [line.split() for line in label_file.read_text(encoding="utf-8").splitlines() if line.strip()]
    chosen = [[float(value) for value in row[1:5]] for row in rows if names[int(row[0])] in LITTER_NAMES]
    wide, high = frame.width, frame.height
    return [[(x - w / 2) * wide, (y - h / 2) * high, (x + w / 2) * wide, (y + h / 2) * high] for x, y, w, h in chosen]


def measure(shared: Path, entries: list[dict[str, Any]], detector: OpenVinoDetector, found_by: Pass) -> Tally:
    tally, redactor = Tally(), HeadAndPlateRedactor()
    for entry in entries:
        frame = read_frame(shared, entry)
        started = time.process_time()
        helpers = detector.detect([frame], found_by, HELPER_SCORE)[0]
        detected = time.process_time()
        redactor.redact(fresh(frame), helpers)
        redacted = time.process_time()
        redactor.redact_small(fresh(frame), helpers)
        tally.small_ms.append(1000 * (time.process_time() - redacted))
        tally.redact_ms.append(1000 * (redacted - detected))
        tally.detect_ms.append(1000 * (detected - started))
        mask = blurred_mask(frame, helpers)
        tally.blurred_shares.append(float(mask.mean()))
        tally.litter_blurred += [share_inside(mask, corners) for corners in litter_boxes(shared, entry, frame)]
        for kind in KINDS:
            counts = tally.boxes.setdefault((kind, source_of(entry)), [0, 0])
            shares = [share_inside(mask, corners) for corners in entry[kind]]
            counts[0] += sum(share >= COVERED_SHARE for share in shares)
            counts[1] += len(shares)
    return tally


def source_of(entry: dict[str, Any]) -> str:
    first, second = str(entry["picture"]).split("/")[:2]
    return second if first == "video" else first


def print_rows(found_by: Pass, tally: Tally) -> None:
    totals = {(kind, "all"): list(tally.of(kind)) for kind in KINDS} | {("both", "all"): list(tally.of(*KINDS))}
    for (kind, source), (covered, count) in sorted(tally.boxes.items()) + list(totals.items()):
        if count:
            low, high = wilson(covered, count)
            print(
                f"{found_by:<5} {kind:<7} {source:<18} {covered:>4}/{count:<4}"
                f" {covered / count:6.1%}  ({low:.1%} to {high:.1%})"
            )
    hidden = sum(share > MOSTLY for share in tally.litter_blurred)
    detect, redact, small = (np.mean(ms) for ms in (tally.detect_ms, tally.redact_ms, tally.small_ms))
    count = len(tally.litter_blurred)
    print(
        f"{found_by:<5} blurred: {np.mean(tally.blurred_shares):.1%} of the frame (median "
        f"{np.median(tally.blurred_shares):.1%}), {np.mean(tally.litter_blurred):.1%} of litter boxes ({hidden} of "
        f"{count} by more than half); CPU ms: detect {detect:.1f}, redact {redact:.1f}, small {small:.1f}"
    )


def summary(weights: str, fast: Tally, fine: Tally) -> dict[str, Any]:
    def share(tally: Tally, *kinds: str) -> float:
        covered, count = tally.of(*kinds)
        return round(covered / count, 4) if count else 0.0

    counts = Counter({kind: fine.of(kind)[1] for kind in KINDS})
    low, high = wilson(*fine.of(*KINDS))
    return {
        "covered_share": share(fine, *KINDS),
        "interval": [round(low, 4), round(high, 4)],
        "heads": share(fine, "heads"),
        "plates": share(fine, "plates"),
        "boxes": counts.total(),
        "head_boxes": counts["heads"],
        "plate_boxes": counts["plates"],
        "blurred_share_of_frame": round(float(np.mean(fine.blurred_shares)), 4),
        "litter_blurred_share": round(float(np.mean(fine.litter_blurred)), 4) if fine.litter_blurred else None,
        "ms_per_frame": round(float(np.mean(fine.redact_ms)), 2),
        "small_ms_per_frame": round(float(np.mean(fine.small_ms)), 2),
        "detect_ms_per_frame": round(float(np.mean(fine.detect_ms)), 1),
        "fast_covered_share": share(fast, *KINDS),
        "fast_heads": share(fast, "heads"),
        "fast_plates": share(fast, "plates"),
        "fast_blurred_share_of_frame": round(float(np.mean(fast.blurred_shares)), 4),
        "weights": weights,
    }


def main(
    shared: Annotated[Path, typer.Option(help="folder of real pictures")] = ROOT.parent / "shared" / "data",
    weights: Annotated[Path | None, typer.Option(help="a .pt file; the shipped default where none is given")] = None,
) -> None:
    """Measure both passes on the labelled boxes."""
    entries = json.loads(LABELS.read_text(encoding="utf-8"))["pictures"]
    with TemporaryDirectory() as scratch:
        registry = Registry(ROOT / "models" / "weights", Path(scratch) / "models")
        card = registry.add(weights) if weights else registry.default()
        detector = OpenVinoDetector(registry.exported(card), card, threads=1)
        fast = measure(shared, entries, detector, Pass.fast)
        fine = measure(shared, entries, detector, Pass.fine)
    print(f"weights {card.hash12}, {len(entries)} pictures, helpers from a score of {HELPER_SCORE}")
    print_rows(Pass.fast, fast)
    print_rows(Pass.fine, fine)
    print(json.dumps(summary(card.hash12, fast, fine)))


if __name__ == "__main__":
    typer.run(main)
