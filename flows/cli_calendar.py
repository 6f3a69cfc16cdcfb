"""`./patrol calendar`: working days of a year, single changes, and the arrangement of a new year."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.console import DEFAULT_HOME, Home, out, town_at
from flows.wiring import Town
from pipeline.adapters import calendars
from pipeline.adapters.audit import COMMAND_LINE
from pipeline.adapters.calendar_sheets import read_arrangement
from pipeline.adapters.calendars import CalendarDay, Stamp
from pipeline.adapters.database import reading, writing
from pipeline.domain.errors import BadInput

app = typer.Typer(help="Calendar: working days, holidays and make-up days (调休).", no_args_is_help=True)

KINDS = {"holiday": "休 off", "make_up": "班 work", "weekend": "周末 weekend", "working": "工作日 working"}
DayGiven = Annotated[str, typer.Argument(help="such as 2027-02-14")]


@app.command()
def show(
    year: Annotated[int | None, typer.Argument(help="this year where none is given")] = None, home: Home = DEFAULT_HOME
) -> None:
    """Days off in the week, worked weekends and days changed here; and how far the calendar is known."""
    with town_at(home) as town, reading(town.engine) as connection:
        today = town.clock.now().astimezone(town.settings.town_zone).date()
        calendar = calendars.town_calendar(connection)
        days = calendars.days_of_year(connection, year or today.year)
    table = Table("日期 day", "", "安排 is", "节日 festival", "说明 note")
    for day in days:
        if day.kind in ("holiday", "make_up") or day.overridden:
            changed = f"{day.note} ({day.set_by})" if day.overridden else ""
            table.add_row(str(day.day), f"{day.day:%a}", KINDS[day.kind], day.name_zh, changed)
    out.print(table)
    out.print(f"{sum(day.working for day in days)} working days in {days[0].day.year}")
    if not calendar.knows(days[0].day.year):
        out.print("[yellow]![/] no arrangement of this year is known: weekends and fixed holidays only")
    warning = calendars.knowledge_of(calendar, today).warning
    if warning:
        out.print(f"[yellow]![/] {warning}", soft_wrap=True)


@app.command(name="set")
def set_(
    day: DayGiven,
    home: Home = DEFAULT_HOME,
    working: Annotated[bool | None, typer.Option("--work/--off", help="what the day becomes")] = None,
    note: Annotated[str, typer.Option(help="why")] = "",
    revert: Annotated[bool, typer.Option("--revert", help="back to what is published")] = False,
) -> None:
    """Change one day; deadlines of later dispatches follow it."""
    with _changing(home) as (town, stamp):
        if revert == (working is not None):
            raise BadInput("say --work, --off or --revert")
        chosen = _day(day)
        with writing(town.engine) as connection:
            if revert:
                calendars.revert_day(connection, chosen, stamp)
            else:
                calendars.set_day(connection, chosen, bool(working), note, stamp)
            shown = calendars.one_day(connection, chosen)
    _tell(shown)


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV: day or span, off or work (休/班), note")],
    year: Annotated[int, typer.Option(help="whose arrangement it is, whole")],
    home: Home = DEFAULT_HOME,
    note: Annotated[str, typer.Option(help="number of the notice, or where it is from")] = "",
) -> None:
    """Enter a year's arrangement of holidays whole; one bad line and none of it is taken.

    A line: 2027-02-05~2027-02-11,休,春节
    """
    with _changing(home) as (town, stamp):
        try:
            text = file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise BadInput(f"{file} cannot be read as UTF-8 text") from None
        arranged = read_arrangement(text)
        with writing(town.engine) as connection:
            written = calendars.take_arrangement(connection, year, arranged, note, stamp)
            known_until = calendars.town_calendar(connection).known_until
    out.print(f"[green]✓[/] {written} days of {year} entered; the calendar is known until {known_until}")


@contextmanager
def _changing(home: Path) -> Iterator[tuple[Town, Stamp]]:
    with town_at(home) as town:
        yield town, Stamp(COMMAND_LINE, town.clock.now())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no day; write such as 2027-02-14") from None


def _tell(day: CalendarDay) -> None:
    out.print(f"[green]✓[/] {day.day} is {KINDS[day.kind]}" + (f": {day.note}" if day.note else ""))
