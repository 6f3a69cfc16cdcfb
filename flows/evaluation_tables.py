"""What an evaluation says on the console: a table a source, sizes, and the passes side by side."""

from collections.abc import Mapping

from rich import box
from rich.table import Column, Table

from models.evaluation import CategoryScores, Evaluation, SourceScores
from models.scoring import SIZES, Interval, wilson
from models.thresholds import Choice
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.detection import Pass

NAMES = {category.code: f"{category.name_zh}\n{category.name_en}" for category in DEFAULT_CATEGORIES}
SIZE_HEADS = ("small\n< 32 px", "medium\n32-96 px", "large\n> 96 px", "long and\nthin")
NOTHING = "–"


def source_table(source: SourceScores, classes: tuple[str, ...]) -> Table:
    """Every category in one source; the second line of a cell is its 95 % interval."""
    table = _table(
        f"{source.key}, {source.split}: {len(source.pictures)} pictures",
        1, "category", "boxes", "AP50", "AP50-95", "precision", "recall", "clean pictures\nalarmed", "at score",
    )  # fmt: skip
    for code, scores in source.categories.items():
        name = NAMES.get(code, code)
        if not scores.labelled:
            name += "\n[dim]not labelled here[/]"
        if code not in classes:
            name += "\n[dim]no model yet[/]"
        table.add_row(name, str(scores.boxes) if scores.labelled else NOTHING, *_cells(scores))
    return table


def _cells(scores: CategoryScores) -> tuple[str, ...]:
    count, clean = scores.counted, scores.clean
    found = count.right + count.wrong
    alarmed = f"{clean.alarmed} of {clean.pictures}{_between(wilson(clean.alarmed, clean.pictures), percent=True)}"
    return (
        _share(scores.ap50) + _between(scores.ap50_interval),
        _share(scores.ap50_95),
        _share(scores.precision) + _between(wilson(count.right, found) if scores.boxes else None),
        _share(count.recall) + _between(wilson(count.right, scores.boxes)),
        alarmed,
        f"{scores.threshold:.2f}",
    )


def size_table(sources: Mapping[str, SourceScores]) -> Table:
    """Recall by size of what is there, for every source with boxes."""
    table = _table("recall by size of the thing", 2, "source", "category", *SIZE_HEADS)
    for key, source in sources.items():
        for code, scores in source.categories.items():
            if scores.boxes:
                table.add_row(key, NAMES.get(code, code), *(_found(*scores.sizes[size]) for size in SIZES))
    return table


def _found(found: int, boxes: int) -> str:
    return f"{found / boxes:.2f}\n[dim]{found} of {boxes}[/]" if boxes else NOTHING


def pass_table(evaluation: Evaluation) -> Table:
    """Each pass, and the default pass before its second look where that changed a figure."""
    table = _table(
        "pass by pass", 3, "source", "category", "pass", "AP50", "precision", "recall", "clean alarmed", "at score"
    )
    for key, source in evaluation.usual.items():
        for code in source.categories:
            if code in evaluation.classes:
                name = NAMES.get(code, code).split("\n")[0]
                for way, cells in _ways(evaluation, key, code):
                    table.add_row(key, name, way, *cells)
    return table


def _ways(evaluation: Evaluation, key: str, code: str) -> list[tuple[str, tuple[str, ...]]]:
    default = evaluation.default
    ways = [
        (f"{one.value}{' (default)' if one is default else ''}", _short(sources[key].categories[code]))
        for one, sources in evaluation.passes.items()
    ]
    if evaluation.first_look:
        before = _short(evaluation.first_look[key].categories[code])
        if before != _short(evaluation.usual[key].categories[code]):
            ways.append((f"{default.value}, no second look", before))
    return ways


def _short(scores: CategoryScores) -> tuple[str, ...]:
    clean = scores.clean
    shares = (_share(scores.ap50), _share(scores.precision), _share(scores.counted.recall))
    return *shares, f"{clean.alarmed} of {clean.pictures}", f"{scores.threshold:.2f}"


def choice_table(choices: Mapping[tuple[str, Pass], Choice | None]) -> Table:
    table = _table("chosen thresholds", 2, "category", "pass", "threshold", "precision", "recall", "clean alarmed")
    for (code, found_by), choice in choices.items():
        name = NAMES.get(code, code).replace("\n", " ")
        if choice is None:
            table.add_row(name, found_by.value, "[yellow]none obeys the rule[/]", NOTHING, NOTHING, NOTHING)
            continue
        shares = _share(choice.counted.precision), _share(choice.counted.recall)
        alarmed = f"{choice.clean.alarmed} of {choice.clean.pictures}"
        table.add_row(name, found_by.value, f"{choice.threshold:.2f}", *shares, alarmed)
    return table


def _table(title: str, names: int, *heads: str) -> Table:
    """The first `names` columns hold names, the others figures."""
    columns = [
        Column(head, justify="left", overflow="fold") if place < names else Column(head, justify="right")
        for place, head in enumerate(heads)
    ]
    return Table(*columns, title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _share(share: float | None) -> str:
    return NOTHING if share is None else f"{share:.3f}"


def _between(interval: Interval | None, percent: bool = False) -> str:
    if interval is None:
        return ""
    low, high = interval
    return f"\n[dim]{low:.0%}-{high:.0%}[/]" if percent else f"\n[dim]{low:.2f}-{high:.2f}[/]"
