"""Figures as they are reported: every rate with what it is a rate of, nothing left out of sight."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from pipeline.domain.intervals import Interval, wilson
from pipeline.domain.ticket import ENDED, Status

NOT_CONFIRMED = frozenset({Status.awaiting_review, Status.dismissed})


@dataclass(frozen=True, slots=True)
class Rate:
    part: int
    whole: int

    @property
    def share(self) -> float | None:
        """None where there is nothing to be a share of."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> Interval | None:
        """95 % (Wilson)."""
        return wilson(self.part, self.whole)


class CountRow(Protocol):
    """Tickets that share unit, category, kind and status."""

    @property
    def status(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def recurring(self) -> int: ...
    @property
    def reworked(self) -> int: ...
    @property
    def overdue(self) -> int: ...
    @property
    def in_time(self) -> int: ...
    @property
    def judged(self) -> int: ...


Row = TypeVar("Row", bound=CountRow)
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Tally:
    """Tickets that belong together."""

    by_status: Mapping[str, int] = field(default_factory=dict)
    recurring: int = 0
    reworked: int = 0
    """Sent back at least once, whatever their status now."""
    overdue: int = 0
    """Due, and not put right yet."""
    in_time: int = 0
    judged: int = 0
    """Put right with a deadline, or overdue."""

    def of(self, *statuses: Status) -> int:
        return sum(self.by_status.get(status.value, 0) for status in statuses)

    @property
    def total(self) -> int:
        return sum(self.by_status.values())

    @property
    def open(self) -> int:
        return sum(count for status, count in self.by_status.items() if Status(status) not in ENDED)

    @property
    def confirmed(self) -> int:
        """All that a reviewer let through, suspended and void ones too."""
        return sum(count for status, count in self.by_status.items() if Status(status) not in NOT_CONFIRMED)

    @property
    def put_right(self) -> Rate:
        """Closed, of all confirmed: suspended, void and reworked ones stay in the denominator."""
        return Rate(self.of(Status.closed), self.confirmed)

    @property
    def put_right_without_void(self) -> Rate:
        return Rate(self.of(Status.closed), self.confirmed - self.of(Status.void))

    @property
    def on_time(self) -> Rate:
        """Put right in time, of those that were put right with a deadline or are overdue."""
        return Rate(self.in_time, self.judged)


def tally(rows: Iterable[CountRow]) -> Tally:
    by_status: dict[str, int] = {}
    sums = [0, 0, 0, 0, 0]
    for row in rows:
        by_status[row.status] = by_status.get(row.status, 0) + row.count
        for place, number in enumerate((row.recurring, row.reworked, row.overdue, row.in_time, row.judged)):
            sums[place] += number
    return Tally(by_status, *sums)


def tallies(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, Tally]:
    """By what `key` gives, the largest first."""
    parts: dict[Key, list[Row]] = {}
    for row in rows:
        parts.setdefault(key(row), []).append(row)
    counted = {part: tally(its) for part, its in parts.items()}
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1].total, str(pair[0]))))
