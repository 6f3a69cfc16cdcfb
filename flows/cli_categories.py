"""`./patrol category`: what is looked for."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Column, Table

from flows.console import DEFAULT_HOME, Home, out, town_at
from flows.wiring import champion_card
from pipeline.adapters.categories import SqlCategories
from pipeline.domain.category import Category, Kind, Persistence
from pipeline.domain.deadline import CLOCK_NAMES, Deadline, DeadlineClock
from pipeline.domain.errors import BadInput

app = typer.Typer(
    help="Categories: what is looked for, and when it is a ticket. A category is a row: add one, then use weights "
    "whose class bears its code.",
    no_args_is_help=True,
)

CLOCKS = tuple(clock.value for clock in DeadlineClock)

Threshold = Annotated[float | None, typer.Option(min=0.01, max=0.99, help="score from which a box counts")]
FineThreshold = Annotated[float | None, typer.Option(min=0.01, max=0.99, help="the same for the fine pass")]
Seen = Annotated[int | None, typer.Option(min=1, help="opens when seen in so many …")]
Of = Annotated[int | None, typer.Option(min=1, help="… of the last so many visits")]
Dwell = Annotated[float | None, typer.Option(min=0, help="and for so many minutes")]
DeadlineText = Annotated[str | None, typer.Option("--deadline", help="such as 4-working_hours or 1-natural_days")]


@app.command(name="list")
def list_(home: Home = DEFAULT_HOME) -> None:
    """Show the categories."""
    with town_at(home) as town:
        classes = champion_card(town).classes
        whole = [Column(name, no_wrap=True) for name in ("代码 code", "时限 deadline")]
        table = Table(whole[0], "类别 category", "成立 opens", "阈值", whole[1], "模型")
        for category in SqlCategories(town.engine).all():
            rule = category.persistence
            fine = "" if category.fine_threshold is None else f"\n精细 {category.fine_threshold:g}"
            number = f" {category.city_code}" if category.city_code else ""
            table.add_row(
                category.code,
                f"{category.name_zh}{number}\n{category.name_en}",
                f"{rule.seen}/{rule.of}, {rule.dwell.total_seconds() / 60:g} min",
                f"{category.threshold:g}{fine}",
                _deadline_words(category.deadline),
                "✓" if category.code in classes else "暂无",
            )
        out.print(table)


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="the class name in the weights, such as open_manhole")],
    zh: Annotated[str, typer.Option(help="name in Chinese")],
    en: Annotated[str, typer.Option(help="name in English")],
    kind: Annotated[Kind, typer.Option(help="what sort of work puts it right")] = Kind.management,
    city_code: Annotated[str | None, typer.Option(help="数字城管 code")] = None,
    home: Home = DEFAULT_HOME,
    threshold: Threshold = 0.45,
    seen: Seen = 3,
    of: Of = 5,
    dwell: Dwell = 30.0,
    deadline: DeadlineText = None,
) -> None:
    """Add a category; until weights know it, it shows as 暂无模型 (no model yet)."""
    with town_at(home) as town:
        rule = Persistence(seen or 3, of or 5, timedelta(minutes=dwell or 0.0))
        category = Category(code, zh, en, kind, rule, threshold or 0.45, city_code, deadline=_deadline(deadline))
        SqlCategories(town.engine).add(_sound(category))
    out.print(f"[green]✓[/] {code} {zh}; label it under this name, train, then ./patrol model use")


@app.command(name="set")
def set_(
    code: Annotated[str, typer.Argument(help="as ./patrol category list shows it")],
    home: Home = DEFAULT_HOME,
    threshold: Threshold = None,
    fine_threshold: FineThreshold = None,
    seen: Seen = None,
    of: Of = None,
    dwell: Dwell = None,
    deadline: DeadlineText = None,
) -> None:
    """Change when a category counts; findings that are open stay so. Every view is looked at anew."""
    with town_at(home) as town:
        categories = SqlCategories(town.engine)
        before = categories.get(code)
        rule = before.persistence
        rule = replace(
            rule,
            seen=rule.seen if seen is None else seen,
            of=rule.of if of is None else of,
            dwell=rule.dwell if dwell is None else timedelta(minutes=dwell),
        )
        after = replace(
            before,
            persistence=rule,
            threshold=before.threshold if threshold is None else threshold,
            fine_threshold=before.fine_threshold if fine_threshold is None else fine_threshold,
            deadline=before.deadline if deadline is None else _deadline(deadline),
        )
        categories.change(_sound(after))
    out.print(f"[green]✓[/] {code} {after.name_zh}")


def _sound(category: Category) -> Category:
    if category.persistence.seen > category.persistence.of:
        raise BadInput(f"--seen {category.persistence.seen} is more than --of {category.persistence.of}")
    return category


def _deadline(text: str | None) -> Deadline | None:
    if not text:
        return None
    amount, _, clock = text.partition("-")
    if not amount.isdigit() or int(amount) < 1 or clock not in CLOCKS:
        raise BadInput(f"--deadline {text!r} is not a number, - and one of {', '.join(CLOCKS)}")
    return Deadline(int(amount), DeadlineClock(clock))


def _deadline_words(deadline: Deadline | None) -> str:
    return f"{deadline.amount} {CLOCK_NAMES[deadline.clock][0]}" if deadline else "—"
