"""What the commands share: the home folder, one clear line for an error, progress bars."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.wiring import Town, open_town
from pipeline.domain.errors import StreetPatrolError
from pipeline.settings import Settings, load_settings

Home = Annotated[Path, typer.Option(envvar="STREETPATROL_HOME", help="folder of database, images and secrets")]
DEFAULT_HOME = Path("var")

PIPED_WIDTH = 200
"""Columns where nobody watches: a table in a file or a pipe loses no word to a terminal's width."""

out = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(stderr=True)


@contextmanager
def one_clear_line() -> Iterator[None]:
    """Errors that we raise on purpose end the command with their own words; nothing else is hidden."""
    try:
        yield
    except StreetPatrolError as error:
        err.print(f"[bold red]✗[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


@contextmanager
def town_at(home: Path) -> Iterator[Town]:
    with one_clear_line(), open_town(load_settings(home)) as town:
        yield town


def settings_at(home: Path) -> Settings:
    with one_clear_line():
        return load_settings(home)


def progress(unit: str) -> Progress:
    """A bar with count and time; silent where nobody watches."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
    )


def log_as_json(level: int = logging.INFO) -> None:
    """Logs of long-running processes: one JSON object a line on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
