"""`./patrol dataset`: labelled pictures in, looked over, shown, and out again."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape
from rich.table import Table

from datasets.checking import MEANING, Problem, Report, Severity, Tracks, check_sources
from datasets.contact_sheet import Choice, contact_sheet
from datasets.exporting import NEEDED_BY_ULTRALYTICS, ExportFormat, export_source
from datasets.importing import HARD_NEGATIVE, Format, Import, Wish, detect, import_dataset, parse_map
from datasets.incoming import Remark
from datasets.source import MODEL_CLASSES, Source, read_source, splits
from flows.cli_compose import compose
from flows.cli_versions import build, export_version, forget, trace, versions
from flows.console import one_clear_line, out, progress
from pipeline.domain.errors import BadInput

LINES_SHOWN = 20
"""Of one kind; --all or --json give the rest."""
MARKS = {Severity.error: "[bold red]✗[/]", Severity.warning: "[yellow]![/]", Severity.information: "[dim]·[/]"}
JPEG_QUALITY = 90
Part = TypeVar("Part")

app = typer.Typer(
    help="Data sets: labelled pictures in, looked over, shown, and out again.\n\n"
    "A source is a folder with [bold]source.yaml[/] and [bold]train/images[/], [bold]train/labels[/], val/… "
    "(datasets/README.md).\n\n"
    "The usual way: [bold]import[/] what others labelled, [bold]check[/] it, [bold]show[/] it and look; then train.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
app.command()(compose)
for verb in (build, versions, trace, forget, export_version):
    app.command()(verb)
SourceFolder = Annotated[Path, typer.Argument(help="a source folder: the one that holds source.yaml")]
Everything = Annotated[bool, typer.Option("--all", help=f"every line, not the first {LINES_SHOWN} of a kind")]


def tracked(words: str, unit: str = "pictures") -> Callable[[Sequence[Part]], Iterator[Part]]:
    """A bar over what is gone through; silent where nobody watches."""

    def through(parts: Sequence[Part]) -> Iterator[Part]:
        with progress(unit) as bar:
            yield from bar.track(parts, description=words)

    return through


@app.command(name="import")
def import_(
    place: Annotated[Path, typer.Argument(help="what others gave: its folder, or its .json, .xml or data.yaml")],
    into: Annotated[Path, typer.Argument(help="the source folder to make; must not exist yet")],
    name: Annotated[str, typer.Option(help="what to call it; the folder's name if not said")] = "",
    origin: Annotated[str, typer.Option(help="where it is from: an address, a version, who made it")] = "",
    licence: Annotated[str, typer.Option(help="under which licence, and what is in doubt about it")] = "",
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="THEIRS=OURS",
            help="what their class means, once a class: [bold]garbage=litter[/], or [bold]bin_closed=null[/] for a "
            f"hard negative. Ours are {', '.join(MODEL_CLASSES)}",
        ),
    ] = None,
    labelled: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS", help="where its pictures show none of this class, there is none; the mapped ones if unsaid"
        ),
    ] = None,
    format_: Annotated[Format | None, typer.Option("--format", help="told from the content if not said")] = None,
    pictures: Annotated[Path | None, typer.Option(help="a further folder to look for the pictures in")] = None,
    link: Annotated[bool, typer.Option("--link", help="hard links instead of copies: no second space on disk")] = False,
    everything: Everything = False,
) -> None:
    """Make a source folder from YOLO, Roboflow, COCO, Pascal VOC, CVAT (for images) or Label Studio.

    What is broken gets one line each and stays out; the rest goes in.

    [dim]./patrol dataset import ~/Downloads/street.v2 data/street --origin "Roboflow street v2" --licence "CC BY 4.0"
    --map garbage=litter --map bin=null[/]
    """
    with one_clear_line():
        wish = Wish(name, origin, licence, parse_map(map_ or []), _labelled(labelled), link)
        found = format_ or detect(place)
        made = import_dataset(place, into, found, wish, pictures, tracked(f"importing {found}"))
    _show_remarks(made.remarks, everything)
    _show_import(made, found)


def _labelled(codes: Sequence[str] | None) -> frozenset[str] | None:
    strange = [code for code in codes or [] if code not in MODEL_CLASSES]
    if strange:
        raise BadInput(f"--labelled {strange[0]}: say one of {', '.join(MODEL_CLASSES)}")
    return None if codes is None else frozenset(codes)


def _show_remarks(remarks: Sequence[Remark], everything: bool) -> None:
    for lost, mark in ((False, "[yellow]![/]"), (True, "[bold red]✗[/]")):
        lines = [f"{mark} {escape(f'{r.file}: {r.reason}')}" for r in remarks if r.lost == lost]
        _print_some(lines, everything)


def _print_some(lines: Sequence[str], everything: bool) -> None:
    shown = lines if everything else lines[:LINES_SHOWN]
    for line in shown:
        out.print(line, highlight=False, soft_wrap=True)
    if len(shown) < len(lines):
        out.print(f"  [dim]… and {len(lines) - len(shown)} more such lines (--all shows them)[/]", highlight=False)


def _show_import(made: Import, format_: Format) -> None:
    source = made.source
    out.print(_class_table(source, made.boxes))
    pictures = ", ".join(f"{count} {split}" for split, count in made.pictures.items())
    lost = sum(remark.lost for remark in made.remarks)
    behind = f"; [red]{lost} things stayed out[/]" if lost else ""
    total, boxes = sum(made.pictures.values()), sum(made.boxes.values())
    out.print(
        f"[green]✓[/] {format_} → {escape(str(source.folder))}: {total} pictures ({pictures}), {boxes} boxes{behind}",
        highlight=False,
        soft_wrap=True,
    )
    unmapped = source.unmapped()
    if unmapped:
        out.print(
            f"[yellow]![/] {escape(', '.join(unmapped))}: in as they are, but they mean nothing to us yet. Say what "
            f"they mean under categories in {escape(str(source.folder))}/source.yaml, or import again with --map "
            f"{escape(unmapped[0])}=… (a class of ours, or {HARD_NEGATIVE})",
            highlight=False,
            soft_wrap=True,
        )
    out.print(f"Next: ./patrol dataset check {source.folder}", highlight=False, soft_wrap=True)


def _class_table(source: Source, boxes: Mapping[str, int]) -> Table:
    table = Table("their class", "means", "boxes")
    unmapped = source.unmapped()
    for name in source.names:
        means = source.category_of(name) or "null: hard negative"
        table.add_row(escape(name), "[yellow]nothing yet[/]" if name in unmapped else means, str(boxes.get(name, 0)))
    return table


@app.command()
def check(
    folders: Annotated[list[Path], typer.Argument(help="source folders; leaks are looked for across all of them")],
    json_file: Annotated[Path | None, typer.Option("--json", help="write everything found into this file too")] = None,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="find cropped and sheared copies across splits too; slower"),
    ] = False,
    everything: Everything = False,
) -> None:
    """Find what is wrong with labelled pictures, by file. Ends with 1 where there are errors, 0 with warnings only.

    [red]errors[/]: unreadable pictures and labels, boxes outside the picture, and leaks: one photo, even mirrored or
    turned, in two splits. [yellow]warnings[/]: tiny and double boxes, class names that map nowhere, copies within a
    split. [dim]information[/]: pictures without labels, labels without a picture.
    """
    with one_clear_line():
        tracks = Tracks(tracked("checking"), tracked("comparing", "pairs"))
        report = check_sources([read_source(folder) for folder in folders], tracks, thorough)
        if json_file:
            _write_report(report, folders, json_file)
    _show_report(report, everything)
    raise typer.Exit(0 if report.passed else 1)


def _write_report(report: Report, folders: Sequence[Path], file: Path) -> None:
    table = {
        "folders": [str(folder) for folder in folders],
        "passed": report.passed,
        "pictures": dict(report.pictures),
        "boxes": dict(report.boxes),
        "counts": {kind.value: count for kind, count in report.counts().items()},
        "problems": [_row(problem) for problem in report.problems],
    }
    try:
        file.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}") from None


def _row(problem: Problem) -> dict[str, str]:
    return {
        "kind": problem.kind.value,
        "severity": problem.severity.value,
        "file": problem.file,
        "reason": problem.reason,
    }


def _show_report(report: Report, everything: bool) -> None:
    counts = report.counts()
    for kind, (severity, words) in MEANING.items():
        lines = [f"  {escape(f'{p.file}: {p.reason}')}" for p in report.problems if p.kind == kind]
        if lines:
            out.print(f"{MARKS[severity]} [bold]{words}: {counts[kind]}[/]", highlight=False, soft_wrap=True)
            _print_some(lines, everything)
    looked = ", ".join(f"{count} {split}" for split, count in report.pictures.items())
    boxes = sum(report.boxes.values())
    out.print(f"looked at {looked}: {boxes} boxes", highlight=False, soft_wrap=True)
    by_severity = Counter(problem.severity for problem in report.problems)
    total = ", ".join(f"{by_severity[severity]} {_plural(severity, by_severity[severity])}" for severity in Severity)
    out.print(f"{'[green]✓[/]' if report.passed else MARKS[Severity.error]} {total}", highlight=False)


def _plural(severity: Severity, count: int) -> str:
    return severity.value if count == 1 or severity == Severity.information else f"{severity.value}s"


@app.command()
def show(
    folder: SourceFolder,
    to: Annotated[Path, typer.Option("--out", help="the picture to write: .jpg or .png")] = Path("contact_sheet.jpg"),
    split: Annotated[str, typer.Option(help="only this split: train, val, test …")] = "",
    category: Annotated[
        str, typer.Option(help="only pictures with this class (ours or theirs), or 'none': those without boxes")
    ] = "",
    count: Annotated[int, typer.Option(min=1, max=400, help="how many pictures")] = 24,
    seed: Annotated[int, typer.Option(help="another number draws other pictures")] = 0,
) -> None:
    """Write a contact sheet: pictures drawn by lot, with their boxes and class names. Look at it before you train."""
    with one_clear_line():
        sheet = contact_sheet(read_source(folder), Choice(split, category, count, seed), tracked("drawing"))
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            sheet.image.save(to, quality=JPEG_QUALITY)
        except (OSError, ValueError) as error:
            raise BadInput(f"{to} cannot be written: {error} (name a .jpg or .png file)") from None
    out.print(f"[green]✓[/] {escape(str(to))}: {sheet.shown} of {sheet.of} pictures", highlight=False, soft_wrap=True)


@app.command()
def export(
    folder: SourceFolder,
    into: Annotated[Path, typer.Argument(help="the folder to make; must not exist yet")],
    format_: Annotated[ExportFormat, typer.Option("--format", help="whose format")] = ExportFormat.yolo,
) -> None:
    """Write a source folder in another tool's format, pictures included. Class names stay the source's own."""
    with one_clear_line():
        source = read_source(folder)
        count = export_source(source, into, format_, tracked(f"exporting {format_}"))
    out.print(f"[green]✓[/] {escape(str(into))}: {count} pictures as {format_}", highlight=False, soft_wrap=True)
    missing = [split for split in NEEDED_BY_ULTRALYTICS if split not in splits(source)]
    if format_ == ExportFormat.yolo and missing:
        out.print(f"[yellow]![/] no {missing[0]} split: ultralytics will ask for one", highlight=False)
