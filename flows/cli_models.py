"""`./patrol model`: the weights that look."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.console import DEFAULT_HOME, Home, out, progress, town_at
from flows.wiring import announce_model
from pipeline.adapters.categories import SqlCategories

app = typer.Typer(help="Models: which weights look at the frames.", no_args_is_help=True)


@app.command(name="list")
def list_(home: Home = DEFAULT_HOME) -> None:
    """Show the weights, what they find, and which are in use."""
    with town_at(home) as town:
        current = town.registry.current().hash12
        codes = [category.code for category in SqlCategories(town.engine).all()]
        table = Table("", "hash", "名称 name", "类别 categories", "说明 note")
        for card in town.registry.available():
            found = [code for code in codes if code in card.classes]
            missing = [code for code in codes if code not in card.classes]
            words = ", ".join(found) + (f" [dim](暂无模型 no model yet: {', '.join(missing)})[/]" if missing else "")
            table.add_row("→" if card.hash12 == current else "", card.hash12, card.name, words, card.note)
        out.print(table)


@app.command()
def use(
    model: Annotated[str, typer.Argument(help="the beginning of its hash")],
    home: Home = DEFAULT_HOME,
) -> None:
    """Check weights and make them current; refused ones change nothing."""
    with town_at(home) as town, progress("") as bar:
        bar.add_task("checking the weights", total=None)
        card = town.registry.use(model)
        announce_model(town, card)
    out.print(f"[green]✓[/] {card.hash12} {card.name} looks from the next round on")


@app.command()
def add(
    weights: Annotated[Path, typer.Argument(help="a .pt file of ultralytics")],
    home: Home = DEFAULT_HOME,
) -> None:
    """Take weights from outside into the registry, without using them yet."""
    with town_at(home) as town, progress("") as bar:
        bar.add_task("reading the weights", total=None)
        card = town.registry.add(weights)
    out.print(f"[green]✓[/] {card.hash12} {', '.join(card.classes)}; use it with ./patrol model use {card.hash12[:6]}")
