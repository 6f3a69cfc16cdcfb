"""`./patrol ask`: which stored frames people are asked to look at."""

from typing import Annotated

import typer
from rich.table import Table

from flows.console import DEFAULT_HOME, Home, out, progress, town_at
from flows.wiring import Town, adopt_environment
from pipeline.steps.asking import state_of

STATE_WORDS = {
    "doubtful": "已存疑难帧，尚未提问 doubtful frames stored, not asked about",
    "asked": "今晚已提问 asked about in the last 20 h",
    "waiting": "等待复核员辨认 waiting at the desk",
}
WHY_WORDS = {"doubt": "拿不准 doubt", "novelty": "未见过 novelty", "shadow": "新旧模型不一致 models differ"}


def ask(
    status: Annotated[bool, typer.Option("--status", help="only show what is stored, asked and waiting")] = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Choose tonight's frames now (a plan does it nightly): where the model is in doubt, and what looks new."""
    with town_at(home) as town:
        if not status:
            _ask(town)
        show_state(town)


def _ask(town: Town) -> None:
    adopt_environment(town.settings, with_server=False)  # before prefect is imported
    from flows.asking import ask_now  # noqa: PLC0415  # loads prefect

    with progress("") as bar:
        bar.add_task("疑难帧 ranking what is stored", total=None)
        asked = ask_now(town)
    words = ", ".join(f"{count} {WHY_WORDS[why]}" for why, count in sorted(asked.why.items()))
    chosen = asked.why.total()
    if chosen:
        out.print(f"[green]✓[/] {chosen} of {asked.doubtful} frames go to the desk: {words}")
    elif not asked.doubtful:
        out.print("nothing to ask about: no frame was stored in doubt within 14 days")
    else:
        out.print(f"nothing more tonight: ASK_DAILY is {town.settings.ask_daily}, and {asked.waiting} still wait")


def show_state(town: Town) -> None:
    table = Table("疑难帧 frames", "数量 count")
    for name, count in state_of(town.units, town.clock.now()).items():
        table.add_row(STATE_WORDS[name], str(count))
    out.print(table)
