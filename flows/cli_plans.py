"""`./patrol plan`: schedules over views."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.console import DEFAULT_HOME, Home, one_clear_line, out, settings_at, town_at
from flows.wiring import adopt_environment
from pipeline.domain.errors import BadInput
from pipeline.domain.patrol import Plan

app = typer.Typer(help="Plans: when which views are patrolled.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="such as evening")],
    cron: Annotated[str, typer.Argument(help="five fields in the town's zone, such as '*/5 18-22 * * *'")],
    home: Home = DEFAULT_HOME,
    core_zone: Annotated[bool, typer.Option("--core-zone", help="views of the core zone only")] = False,
    site: Annotated[list[str] | None, typer.Option(help="views of this site only; may be given again")] = None,
    fine_every: Annotated[float, typer.Option(min=1, help="minutes between fine passes of a view")] = 60.0,
) -> None:
    """Add a plan; a running installation follows it at once."""
    with town_at(home) as town:
        _refuse_bad_cron(cron)
        plan = Plan(name, cron, core_zone, tuple(site or ()), timedelta(minutes=fine_every))
        if not town.fleet.view_ids_of_plan(plan.core_zone_only, plan.site_names):
            out.print("[yellow]![/] no view belongs to this plan yet")
        town.rounds.add_plan(plan)
    _tell_server(home)


@app.command(name="list")
def list_(home: Home = DEFAULT_HOME) -> None:
    """Show the plans."""
    with town_at(home) as town:
        table = Table("计划 plan", "cron", "视角 views", "精细 fine", "状态 state")
        for plan in town.rounds.plans():
            views = len(town.fleet.view_ids_of_plan(plan.core_zone_only, plan.site_names))
            minutes = f"{plan.fine_every.total_seconds() / 60:g} min"
            table.add_row(plan.name, plan.cron, str(views), minutes, "启用 active" if plan.active else "暂停 paused")
        out.print(table)


@app.command()
def pause(name: str, home: Home = DEFAULT_HOME) -> None:
    """Stop a plan until it is resumed; a round under way goes on."""
    with town_at(home) as town:
        town.rounds.set_active(name, False)
    _tell_server(home)


@app.command()
def resume(name: str, home: Home = DEFAULT_HOME) -> None:
    """Start a paused plan again."""
    with town_at(home) as town:
        town.rounds.set_active(name, True)
    _tell_server(home)


def _refuse_bad_cron(cron: str) -> None:
    """Prefect's own check of cron lines."""
    from prefect.client.schemas.schedules import CronSchedule  # noqa: PLC0415  # slow to import
    from pydantic import ValidationError  # noqa: PLC0415

    try:
        CronSchedule(cron=cron)
    except (ValidationError, ValueError):
        raise BadInput(f"{cron!r} is no cron line; five fields such as '*/5 * * * *'") from None


def _tell_server(home: Path) -> None:
    from flows.supervision import server_answers  # noqa: PLC0415

    settings = settings_at(home)
    if not server_answers(settings):
        out.print("[green]✓[/] noted; ./patrol up will follow it")
        return
    adopt_environment(settings, with_server=True)
    from flows.deployments import deploy  # noqa: PLC0415  # prefect reads its settings when imported

    with town_at(home) as town, one_clear_line():
        place = str(settings.home.resolve())
        asyncio.run(deploy(town.rounds.plans(), place, settings.zone, settings.retrain_cron))
    out.print("[green]✓[/] done; the running worker follows it")
