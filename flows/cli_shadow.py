"""`./patrol shadow`: let a challenger look beside the champion for a while, without opening tickets."""

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from flows.console import DEFAULT_HOME, Home, out, progress, town_at
from flows.shadowing import begin_shadow
from flows.wiring import Town
from pipeline.adapters.audit import COMMAND_LINE
from pipeline.domain.shadow import ShadowRun
from pipeline.steps.shadow import stop_shadow, under_way

LONGEST_HOURS = 24.0 * 30

app = typer.Typer(
    help="Shadow: a challenger looks beside the champion; only differences are kept.", no_args_is_help=True
)


@app.command()
def start(
    model: Annotated[str, typer.Argument(help="the beginning of the challenger's hash")],
    hours: Annotated[float, typer.Option(min=0.1, max=LONGEST_HOURS, help="for how long it looks")] = 24.0,
    home: Home = DEFAULT_HOME,
) -> None:
    """Check the weights and let them look from the next batch on; rounds take up to twice as long meanwhile."""
    with town_at(home) as town, progress("") as bar:
        bar.add_task("checking the weights", total=None)
        run = begin_shadow(town, model, hours, COMMAND_LINE)
        until = _local(town, run.until)
    out.print(f"[green]✓[/] {run.model} looks beside {run.champion} until {until}; it opens no ticket")


@app.command()
def stop(home: Home = DEFAULT_HOME) -> None:
    """End the run before its time; what it has shown so far stays."""
    with town_at(home) as town:
        run = stop_shadow(town.units, COMMAND_LINE, town.clock.now())
        show(town, run)


@app.command()
def status(home: Home = DEFAULT_HOME) -> None:
    """What the run under way, or the last one, has shown so far."""
    with town_at(home) as town:
        under_way(town.units, town.clock.now())
        with town.units.reading() as uow:
            runs = uow.shadow.all()
        if not runs:
            out.print("no challenger has looked yet: ./patrol shadow start MODEL")
            return
        show(town, runs[0])


def show(town: Town, run: ShadowRun) -> None:
    if run.failed_why:
        state = f"[red]中止 ended[/] {_local(town, run.ended_at or run.until)}: {run.failed_why}"
    elif run.ended_at:
        state = f"已结束 ended {_local(town, run.ended_at)}"
    else:
        state = f"进行中 under way until {_local(town, run.until)}"
    out.print(f"{run.model} beside {run.champion}: {state}")
    each_ms = 1000 * run.seconds / run.visits if run.visits else 0.0
    out.print(f"{run.visits} frames compared, {each_ms:.0f} ms a frame on top of the champion's")
    table = Table("类别 category", "都看到 both", "仅现用 champion alone", "仅新模型 challenger alone")
    names = {code: category.name_zh for code, category in town.categories().items()}
    for code, seen in run.tally.items():
        table.add_row(f"{names.get(code, '')} {code}", str(seen.both), str(seen.champion), str(seen.challenger))
    if run.tally:
        out.print(table)


def _local(town: Town, at: datetime) -> str:
    return f"{at.astimezone(town.settings.town_zone):%m-%d %H:%M}"
