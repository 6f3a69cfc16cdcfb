"""`./patrol <verb>`: everything that people type."""

import json
import logging
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from flows import (
    cli_asking,
    cli_audit,
    cli_calendar,
    cli_cameras,
    cli_categories,
    cli_datasets,
    cli_evaluate,
    cli_models,
    cli_people,
    cli_plans,
    cli_retrain,
    cli_shadow,
    cli_train,
)
from flows.console import DEFAULT_HOME, Home, log_as_json, one_clear_line, out, progress, settings_at, town_at
from flows.installing import Secrets, install
from flows.starting_model import start_model
from flows.wiring import Town, adopt_environment, set_up_database
from pipeline.adapters import queries
from pipeline.adapters.database import reading
from pipeline.domain.errors import BadInput
from pipeline.domain.patrol import COVERAGE
from pipeline.domain.ticket import STATUS_NAMES, Status
from pipeline.settings import PREFIX, Settings

app = typer.Typer(
    name="patrol",
    help="巡街 StreetPatrol: patrol fixed street cameras, flag what persists, review it.\n\n"
    "Start with [bold]init[/], [bold]cameras import FILE.csv[/], [bold]round[/]; then [bold]up[/] for the pages.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
app.add_typer(cli_cameras.app, name="cameras")
app.add_typer(cli_plans.app, name="plan")
app.add_typer(cli_calendar.app, name="calendar")
app.add_typer(cli_people.app, name="people")
app.add_typer(cli_audit.app, name="audit")
app.add_typer(cli_models.app, name="model")
app.add_typer(cli_categories.app, name="category")
app.command()(cli_train.train)
app.add_typer(cli_datasets.app, name="dataset")
app.command()(cli_evaluate.evaluate)
app.command()(cli_asking.ask)
app.command()(cli_retrain.retrain)
app.add_typer(cli_shadow.app, name="shadow")


@app.command()
def init(
    home: Home = DEFAULT_HOME,
    admin: Annotated[str, typer.Option(help="name of the first account")] = "admin",
) -> None:
    """Make database, keys and the first login; calling it again keeps what is there."""
    with one_clear_line():
        made = install(home, admin, out.print)
    show_secrets(made, settings_at(home))


def show_secrets(made: Secrets, settings: Settings) -> None:
    if made.password is None:
        out.print(f"[green]✓[/] {settings.home} was set up already: tables and model are up to date, logins unchanged.")
        return
    out.print(f"[green]✓[/] set up in {settings.home}. Write these down, they are shown once:")
    out.print(f"  账号 login    [bold]{made.name}[/]", highlight=False)
    out.print(f"  密码 password [bold]{made.password}[/]", highlight=False)
    out.print(f"  令牌 token    [bold]{made.token}[/]", highlight=False, soft_wrap=True)
    where = "" if settings.home == DEFAULT_HOME else f" --home {settings.home}"
    out.print(f"Next: ./patrol cameras import FILE.csv{where}, then ./patrol round{where}, then ./patrol up{where}")


@app.command(name="round")
def round_(
    home: Home = DEFAULT_HOME,
    plan: Annotated[str, typer.Option(help="whose views; 'all' is every view")] = "all",
    times: Annotated[int, typer.Option(min=1, help="rounds one after the other")] = 1,
    every: Annotated[float, typer.Option(min=0, help="seconds from start to start")] = 60.0,
    fine: Annotated[bool, typer.Option("--fine", help="the fine pass too, for small things")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="first finish rounds that were cut short")] = True,
) -> None:
    """Patrol now: visit the views, keep what is found, file tickets for what persists."""
    settings = settings_at(home)
    with town_at(home) as town:
        if plan != "all":
            town.rounds.plan(plan)
        if not town.fleet.views():
            raise BadInput("no camera yet: ./patrol cameras import FILE.csv")
    inspect = _flows(settings)
    for number in range(times):
        started = time.monotonic()
        with town_at(home) as town, progress("") as bar, one_clear_line():
            bar.add_task(f"round {number + 1} of {times}", total=None)
            if resume and number == 0:
                for left in inspect.finish_unfinished(str(settings.home.resolve()), timedelta(hours=1)):
                    out.print(f"finished round {left}, which was cut short")
            round_id = inspect.inspect(str(settings.home.resolve()), plan, None, fine)
            show_round(town, round_id)
        if number + 1 < times:
            time.sleep(max(0.0, every - (time.monotonic() - started)))


def _flows(settings: Settings):  # type: ignore[no-untyped-def]  # a module
    """Prefect reads its settings when it is imported: by then they must be in the environment."""
    from flows.supervision import server_answers  # noqa: PLC0415

    log_as_json(logging.WARNING)
    adopt_environment(settings, with_server=server_answers(settings))
    from flows import inspection  # noqa: PLC0415

    return inspection


def show_round(town: Town, round_id: int) -> None:
    outcomes = town.rounds.outcomes(round_id)
    begun = town.rounds.get(round_id)
    covered = sum(outcomes[outcome.value] for outcome in COVERAGE)
    parts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    mark = "[green]✓[/]" if covered else "[yellow]![/]"
    out.print(f"{mark} round {round_id}: {covered} of {len(begun.view_ids)} views covered ({parts})")
    if not covered:
        out.print("  nothing could be looked at: ./patrol cameras check says why")
    tickets = town.rounds.tickets_since(begun.ref)
    for number, category, site in tickets:
        out.print(f"  [bold]{number}[/] {category} · {site}", highlight=False)
    if not tickets:
        following = town.rounds.next_follow_up()
        out.print(
            "  no new ticket" + (f"; a candidate wants another look at {following:%H:%M:%S} UTC" if following else "")
        )


@app.command()
def up(home: Home = DEFAULT_HOME) -> None:
    """Run it all: pages and API, Prefect's server and a worker that patrols by plan. Ctrl-C stops everything."""
    settings = settings_at(home)
    from api.assets import fetch_assets  # noqa: PLC0415
    from flows.supervision import run_all  # noqa: PLC0415

    with town_at(home) as town:
        set_up_database(town)
        ready_model(town)
        fetch_assets()
    out.print(f"巡街 http://{settings.host}:{settings.port}   (Ctrl-C stops)")
    raise typer.Exit(run_all(settings))


def ready_model(town: Town) -> None:
    """The champion's weights, exported; the first time this takes some 20 s."""
    with progress("") as bar:
        bar.add_task("model", total=None)
        start_model(town)


@app.command()
def tickets(
    home: Home = DEFAULT_HOME,
    status: Annotated[Status | None, typer.Option(help="only these")] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="only what is past its deadline, the latest first")
    ] = False,
    most: Annotated[int, typer.Option(min=1, max=500)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """List tickets, newest first."""
    with town_at(home) as town, reading(town.engine) as connection:
        due, order = (queries.OVERDUE, queries.BY_DEADLINE) if overdue else (None, "-created_at")
        statuses = (status.value,) if status else ()
        wanted = queries.TicketFilter(statuses=statuses, due=due, now=town.clock.now())
        page = queries.ticket_page(connection, wanted, order, None, most)
        names = {code: category.name_zh for code, category in town.categories().items()}
    if as_json:
        for row in page.rows:
            out.print_json(json.dumps(dict(row._mapping), default=str, ensure_ascii=False), indent=None)
        return
    when = "期限 due" if overdue else "时间 filed"
    table = Table(Column("工单 number", no_wrap=True), "状态", "类别", "点位 site", "责任单位 unit", when)
    zone = settings_at(home).town_zone
    for row in page.rows:
        at = (row.due_at if overdue else row.created_at).astimezone(zone).strftime("%m-%d %H:%M")
        table.add_row(
            row.number, STATUS_NAMES[Status(row.status)][0], names[row.category], row.site, row.unit or "", at
        )
    none = "nothing is overdue" if overdue else "no ticket yet: things must persist over a few rounds first"
    out.print(table if page.rows else none)


@app.command()
def housekeeping(home: Home = DEFAULT_HOME) -> None:
    """Obey the retention table now (a plan does it nightly)."""
    settings = settings_at(home)
    _flows(settings)
    from flows.housekeeping import keep_house  # noqa: PLC0415

    with one_clear_line():
        gone = keep_house(str(settings.home.resolve()))
    out.print(", ".join(f"{count} {kind}" for kind, count in gone.items() if count) or "nothing was due")


@app.command(name="settings")
def settings_(home: Home = DEFAULT_HOME) -> None:
    """Show every setting, what it means and what is in force; secrets stay hidden."""
    settings = settings_at(home)
    table = Table("variable", "in force", "meaning")
    for name, field in Settings.model_fields.items():
        table.add_row(PREFIX + name.upper(), str(getattr(settings, name)), field.description or "")
    out.print(table)


@app.command()
def demo(
    home: Annotated[Path, typer.Option(help="a folder of its own, made anew each time")] = Path("var/demo"),
    source: Annotated[list[str] | None, typer.Option(help="patrol this URL, file or folder instead")] = None,
) -> None:
    """A drawn town on real RTSP and HTTP, patrolled every few seconds, with the pages to look at."""
    from flows.demo import run_demo  # noqa: PLC0415

    with one_clear_line():
        raise typer.Exit(run_demo(home, source or []))


def main() -> None:
    app(prog_name="./patrol")


if __name__ == "__main__":
    main()
