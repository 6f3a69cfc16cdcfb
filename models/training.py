"""Train weights by a recipe: `./patrol train`, or `python -m models.training` where no console is wanted."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.recipe import Recipe
from models.torch_runtime import load_ultralytics, load_weights, use_threads
from models.training_data import Joined, Watch, join_sources, teacher
from pipeline.domain.errors import BadInput

RUN = "run"
RECORD_FILE = "training.yaml"

EpochDone = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Trained:
    weights: Path
    """The last epoch's averaged weights: no picture chose them."""
    folder: Path
    """Curves, confusion matrix, the record."""


def prepare(recipe: Recipe, root: Path, teacher_weights: Path, out: Path, watch: Watch) -> Joined:
    """Join the recipe's sources under `out`. Raises BadInput, WeightsRefused."""
    network = load_weights(teacher_weights, out / "config")
    return join_sources(recipe, root, out, teacher(network, recipe.teacher_score, recipe.teacher_size), watch)


def train(
    recipe: Recipe, joined: Joined, start: Path, out: Path, epoch_done: EpochDone, device: str = "cpu"
) -> Trained:
    """Train from `start`, or go on with what a kill cut short in `out`.

    Everything lands in `out/run`: `weights/last.pt` after each epoch, curves and confusion matrix, and a record with
    recipe and dataset hash. Raises BadInput where `out` holds a training of other pictures or another recipe.
    """
    run = out / RUN
    last = run / "weights" / "last.pt"
    record = {"dataset": joined.digest, "pictures": dict(joined.pictures), "recipe": recipe.model_dump(mode="json")}
    going_on = last.exists()
    if going_on:
        _check_same(run / RECORD_FILE, record)
    load_ultralytics(out / "config")
    from models.partial_labels import PartialLabelTrainer

    settings = {
        "plots": True,
        **recipe.train,
        "data": str(joined.data_file),
        "model": str(last if going_on else start),
        "project": str(out.resolve()), "name": RUN, "exist_ok": True, "device": device,
        "amp": device != "cpu",
    }  # fmt: skip
    if going_on:
        settings["resume"] = str(last)
    trainer: Any = PartialLabelTrainer(overrides=settings)
    run.mkdir(parents=True, exist_ok=True)
    (run / RECORD_FILE).write_text(yaml.safe_dump(record, sort_keys=False, allow_unicode=True), "utf-8")
    trainer.add_callback("on_train_start", _use_threads)
    trainer.add_callback("on_fit_epoch_end", lambda now: epoch_done(now.epoch + 1, now.epochs))
    trainer.train()
    kept = out / "trained.pt"
    shutil.copyfile(last, kept)
    return Trained(kept, run)


def _check_same(record_file: Path, record: dict[str, Any]) -> None:
    before = yaml.safe_load(record_file.read_text("utf-8")) if record_file.exists() else None
    if before != record:
        raise BadInput(f"{record_file.parent} holds a training of another recipe or other pictures: give another --out")


def _use_threads(_trainer: Any) -> None:
    """ultralytics sets one thread itself, also for training."""
    use_threads()
