"""`./patrol dataset build|versions|trace|forget|export-version`: what verdicts teach, named by its content."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from datasets.exporting import ExportFormat, export_source
from datasets.source import read_source
from datasets.versions import HASH_LENGTH, version_sources
from flows.console import DEFAULT_HOME, Home, one_clear_line, out, progress, town_at
from flows.dataset_building import build_version, datasets_folder, forget_camera
from pipeline.adapters import dataset_rows
from pipeline.adapters.audit import COMMAND_LINE
from pipeline.adapters.database import reading
from pipeline.adapters.label_queries import count_of_conflicts, count_of_labels
from pipeline.domain.errors import BadInput

Version = Annotated[str, typer.Argument(help="the beginning of its hash; ./patrol dataset versions shows them")]


def build(home: Home = DEFAULT_HOME) -> None:
    """Freeze what reviewers' verdicts teach by now as a dataset version. The same verdicts give the same one."""
    with one_clear_line(), town_at(home) as town, progress("frames") as bar:
        task = bar.add_task("judged frames", total=None)
        frozen = build_version(town, COMMAND_LINE, lambda done, of: bar.update(task, completed=done, total=of))
        with reading(town.engine) as connection:
            waiting = count_of_conflicts(connection)
    out.print(f"[green]✓[/] {frozen.hash12}  {_counts_in_words(dict(frozen.counts))}")
    if waiting:
        out.print(f"  {waiting} tickets left out: two readers disagree, a third one is asked at the desk")
    out.print(f"  {frozen.folder}", highlight=False, soft_wrap=True)


def versions(home: Home = DEFAULT_HOME) -> None:
    """List the frozen versions, newest first, and how many labels there are by now."""
    with town_at(home) as town, reading(town.engine) as connection:
        table = Table("hash", "时间 made", "标签 what it holds", "替代 replaced by")
        for row in dataset_rows.versions(connection):
            made = row.created_at.astimezone(town.settings.town_zone).strftime("%Y-%m-%d %H:%M")
            replaced = "" if row.replaced_by is None else f"{row.replaced_by[:HASH_LENGTH] or '-'} ({row.why_replaced})"
            table.add_row(row.hash[:HASH_LENGTH], made, _counts_in_words(row.counts), replaced)
        labels = count_of_labels(connection)
    out.print(table if table.row_count else "no version yet: ./patrol dataset build makes one of the verdicts")
    out.print(f"{labels} labels there are by now")


def trace(
    wanted: Annotated[str, typer.Argument(metavar="TICKET|SAMPLE", help="a ticket's number, or a sample's name")],
    home: Home = DEFAULT_HOME,
) -> None:
    """From a ticket to the samples that it became, or from a sample to its ticket, verdict and frame."""
    with one_clear_line(), town_at(home) as town, reading(town.engine) as connection:
        found = dataset_rows.traced(connection, wanted)
        if not found:
            raise BadInput(f"no dataset version holds anything of {wanted}: judged, frozen by dataset build?")
        heads = ("版本 version", "样本 sample", "工单 ticket", "判定 verdict", "含义 teaches", "帧 frame")
        table = Table(*(Column(head, overflow="fold") for head in heads))
        for row in found:
            verdict = str(row.verdict_id or "-")
            taught = f"{row.teaches} {row.category or ''} ({row.split})"
            table.add_row(
                row.dataset[:HASH_LENGTH], row.sample[:16], row.number or "-", verdict, taught, row.image[:16]
            )
        out.print(table)


def forget(
    camera: Annotated[str, typer.Option(help="name of the camera whose frames leave")],
    why: Annotated[str, typer.Option(help="who asked for it, and when: it is kept in the audit")],
    home: Home = DEFAULT_HOME,
) -> None:
    """Take a camera's frames out of every dataset version, for good; versions that held some get another name."""
    with one_clear_line(), town_at(home) as town:
        became = forget_camera(town, camera, COMMAND_LINE, why)
    out.print(f"[green]✓[/] no version will hold a frame of {camera} again; {len(became)} versions made anew")
    for old, new in became.items():
        out.print(f"  {old[:HASH_LENGTH]} → {new[:HASH_LENGTH] if new else 'nothing left'}", highlight=False)
    out.print("  weights that learned from them stay as they are: the next ./patrol retrain is without them")


def export_version(
    version: Version,
    into: Annotated[Path, typer.Argument(help="folder to write to; must not exist yet")],
    format_: Annotated[ExportFormat, typer.Option("--format")] = ExportFormat.yolo,
    home: Home = DEFAULT_HOME,
) -> None:
    """Write a frozen version for other programs: YOLO, COCO or CVAT, a folder for each of its sources."""
    with one_clear_line(), town_at(home) as town:
        with reading(town.engine) as connection:
            row = dataset_rows.version_named(connection, version)
        sources = version_sources(datasets_folder(town) / row.hash[:HASH_LENGTH])
        if not sources:
            raise BadInput(f"the files of {row.hash[:HASH_LENGTH]} are gone: ./patrol dataset build makes them anew")
        for folder in sources:
            export_source(read_source(folder), into / folder.name, format_)
            out.print(f"[green]✓[/] {into / folder.name}", highlight=False)


def _counts_in_words(counts: dict[str, Any]) -> str:
    """`counts` as JSON holds them."""
    samples = ", ".join(f"{count} {split}" for split, count in counts["samples"].items())
    right, wrong = sum(counts["positives"].values()), sum(counts["negatives"].values())
    return f"{samples} samples: {right} things, {wrong} false alarms, {counts['backgrounds']} empty frames"
