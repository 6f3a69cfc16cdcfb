"""`./patrol evaluate`: how well weights find what is labelled, and how often they cry wolf."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import typer
from rich.markup import escape

from datasets.source import Sample, Source, read_source, samples
from flows.console import DEFAULT_HOME, Home, err, one_clear_line, out, progress
from flows.evaluation_tables import choice_table, pass_table, size_table, source_table
from flows.wiring import WEIGHTS
from models.evaluation import (
    DEFAULT_PASS,
    Evaluation,
    Look,
    Looked,
    Review,
    look_at,
    passes_of,
    source_folders,
    split_to_measure,
)
from models.evaluation import (
    evaluate as score_all,
)
from models.evaluation_curves import draw_curves
from models.evaluation_report import write_json
from models.mistakes import worst_mistakes
from models.mistakes_sheet import draw_sheet
from models.opening import Opened, open_file, open_registered
from models.registry import Registry
from models.thresholds import RULES, USUAL_RULE, ThresholdRule, card_yaml, choose_thresholds, of_sources
from pipeline.adapters.redactor import find_font
from pipeline.domain.detection import Pass
from pipeline.domain.errors import BadInput

VALIDATION = "val"
CHOOSING = "Choosing thresholds"
SERIES = "Series instead of stills"
CANVAS = re.compile(r"(\d+)x(\d+)")
CURVES_FILE, SHEET_FILE, JSON_FILE = "curves.png", "worst_mistakes.jpg", "evaluation.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured: samples a source, with the name of their split."""

    sources: tuple[tuple[Source, str, tuple[Sample, ...]], ...]
    refused: tuple[str, ...]

    @property
    def pictures(self) -> int:
        return sum(len(chosen) for _, _, chosen in self.sources)


def evaluate(
    data: Annotated[Path | None, typer.Option(help="a folder of source folders, or one source folder")] = None,
    weights: Annotated[
        str | None, typer.Option(help="beginning of a hash (./patrol model list), or a .pt file; default: as shipped")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="figures for machines; default: in --out")] = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="curves and worst mistakes; default: HOME/evaluation")
    ] = None,
    split: Annotated[
        str, typer.Option(help="a source without it gives val, test or train, and it is said")
    ] = VALIDATION,
    source: Annotated[list[str] | None, typer.Option(help="this source only; may be repeated")] = None,
    only: Annotated[
        Pass | None, typer.Option(help="this pass alone (fine takes some 3 to 9 times fast's time)")
    ] = None,
    second_look: Annotated[
        bool, typer.Option("--second-look/--no-second-look", help="review doubtful boxes as on patrol")
    ] = True,
    device: Annotated[
        str | None, typer.Option(help="openvino, cpu, cuda:0; default: openvino, for a .pt file cpu (by torch)")
    ] = None,
    canvas: Annotated[str | None, typer.Option(help="height x width of a .pt file's network, such as 384x640")] = None,
    choose: Annotated[
        bool,
        typer.Option("--choose-thresholds", help="on split val, as YAML for the model card", rich_help_panel=CHOOSING),
    ] = False,
    choose_on: Annotated[
        list[str] | None,
        typer.Option(help="CATEGORY=SOURCE,SOURCE: its threshold's sources; default: all", rich_help_panel=CHOOSING),
    ] = None,
    most_alarms: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="largest share of clean pictures alarmed (litter: 0.02)", rich_help_panel=CHOOSING
        ),
    ] = USUAL_RULE.most_alarms,
    series: Annotated[
        bool, typer.Option("--series", help="patrol composed days of fixed views", rich_help_panel=SERIES)
    ] = False,
    series_views: Annotated[int | None, typer.Option("--views", min=0, help="how many", rich_help_panel=SERIES)] = None,
    series_hours: Annotated[
        float | None, typer.Option("--hours", min=0.5, max=72, help="of each day", rich_help_panel=SERIES)
    ] = None,
    series_seed: Annotated[
        int | None, typer.Option("--seed", help="other days, other things", rich_help_panel=SERIES)
    ] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Measure weights on labelled pictures: what is found, what is wrong, alarms on clean pictures.

    DATA holds a folder a source: source.yaml and <split>/images, <split>/labels
    (YOLO text). A category that a source does not label has no precision there, but
    alarms on clean pictures are still counted: look at them in the contact sheet
    before you believe them. Figures carry 95 % intervals. No init is needed.

    Example: ./patrol evaluate --data pictures --source street_garbage --json figures.json
    """
    cv2.setNumThreads(1)
    with one_clear_line():
        if series:
            hours = None if series_hours is None else (0.0, series_hours)
            wishes = {"data": data, "views": series_views, "hours": hours, "seed": series_seed, "out": to}
            _series(weights, wishes | {"json": json_file}, home)
            return
        if data is None:
            raise BadInput("say what to measure on: --data FOLDER (or --series)")
        wanted = wanted_of(data, split, source or [])
        opened = opened_of(weights, home, device, canvas)
        evaluation = evaluation_of(wanted, opened, only, second_look)
        show(evaluation)
        folder = to or home / "evaluation"
        keep(evaluation, folder, json_file or folder / JSON_FILE)
        if choose:
            choose_and_print(evaluation, choose_on or [], most_alarms)
    if wanted.refused:
        raise typer.Exit(1)


def _series(weights: str | None, wishes: Mapping[str, Any], home: Path) -> None:
    """`wishes` are fields of SeriesOptions; what nobody wished for keeps its default."""
    from flows.cli_series import SeriesOptions, evaluate_series, looking_at  # noqa: PLC0415  # loads a whole town

    given = {name: value for name, value in wishes.items() if value is not None}
    evaluate_series(looking_at(home, weights), SeriesOptions(**given))


def wanted_of(folder: Path, split: str, only: Sequence[str]) -> Wanted:
    """Sources with a broken file are said and left out. Raises BadInput where nothing is left."""
    folders = source_folders(folder)
    names = {path.resolve().name: path for path in folders}
    strange = [name for name in only if name not in names]
    if strange:
        raise BadInput(f"no source {', '.join(strange)} in {folder}: there are {', '.join(names)}")
    sources, refused = [], []
    for path in (names[name] for name in only) if only else folders:
        try:
            source = read_source(path)
            chosen = split_to_measure(source, split)
            sources.append((source, chosen, tuple(samples(source, chosen))))
        except BadInput as error:
            refused.append(str(error))
            err.print(f"[bold red]✗[/] left out: {escape(str(error))}", highlight=False, soft_wrap=True)
            continue
        if chosen != split:
            err.print(f"[yellow]![/] {source.folder.name} has no split {split}: measured on its {chosen}")
    if not any(chosen for _, _, chosen in sources):
        raise BadInput(f"{folder} has no pictures to measure on")
    return Wanted(tuple(sources), tuple(refused))


def opened_of(weights: str | None, home: Path, device: str | None, canvas: str | None) -> Opened:
    """Raises BadInput, NotFound, WeightsRefused."""
    exports = home / "models" / "exports"
    with progress("") as bar:
        bar.add_task("loading the weights", total=None)
        if weights is not None and (weights.endswith(".pt") or "/" in weights):
            return open_file(Path(weights), _canvas(canvas), device, exports)
        if canvas is not None:
            raise BadInput("--canvas is for a .pt file; registered weights have theirs in their card")
        return open_registered(Registry(WEIGHTS, exports), weights, device, exports / "ultralytics")


def _canvas(canvas: str | None) -> tuple[int, int] | None:
    if canvas is None:
        return None
    told = CANVAS.fullmatch(canvas)
    if told is None:
        raise BadInput(f"--canvas {canvas}: wanted is height x width, such as 384x640")
    return int(told[1]), int(told[2])


def second_look_of() -> Review:
    from models.second_look import SecondLook  # noqa: PLC0415  # loads its readers

    return SecondLook().review


def evaluation_of(wanted: Wanted, opened: Opened, only: Pass | None, second_look: bool) -> Evaluation:
    passes, default = ((only,), only) if only else (tuple(Pass), DEFAULT_PASS)
    review = second_look_of() if second_look else None
    look = passes_of(opened.detector, opened.card.image_size, review, passes, default)
    return score_all(_looked(wanted, look), opened.card, passes, default)


def _looked(wanted: Wanted, look: Look) -> list[tuple[Source, str, list[Looked]]]:
    """Pictures that are none are said and left out."""
    looked = []
    with progress("pictures") as bar:
        going = bar.add_task("looking", total=wanted.pictures)
        for source, split, chosen in wanted.sources:
            bar.update(going, description=f"looking at {source.folder.name}")
            good, bad = look_at(chosen, look, lambda: bar.advance(going))
            looked.append((source, split, good))
            for line in bad:
                err.print(f"[yellow]![/] left out: {escape(line)}", highlight=False, soft_wrap=True)
    return looked


def show(evaluation: Evaluation) -> None:
    second = "with its second look" if evaluation.first_look else "without a second look"
    out.print(
        f"weights [bold]{evaluation.model}[/], {evaluation.default.value} pass {second}; "
        "second lines are 95 % intervals",
        highlight=False,
    )
    for scores in evaluation.usual.values():
        out.print(source_table(scores, evaluation.classes))
    out.print(size_table(evaluation.usual))
    if len(evaluation.passes) > 1 or evaluation.first_look:
        out.print(pass_table(evaluation))


def keep(evaluation: Evaluation, folder: Path, json_file: Path) -> None:
    font = find_font()
    title = f"{evaluation.model} · {evaluation.default.value} pass"
    write_json(evaluation, json_file)
    draw_curves(evaluation.usual, folder / CURVES_FILE, title, font)
    draw_sheet(worst_mistakes(evaluation.usual.values(), evaluation.classes), folder / SHEET_FILE, title, font)
    out.print(f"[green]✓[/] {json_file}, {folder / CURVES_FILE}, {folder / SHEET_FILE}", soft_wrap=True)


def choose_and_print(evaluation: Evaluation, choose_on: Sequence[str], most_alarms: float) -> None:
    """Only sources measured on validation pictures count. Raises BadInput where there is none."""
    validating = {key for key, scores in evaluation.usual.items() if scores.split == VALIDATION}
    if not validating:
        raise BadInput("thresholds are chosen on split val only, and no source here has it")
    places = {code: keys & validating for code, keys in _places(choose_on, evaluation).items()}
    usual = ThresholdRule(most_alarms)
    matches = {
        (code, found_by): of_sources(sources, code, places.get(code, validating))
        for found_by, sources in evaluation.passes.items()
        for code in evaluation.classes
        if code in next(iter(sources.values())).categories
    }
    choices = choose_thresholds(matches, {code: RULES.get(code, usual) for code, _ in matches})
    out.print(choice_table(choices))
    out.print(card_yaml(choices), highlight=False, markup=False)


def _places(choose_on: Sequence[str], evaluation: Evaluation) -> dict[str, set[str]]:
    places = {}
    for wish in choose_on:
        code, _, names = wish.partition("=")
        keys = {name for name in names.split(",") if name}
        strange = keys - set(evaluation.usual)
        if not keys or strange:
            raise BadInput(f"--choose-on {wish}: wanted is CATEGORY=SOURCE,SOURCE of {', '.join(evaluation.usual)}")
        places[code] = keys
    return places
