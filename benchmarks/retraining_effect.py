"""What labels are worth: false alarms at equal recall on views never seen, after three rounds of 300 labels.

    PYTHONPATH=. .venv/bin/python benchmarks/retraining_effect.py --shared ../shared/data [--seed 1] [--out runs/effect]

A first model learns from 320 pictures that show few closed bins and no bare facade, so that bins and legal signs alarm
it. Reviewers then judge 300 frames a round, five verdicts of a hundred wrong; their verdicts become a dataset version,
a challenger is trained from the champion, and looks at views that no training saw. Twice: asked by doubt and novelty,
and asked at random. Suppression and thresholds of views stay out of it: what is measured is the weights.
"""

import argparse
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import matplotlib as mpl
import numpy as np

from benchmarks.retraining_town import CATEGORIES, SimulatedTown, TownFrame, as_sources, simulate
from datasets.versions import FreezeTerms, freeze
from models.embedding import features_kept
from models.recipe import Recipe, RecipeSource
from models.retraining import RetrainTerms, retrain
from models.scoring import Matched, Numbers, Shown, ap50, ap50_interval, clean_counted, curve, match
from models.torch_runtime import load_weights, use_threads
from models.training import train
from models.training_data import join_sources
from pipeline.domain.asking import Candidate, Guess, choose
from pipeline.domain.geometry import Box
from pipeline.domain.label import JudgedBox, JudgedFrame
from pipeline.domain.review import Teaches

ROUNDS, LABELS = 3, 300
WRONG_SHARE = 0.05
IMAGE_SIZE, BATCH = 416, 16
PASSES = 1500
"""Pictures that one training looks at, counted once for each epoch."""
FIRST_EPOCHS = 5
SCORE_FLOOR = 0.005
SHOWN_FROM, ASKED_FROM = 0.25, 0.05
"""Boxes of the champion from the first score are before the reviewer; from the second they tell of its doubt."""
DOUBT, RANDOM = "doubt", "random"
ALARMING = ("litter", "illegal_ad")
"""What closed bins and legal signs are taken for."""
SAME_IOU = 0.5
COUNTED_BOXES = 50
GOAL_CUT, GOAL_LOSS, GOAL_SHARE = 0.5, 0.01, 0.6
SHOT_AT = datetime(2026, 1, 5, tzinfo=UTC)

Found = tuple[Numbers, Numbers, Numbers]
"""Boxes (m, 4) in shares, scores (m,), class numbers (m,)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A model on the views held out."""

    matched: Mapping[str, Matched]

    def ap50(self, category: str) -> float:
        return ap50(self.matched[category]) or 0.0

    def ap50s(self) -> dict[str, float]:
        return {category: self.ap50(category) for category in self.matched}


@dataclass(slots=True)
class Arm:
    """One way of asking, and what came of it after each round."""

    name: str
    champion: Path
    points: Mapping[str, float]
    """Working thresholds of the first model."""
    labelled: list[JudgedFrame] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    asked_features: list[tuple[float, ...]] = field(default_factory=list)


def look(network: Any, frames: Sequence[TownFrame]) -> list[Found]:
    """Every box of each frame, on the canvas of the training."""
    found: list[Found] = []
    for start in range(0, len(frames), BATCH):
        pictures = [str(frame.picture) for frame in frames[start : start + BATCH]]
        use_threads()
        for seen in network.predict(pictures, imgsz=IMAGE_SIZE, conf=SCORE_FLOOR, batch=BATCH, verbose=False):
            boxes = seen.boxes
            corners, scores, classes = (np.asarray(part, np.float64) for part in (boxes.xyxyn, boxes.conf, boxes.cls))
            found.append((corners, scores, classes))
    return found


def measure(frames: Sequence[TownFrame], found: Sequence[Found]) -> Measured:
    matched = {}
    for number, category in enumerate(CATEGORIES):
        shown = [
            _shown(frame.boxes_of(category), boxes, number)
            for frame, boxes in zip(frames, found, strict=True)
            if category in frame.speaks
        ]
        matched[category] = match(shown)
    return Measured(matched)


def _shown(there: Sequence[Box], found: Found, number: int) -> Shown:
    boxes, scores, classes = found
    own = classes == number
    corners = np.array([[box.left, box.top, box.right, box.bottom] for box in there]).reshape(-1, 4)
    return Shown(corners, boxes[own], scores[own], 1, 1)


def working_point(measured: Measured, category: str) -> float:
    """The threshold of the best F1: where a town would start."""
    recall, precision = curve(measured.matched[category])
    if not len(recall):
        return 1.0
    best = int(np.argmax(2 * recall * precision / np.maximum(recall + precision, 1e-9)))
    return float(measured.matched[category].scores[best])


def alarms_at(measured: Measured, category: str, least_recall: float) -> int:
    """False boxes on frames without the category, at the highest threshold that reaches this recall."""
    matched = measured.matched[category]
    recall, _ = curve(matched)
    reached = np.flatnonzero(recall >= least_recall - 1e-9)
    threshold = float(matched.scores[reached[0]]) if len(reached) else SCORE_FLOOR
    return clean_counted(matched, threshold).alarms


def alarms_of(measured: Measured, points: Mapping[str, float]) -> int:
    return sum(alarms_at(measured, category, recall) for category, recall in points.items())


def judged(frame: TownFrame, found: Found, shot_at: datetime, chance: Random) -> JudgedFrame:
    """What a reviewer says of every box from SHOWN_FROM up, and draws of what was missed; five of a hundred wrong."""
    boxes, scores, classes = found
    left = list(frame.truth)
    said: list[JudgedBox] = []
    for corners, score, number in sorted(zip(boxes, scores, classes, strict=True), key=lambda one: -one[1]):
        category, box = CATEGORIES[int(number)], Box(*(float(side) for side in corners))
        if score < SHOWN_FROM or category not in frame.speaks or box.area <= 0:
            continue
        there = max((one for one in left if one.name == category), key=lambda one: one.box.iou(box), default=None)
        right = there is not None and there.box.iou(box) >= SAME_IOU
        if right and there is not None:
            left.remove(there)
            box = there.box
        wrong = chance.random() < WRONG_SHARE
        teaches = Teaches.positive if right != wrong else Teaches.negative
        said.append(JudgedBox(category, box, teaches))
    said += [JudgedBox(one.name, one.box, Teaches.positive) for one in left if chance.random() >= WRONG_SHARE]
    return JudgedFrame(frame.digest, frame.view, frame.view, shot_at, tuple(said), looked_for=frame.speaks)


def first_model(town: SimulatedTown, start: Path, work: Path, seed: int) -> Path:
    """Trained from COCO weights on the first part alone, its backbone frozen."""
    folders = as_sources(town.first, work / "first")
    recipe = Recipe(
        name="first",
        classes=CATEGORIES,
        sources=tuple(RecipeSource(folder=folder.name) for folder in folders),
        train={
            "epochs": FIRST_EPOCHS, "imgsz": IMAGE_SIZE, "batch": BATCH, "nbs": BATCH, "freeze": 10, "workers": 0,
            "seed": seed, "optimizer": "AdamW", "lr0": 0.001, "lrf": 0.05, "cos_lr": True, "warmup_epochs": 0.5,
            "close_mosaic": 0, "mosaic": 0.3, "scale": 0.4, "cache": "ram", "val": False,
        },
    )  # fmt: skip
    out = work / "champion"
    joined = join_sources(recipe, work / "first", out, lambda pictures: (() for _ in pictures), lambda *_: None)
    return train(recipe, joined, start, out, lambda *_: None).weights


def ask(arm: Arm, left: Sequence[TownFrame], config: Path, chance: Random) -> list[TownFrame]:
    """The next frames that reviewers are asked about."""
    if arm.name == RANDOM:
        return chance.sample(list(left), min(LABELS, len(left)))
    network: Any = load_weights(arm.champion, config)
    with features_kept(network) as features:
        found = look(network, left)
    candidates = [
        Candidate(frame.digest, frame.view, _guesses(frame, seen, arm.points), tuple(place.tolist()))
        for frame, seen, place in zip(left, found, features, strict=True)
    ]
    by_digest = {frame.digest: frame for frame in left}
    chosen = [by_digest[one.key] for one in choose(candidates, LABELS, arm.asked_features)]
    places = {one.key: one.features for one in candidates}
    arm.asked_features += [places[frame.digest] for frame in chosen]
    return chosen


def _guesses(frame: TownFrame, found: Found, points: Mapping[str, float]) -> tuple[Guess, ...]:
    _, scores, classes = found
    named = [(CATEGORIES[int(number)], float(score)) for score, number in zip(scores, classes, strict=True)]
    return tuple(
        Guess(score, points.get(name, SHOWN_FROM))
        for name, score in named
        if name in frame.speaks and score >= ASKED_FROM
    )


def trained(arm: Arm, town: SimulatedTown, replay: Sequence[Path], work: Path, seed: int) -> Path:
    """The verdicts so far frozen as a version, and a challenger trained on it from this arm's champion."""
    pictures = {frame.digest: frame.picture for frame in town.asked}
    terms = FreezeTerms(hold_out_share=0.0, categories=CATEGORIES)
    version = freeze(arm.labelled, lambda digest: pictures[digest].read_bytes(), work / "datasets", terms)
    how = RetrainTerms(epochs=100, image_size=IMAGE_SIZE, batch=BATCH, seed=seed, most_passes=PASSES)
    return retrain(arm.champion, [*version.sources, *replay], work / f"{arm.name}_{len(arm.measured)}", how)


def run(shared: Path, work: Path, seed: int) -> dict[str, object]:
    begun = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - begun:6.0f} s  {words}", flush=True)

    town = simulate(shared, work / "pictures", seed)
    say(f"town: {len(town.first)} frames to start from, {len(town.asked)} to ask about, {len(town.held)} held out")
    champion = first_model(town, shared / "weights" / "yolo11n_coco.pt", work, seed)
    config = work / "config"
    before = measured_by(champion, town, config)
    recalls = {category: best_recall(before, category) for category in ALARMING}
    points = {category: working_point(before, category) for category in CATEGORIES}
    say(f"champion: {alarms_of(before, recalls)} false alarms at recall {told(recalls)}, AP50 {told(before.ap50s())}")
    arms = [Arm(name, champion, points) for name in (DOUBT, RANDOM)]
    replay = sorted((work / "first").glob("town_*"))
    for arm in arms:
        chance = Random(seed)  # no secret
        arm.measured.append(before)
        for number in range(ROUNDS):
            one_round(arm, number, town, replay, (work, seed, chance))
            now = arm.measured[-1]
            say(f"{arm.name}, {len(arm.labelled)} labels: {alarms_of(now, recalls)} false alarms, {told(now.ap50s())}")
    return conclude(arms, recalls, seed, work)


def one_round(
    arm: Arm, number: int, town: SimulatedTown, replay: Sequence[Path], means: tuple[Path, int, Random]
) -> None:
    work, seed, chance = means
    config = work / "config"
    known = {frame.image for frame in arm.labelled}
    chosen = ask(arm, [frame for frame in town.asked if frame.digest not in known], config, chance)
    found = look(load_weights(arm.champion, config), chosen)
    shot_at = SHOT_AT + timedelta(days=number)
    arm.labelled += [judged(frame, seen, shot_at, chance) for frame, seen in zip(chosen, found, strict=True)]
    arm.champion = trained(arm, town, replay, work, seed)
    arm.measured.append(measured_by(arm.champion, town, config))


def measured_by(weights: Path, town: SimulatedTown, config: Path) -> Measured:
    return measure(town.held, look(load_weights(weights, config), town.held))


def best_recall(measured: Measured, category: str) -> float:
    """At the working point."""
    matched = measured.matched[category]
    recall, _ = curve(matched)
    return float(recall[int(np.count_nonzero(matched.scores >= working_point(measured, category))) - 1])


def told(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in figures.items())


def conclude(arms: Sequence[Arm], recalls: Mapping[str, float], seed: int, work: Path) -> dict[str, object]:
    doubt, chance = arms
    first = max(alarms_of(doubt.measured[0], recalls), 1)
    cuts = {arm.name: [1 - alarms_of(one, recalls) / first for one in arm.measured] for arm in arms}
    losses = {category: _loss(doubt, category) for category in CATEGORIES}
    counted = {category: loss for category, loss in losses.items() if _boxes(doubt, category) >= COUNTED_BOXES}
    few = {category: loss for category, loss in losses.items() if category not in counted}
    print(f"\n{'labels':>8} {'by doubt':>10} {'at random':>10}   false alarms cut at equal recall")
    for number, (one, other) in enumerate(zip(cuts[DOUBT], cuts[RANDOM], strict=True)):
        print(f"{number * LABELS:8d} {one:10.2f} {other:10.2f}")
    for category in CATEGORIES:
        row = [arm.measured[-1].ap50(category) for arm in arms]
        low, high = ap50_interval(doubt.measured[0].matched[category]) or (0.0, 0.0)
        print(f"AP50 {category:16} {doubt.measured[0].ap50(category):.3f} ({low:.3f} to {high:.3f}), "
              f"by doubt {row[0]:.3f}, at random {row[1]:.3f}, {_boxes(doubt, category)} boxes")  # fmt: skip
    draw(cuts, seed, work / f"retraining_effect_{seed}.png")
    return {
        "false_alarm_cut": round(cuts[DOUBT][-1], 3),
        "worst_ap50_loss": round(max(counted.values()), 4),
        "label_share_of_random": label_share(cuts[DOUBT], cuts[RANDOM]),
        "seed": seed,
        "false_alarms": [alarms_of(one, recalls) for one in doubt.measured],
        "false_alarms_random": [alarms_of(one, recalls) for one in chance.measured],
        "losses_with_few_boxes": {category: round(loss, 4) for category, loss in few.items()},
    }


def _boxes(arm: Arm, category: str) -> int:
    return arm.measured[0].matched[category].boxes


def _loss(arm: Arm, category: str) -> float:
    return arm.measured[0].ap50(category) - arm.measured[-1].ap50(category)


def label_share(doubt: Sequence[float], chance: Sequence[float]) -> float | None:
    """Labels asked for by doubt that cut as much as all those at random did, as a share of these; None where doubt
    never gets there."""
    wanted = chance[-1]
    for number in range(1, len(doubt)):
        if doubt[number] >= wanted > 0:
            step = doubt[number] - doubt[number - 1]
            part = (wanted - doubt[number - 1]) / step if step > 0 else 1.0
            return round((number - 1 + max(part, 0.0)) / (len(chance) - 1), 3)
    return None


def draw(cuts: Mapping[str, Sequence[float]], seed: int, file: Path) -> None:
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # after the backend is chosen

    figure, axes = plt.subplots(figsize=(6, 3.6))
    for name, values in cuts.items():
        axes.plot([LABELS * number for number in range(len(values))], values, marker="o", label=name)
    axes.axhline(GOAL_CUT, linestyle=":", color="grey")
    axes.set(xlabel="labels", ylabel="false alarms cut", title=f"equal recall, views never seen (seed {seed})")
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="folder with street_garbage, facades, weights")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/retraining_effect"))
    asked = parser.parse_args()
    work = asked.out / f"seed_{asked.seed}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    print(json.dumps(run(asked.shared, work, asked.seed)))


if __name__ == "__main__":
    main()
