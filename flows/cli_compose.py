"""`./patrol dataset compose`: scenes with what no data set has, on real backgrounds, with boxes."""

import os
from pathlib import Path
from typing import Annotated

import typer

from datasets.composer.folder import Order, View, compose_folder
from flows.console import one_clear_line, out, progress


def compose(  # a parameter is an option here
    backgrounds: Annotated[Path, typer.Option(help="a source folder (its boxes are anchors), or a folder of pictures")],
    out_folder: Annotated[Path, typer.Option("--out", help="where the new source folder is written")],
    count: Annotated[int, typer.Option(min=1, help="how many pictures")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same bytes")] = 0,
    split: Annotated[str, typer.Option(help="of the backgrounds and of what is written: train, val or test")] = "train",
    view: Annotated[View, typer.Option(help="whole scenes of 1280 px, crops of them, or both")] = View.mixed,
    stock: Annotated[
        list[Path] | None,
        typer.Option(help="source folders that lend cut-outs and texture (litter, two-wheelers); may be given often"),
    ] = None,
    processes: Annotated[int, typer.Option(min=0, help="0: one a core")] = 1,
) -> None:
    """Compose charging cables, illegal ads, stalls and litter on real street pictures, with hard negatives.

    Train on split train and test on split val of the backgrounds: the two never share a picture.
    Example: ./patrol dataset compose --backgrounds facades --stock taco --out composed --count 2000 --seed 1
    """
    with one_clear_line(), progress("pictures") as bar:
        task = bar.add_task("composing", total=count)
        order = Order(backgrounds, out_folder, count, seed, split, view, tuple(stock or ()))
        boxes = compose_folder(order, processes or os.cpu_count() or 1, lambda more: bar.advance(task, more))
    out.print(f"[green]✓[/] {count} pictures with {boxes} boxes in {out_folder}")
