"""The figures as pages, JSON and exports show them, gathered in one look at the database."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from threading import Lock

from sqlalchemy import Connection

from pipeline.adapters import figure_looks, figure_queries, queries
from pipeline.adapters.figure_looks import Coverage
from pipeline.adapters.figure_queries import FigureFilter
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.tables import tickets
from pipeline.domain.figures import Rate, Tally, tallies, tally
from pipeline.domain.recall import Recall

MOST_VIEWS = 20
KEPT_FOR = timedelta(seconds=60)
MOST_KEPT = 32
Medians = Mapping[str | None, tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Precision:
    """What reviewers said of what the detector called by one name, or in one view."""

    code: str
    name: str
    right: int
    wrong: int
    allowed: int
    """Of the wrong ones: really there, but permitted."""

    @property
    def rate(self) -> Rate:
        return Rate(self.right, self.right + self.wrong)


@dataclass(frozen=True, slots=True)
class Figures:
    at: datetime
    whole: Tally
    by_unit: dict[str | None, Tally]
    by_kind: dict[str, Tally]
    by_category: dict[str, Tally]
    ages: Sequence[int]
    """Open tickets by class of age; see AGE_DAYS."""
    days: Sequence[FlatRow]
    median: tuple[float, int] | None
    """Hours from created to closed, and how many were closed."""
    median_by_unit: Medians
    median_by_category: Medians
    recurring: Sequence[FlatRow]
    precision_by_category: tuple[Precision, ...]
    precision_by_view: tuple[Precision, ...]
    """The views with the most false alarms."""
    recall: Recall | None
    recall_since: datetime | None
    coverage: Coverage
    categories: Mapping[str, tuple[str, str]]
    """Names by code: Chinese, English."""


def figures_of(connection: Connection, wanted: FigureFilter, zone: tzinfo, now: datetime) -> Figures:
    rows = figure_queries.counted(connection, wanted, now)
    names = {row.code: (row.name_zh, row.name_en) for row in queries.all_categories(connection)}
    judged = figure_queries.verdict_counts(connection, wanted)
    estimate = figure_looks.estimated_recall(connection, wanted, now)
    return Figures(
        at=now,
        whole=tally(rows),
        by_unit=tallies(rows, lambda row: row.unit),
        by_kind=tallies(rows, lambda row: row.kind),
        by_category=tallies(rows, lambda row: row.category),
        ages=figure_queries.ages(connection, wanted, now),
        days=figure_queries.by_day(connection, wanted, zone, now),
        median=figure_queries.median_hours(connection, wanted).get(None),
        median_by_unit=figure_queries.median_hours(connection, wanted, tickets.c.unit),
        median_by_category=figure_queries.median_hours(connection, wanted, tickets.c.category),
        recurring=figure_queries.recurring_places(connection, wanted),
        precision_by_category=_by_category(judged, names),
        precision_by_view=_by_view(connection, judged),
        recall=estimate[0] if estimate else None,
        recall_since=estimate[1] if estimate else None,
        coverage=figure_looks.coverage(connection, wanted),
        categories=names,
    )


Counts = dict[str, list[int]]


def _by_category(rows: Sequence[FlatRow], names: Mapping[str, tuple[str, str]]) -> tuple[Precision, ...]:
    counts = _summed((row.category, row) for row in rows)
    known = [code for code in names if code in counts] + [code for code in counts if code not in names]
    return tuple(Precision(code, names.get(code, (code,))[0], *counts[code]) for code in known)


def _by_view(connection: Connection, rows: Sequence[FlatRow]) -> tuple[Precision, ...]:
    counts = _summed((str(row.view_id), row) for row in rows if row.view_id is not None)
    worst = sorted(counts, key=lambda view: (-counts[view][1], int(view)))[:MOST_VIEWS]
    names = figure_queries.view_names(connection, [int(view) for view in worst])
    return tuple(Precision(view, names.get(int(view), view), *counts[view]) for view in worst)


def _summed(pairs: Iterable[tuple[str, FlatRow]]) -> Counts:
    counts: Counts = {}
    for key, row in pairs:
        sums = counts.setdefault(key, [0, 0, 0])
        for place, number in enumerate((row.right, row.wrong, row.allowed)):
            sums[place] += number
    return counts


@dataclass
class FigureMemory:
    """Figures of the last minute, so that a page looked at by many is counted once. Safe between threads."""

    kept: OrderedDict[tuple[FigureFilter, int], Figures] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def read(self, connection: Connection, wanted: FigureFilter, zone: tzinfo, now: datetime) -> Figures:
        """A minute old at most, and never from before the last change of a ticket."""
        key = (wanted, queries.sequence_of(connection, ("tickets",)))
        with self.lock:
            known = self.kept.get(key)
        if known is not None and timedelta(0) <= now - known.at < KEPT_FOR:
            return known
        figures = figures_of(connection, wanted, zone, now)
        with self.lock:
            self.kept[key] = figures
            while len(self.kept) > MOST_KEPT:
                self.kept.popitem(last=False)
        return figures
