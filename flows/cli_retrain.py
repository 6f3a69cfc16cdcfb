"""`./patrol retrain`: learn from what reviewers said, now or as the plan has it."""

from typing import Annotated

import typer
from rich.table import Table

from flows.console import DEFAULT_HOME, Home, one_clear_line, out, progress, settings_at, town_at
from flows.enough_labels import labels_since_last
from flows.wiring import Town, adopt_environment
from pipeline.adapters import training_rows
from pipeline.adapters.audit import COMMAND_LINE
from pipeline.adapters.database import reading

WORDS = {
    "build": "版本 dataset version",
    "train": "训练 training",
    "evaluate": "评估 champion against challenger",
    "propose": "提交 proposal",
}


def retrain(
    home: Home = DEFAULT_HOME,
    status: Annotated[bool, typer.Option("--status", help="only show trainings so far, and what waits")] = False,
) -> None:
    """Train a challenger from the champion on all verdicts, measure both, and propose it; a person decides.

    Every night this runs by itself, and sooner when enough new labels have come (RETRAIN_CRON, RETRAIN_AFTER_LABELS in
    ./patrol settings). Killed and called again it goes on where it was. Decide with ./patrol model promote, or in the
    page 模型.
    """
    adopt_environment(settings_at(home), with_server=False)
    with one_clear_line(), town_at(home) as town:
        if status:
            _show(town)
            return
        from flows.retraining import BY_HAND, run_retraining  # noqa: PLC0415  # prefect reads the environment

        with progress("") as bar:
            tasks = {step: bar.add_task(words, total=None, start=False) for step, words in WORDS.items()}

            def watch(step: str, done: int, of: int) -> None:
                bar.start_task(tasks[step])
                bar.update(tasks[step], completed=done, total=of)

            number = run_retraining(town, BY_HAND, COMMAND_LINE, watch)
        if number is None:
            out.print("nothing to do: another training is under way, or no verdict has come since the last one")
            return
        with town.units.reading() as uow:
            proposal = uow.models.proposal(number)
    mark = "[green]✓[/] the gate lets it through" if proposal.passed else "[yellow]![/] the gate speaks against it"
    out.print(f"{mark}: challenger {proposal.model} against {proposal.champion}")
    for rule in proposal.gate["rules"]:  # type: ignore[attr-defined]  # rows, as models.gate_report wrote them
        tone = "green" if rule["passed"] else "red"
        out.print(f"  [{tone}]{'✓' if rule['passed'] else '✗'}[/] {rule['category'] or ''} {rule['zh']} · {rule['en']}")
    out.print(f"report: {town.settings.home / proposal.report / 'report.html'}", highlight=False, soft_wrap=True)
    out.print(
        f"take it: ./patrol model promote {proposal.model}   back again: ./patrol model rollback", highlight=False
    )


def _show(town: Town) -> None:
    zone = town.settings.town_zone
    table = Table(
        "", "开始 begun", "触发 trigger", "状态 state", "步骤 step", "数据集 dataset", "模型 model", "说明 why"
    )
    with reading(town.engine) as connection:
        for row in training_rows.runs(connection):
            begun = row.begun_at.astimezone(zone).strftime("%m-%d %H:%M")
            names = ((row.dataset or "")[:12], row.model or "")
            table.add_row(str(row.id), begun, row.trigger, row.state, row.step, *names, row.why)
    out.print(table if table.row_count else "no training yet")
    wanted = town.settings.retrain_after_labels
    out.print(f"{labels_since_last(town)} new labels; the next training starts at {wanted}, or by RETRAIN_CRON")
