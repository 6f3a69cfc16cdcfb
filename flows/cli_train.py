"""`./patrol train`: new weights from source folders, by a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from flows.console import one_clear_line, out, progress
from flows.wiring import ROOT
from models.recipe import read_recipe
from pipeline.settings import load_settings

RECIPE = ROOT / "models" / "recipes" / "four_categories.yaml"


def train(
    sources: Annotated[Path, typer.Option(help="folder that holds the recipe's source folders")],
    teacher: Annotated[Path, typer.Option(help="COCO weights (.pt): they label people and vehicles")],
    recipe: Annotated[Path, typer.Option(help="sources and hyper-parameters, one YAML")] = RECIPE,
    start: Annotated[Path | None, typer.Option(help="weights to start from; default: the teacher's")] = None,
    to: Annotated[Path, typer.Option("--out", help="a git-ignored folder; called again it goes on there")] = Path(
        "runs/train"
    ),
    device: Annotated[str, typer.Option(help="cpu, or a GPU as torch names it: cuda:0")] = "cpu",
) -> None:
    """Train weights by a recipe; called again after a kill it goes on from the last finished epoch.

    Curves, confusion matrix and a record with recipe and dataset hash land in OUT/run, the weights in OUT/trained.pt.
    Then: ./patrol evaluate --weights OUT/trained.pt --data FOLDER, and ./patrol model add OUT/trained.pt.
    """
    from models import training  # noqa: PLC0415  # loads torch
    from models.mlflow_export import told_to_mlflow  # noqa: PLC0415

    with one_clear_line():
        wanted = read_recipe(recipe)
        with progress("pictures") as bar:
            joining = bar.add_task("labels", total=None)
            joined = training.prepare(
                wanted, sources, teacher, to, lambda done, of: bar.update(joining, completed=done, total=of)
            )
        out.print(f"dataset {joined.digest}: " + ", ".join(f"{n} {place}" for place, n in joined.pictures.items()))
        with progress("epochs") as bar:
            going = bar.add_task("training", total=None)
            with told_to_mlflow(load_settings().mlflow_uri, to.name, to / "config"):
                trained = training.train(
                    wanted,
                    joined,
                    start or teacher,
                    to,
                    lambda done, of: bar.update(going, completed=done, total=of),
                    device,
                )
    out.print(f"[green]✓[/] {trained.weights}; curves and record in {trained.folder}")
    out.print(f"Next: ./patrol evaluate --weights {trained.weights} --data {sources}")
