"""`./patrol model`: the weights that look, and which of them shall."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from flows import cli_promotion
from flows.console import DEFAULT_HOME, Home, out, progress, town_at
from flows.model_adding import Lineage, add_version
from models.card import ModelCard, read_card
from pipeline.adapters.audit import COMMAND_LINE
from pipeline.adapters.categories import SqlCategories
from pipeline.domain.model_version import Promotion, ProposalState

HASH, NAME = Column("hash", no_wrap=True), "名称 name"

app = typer.Typer(help="Models: which weights look at the frames.", no_args_is_help=True)
app.command()(cli_promotion.use)
app.command()(cli_promotion.promote)
app.command()(cli_promotion.reject)
app.command()(cli_promotion.rollback)
app.command()(cli_promotion.compare)
app.command()(cli_promotion.card)


@app.command(name="list")
def list_(home: Home = DEFAULT_HOME) -> None:
    """Show the weights, what they find, which look, and what waits for a decision."""
    with town_at(home) as town:
        with town.units.reading() as uow:
            promotions, waiting = uow.models.promotions(), uow.models.proposals(ProposalState.waiting)
            current = uow.models.current()
        codes = [category.code for category in SqlCategories(town.engine).all()]
        table = Table("", HASH, NAME, "类别 categories", "说明 note")
        for card in town.registry.available():
            mark = "→" if current and card.hash12 == current.model else ""
            mark = "?" if any(proposal.model == card.hash12 for proposal in waiting) else mark
            table.add_row(mark, card.hash12, card.name, _found(card, codes), card.note)
        out.print(table)
        for proposal in waiting:
            out.print(f"? {proposal.model} waits: the gate says {'promote' if proposal.passed else 'reject'}")
        _tell_refused(promotions, current)


def _found(card: ModelCard, codes: list[str]) -> str:
    found = [code for code in codes if code in card.classes]
    missing = [code for code in codes if code not in card.classes]
    return ", ".join(found) + (f" [dim](暂无模型 no model yet: {', '.join(missing)})[/]" if missing else "")


def _tell_refused(promotions: tuple[Promotion, ...], current: Promotion | None) -> None:
    """Those that came after the champion: somebody believes that they look."""
    for promotion in promotions:
        if current is not None and promotion.id == current.id:
            if current.taken_up_at is None:
                out.print(f"… {current.model} is promoted; the next round takes it up")
            return
        if promotion.refused_at is not None:
            when = f"{promotion.refused_at:%Y-%m-%d %H:%M} UTC"
            out.print(f"[bold red]✗[/] {promotion.model} refused {when}: {promotion.refused_why}", highlight=False)


@app.command()
def add(
    weights: Annotated[Path, typer.Argument(help="a .pt file of ultralytics; its card .yaml is read beside it")],
    home: Home = DEFAULT_HOME,
) -> None:
    """Take weights from outside into the registry, without using them yet."""
    with town_at(home) as town, progress("") as bar:
        bar.add_task("reading the weights", total=None)
        beside = weights.with_suffix(".yaml")
        told = read_card(beside) if beside.is_file() else None
        version = add_version(town, weights, told, Lineage(COMMAND_LINE))
    hash12, classes = version.hash12, ", ".join(version.classes)
    out.print(f"[green]✓[/] {hash12} {classes}; use it with ./patrol model promote {hash12[:6]}")
