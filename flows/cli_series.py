"""`./patrol evaluate --series`: what a town would feel, told from composed days of fixed views.

Also by itself: `python -m flows.cli_series`.
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import structlog
import typer
from rich.table import Table

from datasets.series.composing import Stock, composed, starts_at, stock_at, untouched
from datasets.series.planning import Mix
from flows.console import DEFAULT_HOME, Home, one_clear_line, out, progress
from flows.series_patrol import FOLLOW_UPS_EVERY, PLAN, Looking, Patrolled, Scene, patrol_scenes
from flows.series_scores import Filed, Score, as_json, false_json, groups_of, judged, poisson_interval, scored
from flows.series_sheet import write_false, write_missed
from flows.wiring import WEIGHTS, champion_card, open_town
from models.card import ModelCard, read_card
from models.registry import Registry
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.errors import BadInput
from pipeline.domain.patrol import Plan
from pipeline.settings import load_settings

DEFAULT_OUT = Path("runs/series")
DEFAULT_VIEWS, DEFAULT_HOURS, DEFAULT_SEED = 5, 24.0, 1
REAL_DATA = Path("../shared/data")
"""Where real pictures lie beside a checkout, if anywhere."""
VIDEO_NOTE = "played round and round: its camera-days are not independent"


@dataclass(frozen=True, slots=True)
class SeriesOptions:
    """What to patrol, with which weights, and where the report goes."""

    data: Path | None = None
    """Holds facades/, taco/ and video/; None: real pictures beside the checkout, and if there are none all is drawn."""
    views: int = DEFAULT_VIEWS
    hours: tuple[float, float] = (0.0, DEFAULT_HOURS)
    """From this local hour, so many hours."""
    seed: int = DEFAULT_SEED
    videos: bool = True
    mix: Mix = field(default_factory=Mix)
    out: Path = DEFAULT_OUT
    json: Path | None = None


def evaluate_series(looking: Looking, options: SeriesOptions) -> dict[str, object]:
    """Compose the days, patrol them, print the table, write JSON and contact sheets; gives what the JSON holds."""
    started = time.monotonic()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    stock = _stock(options.data)
    days = composed(stock, options.views, options.seed, options.hours, options.mix)
    films = untouched(stock, options.hours) if options.videos else []
    if not days and not films:
        raise BadInput("nothing to patrol: give at least --views 1")
    scenes: list[Scene] = [*days, *films]
    lasts = timedelta(hours=options.hours[1])
    patrolled = _patrolled(scenes, options, looking, lasts)
    whole, on_days, on_films = (
        _score([ticket for ticket in patrolled.filed if ticket.view in {one.name for one in some}], some, lasts)
        for some in (scenes, days, films)
    )
    options.out.mkdir(parents=True, exist_ok=True)
    write_false(options.out / "false_tickets.jpg", whole)
    write_missed(options.out / "missed.jpg", whole, scenes)
    report: dict[str, object] = {
        "weights": looking.card.hash12,
        "views": [scene.name for scene in scenes],
        "hours": options.hours[1],
        "seed": options.seed,
        **as_json(whole),
        "composed": false_json(on_days),
        "untouched_videos": {**false_json(on_films), "note": VIDEO_NOTE},
        "visits": {view: dict(outcomes) for view, outcomes in patrolled.outcomes.items()},
        "seconds": round(time.monotonic() - started, 1),
    }
    target = options.json or options.out / "series.json"
    target.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    show(whole, looking)
    for words, part in (("composed days", on_days), ("untouched videos", on_films)):
        show_false(words, part)
    visits: Counter[str] = sum(patrolled.outcomes.values(), Counter())
    out.print(f"visits: {_listed(visits)}")
    out.print(f"[green]✓[/] {target}, contact sheets beside it", highlight=False, soft_wrap=True)
    return report


def _stock(data: Path | None) -> Stock:
    if data is None:
        return stock_at(REAL_DATA) if REAL_DATA.is_dir() else Stock()
    stock = stock_at(data)
    if not (stock.facades or stock.videos):
        raise BadInput(f"{data} holds neither facades/ nor video/; leave --data out for drawn streets")
    return stock


def _patrolled(scenes: Sequence[Scene], options: SeriesOptions, looking: Looking, lasts: timedelta) -> Patrolled:
    with TemporaryDirectory(prefix="series-") as home, progress("min") as bar:
        minutes = bar.add_task(f"{len(scenes)} views", total=int(lasts / FOLLOW_UPS_EVERY))

        def tick(words: str) -> None:
            bar.update(minutes, advance=1, description=f"{len(scenes)} views, {words}")

        return patrol_scenes(scenes, starts_at(options.hours[0]), lasts, Path(home), looking, tick)


def _score(filed: Sequence[Filed], scenes: Sequence[Scene], lasts: timedelta) -> Score:
    by_name = {scene.name: scene for scene in scenes}
    there = [by_name[ticket.view].boxes_at(ticket.at_s) for ticket in filed]
    lasts_s = lasts.total_seconds()
    put = [(scene.name, stay, lasts_s) for scene in scenes for stay in scene.stays]
    groups = groups_of({category.code: category for category in DEFAULT_CATEGORIES}, Plan(PLAN, "").fine_every)
    return scored(judged(filed, there), put, lasts_s * len(scenes), groups)


def show(score: Score, looking: Looking) -> None:
    table = Table("", "put", "due", "found", "in time", "limit", "median", "p90", title="things (times in minutes)")
    rows = as_json(score)["groups"]
    assert isinstance(rows, Mapping), "a table by group"
    for name, row in rows.items():
        known = score.groups[name].category in looking.card.classes or row["found"]
        share = "-" if row["share_in_time"] is None else f"{row['share_in_time']:.0%}"
        table.add_row(
            name if known else f"[dim]{name} (no class of these weights)[/]", str(row["put"]), str(row["due"]),
            str(row["found"]), f"{row['found_in_time']} ({share})", f"{row['limit_minutes']:g}",
            _plain(row["minutes_to_ticket_median"]), _plain(row["minutes_to_ticket_p90"]),
        )  # fmt: skip
    out.print(table)
    show_false("all views", score)
    if score.again:
        out.print(f"further tickets for a thing that had one: {_listed(score.again)}")


def show_false(words: str, score: Score) -> None:
    if not score.camera_days:
        return
    total = sum(score.false.values())
    low, high = poisson_interval(total, score.camera_days)
    out.print(
        f"false tickets, {words}: [bold]{total}[/] in {score.camera_days:.2f} camera-days = "
        f"[bold]{total / score.camera_days:.2f}[/] a camera-day (95 % {low:.2f} to {high:.2f}); {_listed(score.false)}"
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def _plain(value: object) -> str:
    return "-" if value is None else f"{value}"


def main(
    home: Home = DEFAULT_HOME,
    weights: Annotated[str | None, typer.Option(help="beginning of a hash; default: those in use")] = None,
    data: Annotated[Path | None, typer.Option(help="folder with facades/, taco/, video/; default: beside us")] = None,
    views: Annotated[int, typer.Option(min=0, help="composed views; the videos come on top")] = DEFAULT_VIEWS,
    hours: Annotated[float, typer.Option(min=0.5, max=72, help="of each view's day")] = DEFAULT_HOURS,
    start: Annotated[float, typer.Option(min=0, max=23.9, help="local hour at which the day begins")] = 0.0,
    seed: Annotated[int, typer.Option(help="other days, other things")] = DEFAULT_SEED,
    videos: Annotated[bool, typer.Option(help="the untouched videos too")] = True,
    out_folder: Annotated[Path, typer.Option("--out", help="for report and contact sheets")] = DEFAULT_OUT,
    json_file: Annotated[Path | None, typer.Option("--json", help="the report; default: series.json in --out")] = None,
) -> None:
    """Patrol composed days of fixed views and say what was found, when, and what was false."""
    options = SeriesOptions(data, views, (start, hours), seed, videos, Mix(), out_folder, json_file)
    with one_clear_line():
        evaluate_series(looking_at(home, weights), options)


def looking_at(home: Path, weights: str | None) -> Looking:
    """The weights in use at `home`, those whose hash begins so, or a .pt file with the card that lies beside it.

    Raises NotFound, WeightsRefused.
    """
    registry = Registry(WEIGHTS, home / "models" / "exports")
    if weights is None:
        return Looking(registry, _in_use(home, registry))
    if not weights.endswith(".pt"):
        return Looking(registry, registry.card(weights))
    tried = Registry(WEIGHTS, home / "models" / "tried" / "exports")
    beside = Path(weights).with_suffix(".yaml")
    return Looking(tried, tried.add(Path(weights), read_card(beside) if beside.is_file() else None))


def _in_use(home: Path, registry: Registry) -> ModelCard:
    """The champion's card; the shipped default's where nothing is set up at `home`."""
    settings = load_settings(home)
    if not settings.secret_keys.get_secret_value():
        return registry.default()
    with open_town(settings) as town:
        return champion_card(town)


if __name__ == "__main__":
    typer.run(main)
