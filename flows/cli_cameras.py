"""`./patrol cameras`: import, check, list."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.console import DEFAULT_HOME, Home, out, progress, town_at
from flows.wiring import cameras_of
from pipeline.adapters.camera_lists import COLUMNS, read_camera_list
from pipeline.adapters.database import reading
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.patrol_queries import ViewFilter, view_page
from pipeline.domain.camera import View
from pipeline.domain.errors import BadInput, CaptureFailed
from pipeline.domain.frame import Frame

app = typer.Typer(help="Cameras: import, check, list.", no_args_is_help=True)
MOST_LISTED = 500


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help=f"CSV; its first line names {', '.join(COLUMNS)} (or their Chinese)")],
    home: Home = DEFAULT_HOME,
) -> None:
    """Take cameras from a CSV file: good rows go in, bad ones are named by line. A known name is brought up to date."""
    with town_at(home) as town:
        good, bad = read_camera_list(file)
        done = town.fleet.import_cameras(good, bad, town.clock.now())
    for line, reason in sorted(done.bad.items()):
        out.print(f"[red]line {line}[/]: {reason}", highlight=False)
    out.print(f"[green]✓[/] {done.added} added, {done.updated} brought up to date, {len(done.bad)} refused")
    if done.bad:
        raise typer.Exit(1 if not done.added + done.updated else 0)


@app.command()
def check(
    home: Home = DEFAULT_HOME,
    name: Annotated[list[str] | None, typer.Argument(help="cameras; all if none is named")] = None,
) -> None:
    """Fetch one frame from each camera and say what came of it."""
    with town_at(home) as town:
        views = [view for view in town.fleet.views() if not name or view.name in name]
        if not views:
            raise BadInput("no such camera; ./patrol cameras list shows those there are")
        table = Table("摄像头 camera", "点位 site", "结果 outcome")
        failed = 0
        with progress("cameras") as bar:
            task = bar.add_task("checking", total=len(views))
            outcomes: dict[int, str] = {}

            def deliver(view: View, got: Frame | Exception) -> None:
                outcomes[view.id] = _words(got)
                bar.advance(task)

            cameras_of(town).capture(views, deliver)
        for view in views:
            failed += not outcomes[view.id].startswith("[green]")
            table.add_row(view.name, view.site_name, outcomes[view.id])
        out.print(table)
        raise typer.Exit(1 if failed else 0)


def _words(got: Frame | Exception) -> str:
    if isinstance(got, Frame):
        return f"[green]✓[/] {got.width}×{got.height}"
    return f"[red]✗[/] {got.fault}: {got}" if isinstance(got, CaptureFailed) else f"[red]✗[/] {type(got).__name__}"


@app.command()
def accept(
    name: Annotated[list[str], typer.Argument(help="cameras whose new pose is meant")],
    home: Home = DEFAULT_HOME,
) -> None:
    """Take the pose that a moved camera shows now: its next good frame becomes the reference."""
    with town_at(home) as town:
        views = [view for view in town.fleet.views() if view.name in name]
        if len(views) != len(set(name)):
            raise BadInput("no such camera; ./patrol cameras list shows those there are")
        SqlViewMemories(town.engine, town.prints).forget_poses([view.id for view in views])
    out.print(f"[green]✓[/] {len(views)} accepted; findings of the old pose stay until they are cleared or dismissed")


@app.command(name="list")
def list_(home: Home = DEFAULT_HOME) -> None:
    """Show every view with its health."""
    with town_at(home) as town, reading(town.engine) as connection:
        page = view_page(connection, ViewFilter(), None, MOST_LISTED)
    table = Table("摄像头 camera", "点位 site", "来源 source", "最近结果 outcome", "失败 failures")
    for row in page.rows:
        table.add_row(row.camera, row.site, row.source, row.last_outcome or "-", str(row.failures))
    out.print(table if page.rows else "no camera yet: ./patrol cameras import FILE.csv")
