"""Train a challenger from the champion, on frozen verdicts and on what is replayed so that nothing is forgotten."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.source import LabelledBox, pictures, read_source
from models.recipe import Recipe, RecipeSource
from models.torch_runtime import class_names, load_weights, use_threads
from models.training import train
from models.training_data import TRAIN, Teach, join_sources
from pipeline.domain.category import HELPER_CLASSES
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

PICTURES_AT_ONCE = 16
CHALLENGER = "challenger.pt"

Tick = Callable[[int, int], None]
"""Told how many of how many epochs are done."""


@dataclass(frozen=True, slots=True)
class RetrainTerms:
    """How a challenger is trained. The usual ones fit a night on two cores: 2,000 pictures, 30 epochs, 416 px."""

    epochs: int = 30
    image_size: int = 416
    freeze: int = 10
    """The first layers of the network stay the champion's: the backbone."""
    batch: int = 16
    seed: int = 7
    lr0: float = 0.0006
    helper_score: float = 0.35
    """From here up the champion's own boxes of people and vehicles are labels: nobody draws these."""
    most_passes: int | None = None
    """Pictures looked at in all; fewer epochs where they would be more."""

    def epochs_over(self, count: int) -> int:
        if self.most_passes is None:
            return self.epochs
        return max(1, min(self.epochs, round(self.most_passes / max(count, 1))))


def retrain(
    champion: Path,
    sources: Sequence[Path],
    work: Path,
    terms: RetrainTerms,
    tick: Tick = lambda done, of: None,
) -> Path:
    """The challenger's weights, trained on the split `train` of `sources`, with the champion's class table.

    What a source does not label is not background there. Killed and called again it goes on from the last epoch;
    called again once it is done it only gives the path. Raises BadInput where nothing is there to train on, or where
    `work` holds a training of other pictures or terms; WeightsRefused where the champion does not load.
    """
    network = load_weights(champion, work / "config")
    recipe = _recipe(class_names(network), _linked(sources, work / "sources"), terms)
    joined = join_sources(recipe, work / "sources", work, helpers_of(network, terms), lambda done, of: None)
    done = work / CHALLENGER
    if not done.exists():
        trained = train(recipe, joined, champion, work, tick)
        part = work / f"{CHALLENGER}.part"
        shutil.copyfile(trained.weights, part)
        part.replace(done)
        shutil.rmtree(trained.folder / "weights", ignore_errors=True)  # an optimizer's state: three times the weights
        trained.weights.unlink()
    return done


def _linked(sources: Sequence[Path], out: Path) -> dict[str, int]:
    """Links to the sources that have something to train on, under names that differ; with how many pictures each."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    counts = {}
    for number, folder in enumerate(sources):
        if (folder / TRAIN).is_dir() and (count := len(pictures(read_source(folder), TRAIN))):
            name = f"{number:02d}_{folder.name}"
            (out / name).symlink_to(folder.resolve())
            counts[name] = count
    if not counts:
        raise BadInput("there is no picture to train on in any source")
    return counts


def _recipe(classes: tuple[str, ...], counts: dict[str, int], terms: RetrainTerms) -> Recipe:
    return Recipe(
        name="challenger",
        classes=classes,
        sources=tuple(RecipeSource(folder=folder) for folder in counts),
        train={
            "epochs": terms.epochs_over(sum(counts.values())), "imgsz": terms.image_size, "batch": terms.batch,
            "nbs": terms.batch, "freeze": terms.freeze, "workers": 0, "seed": terms.seed, "optimizer": "AdamW",
            "lr0": terms.lr0, "lrf": 0.05, "cos_lr": True, "warmup_epochs": 0.3, "close_mosaic": 0, "mosaic": 0.3,
            "scale": 0.4, "cache": "ram", "val": False, "plots": False,
        },
    )  # fmt: skip


def helpers_of(network: Any, terms: RetrainTerms) -> Teach:
    """The champion's own boxes of helper classes, on each picture."""
    names: dict[int, str] = network.names

    def teach(wanted: Sequence[Path]) -> Iterable[tuple[LabelledBox, ...]]:
        if not set(names.values()) & set(HELPER_CLASSES):
            yield from (() for _ in wanted)
            return
        for start in range(0, len(wanted), PICTURES_AT_ONCE):
            some = [str(picture) for picture in wanted[start : start + PICTURES_AT_ONCE]]
            use_threads()
            for seen in network.predict(some, imgsz=terms.image_size, conf=terms.helper_score, verbose=False):
                found = zip(seen.boxes.cls.tolist(), seen.boxes.xyxyn.tolist(), strict=True)
                named = [(names[int(number)], corners) for number, corners in found]
                yield tuple(LabelledBox(name, Box(*corners)) for name, corners in named if name in HELPER_CLASSES)

    return teach
