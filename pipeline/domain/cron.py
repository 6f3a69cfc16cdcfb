"""Cron lines of five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday).

As everywhere, where both days are restricted one of them is enough.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.domain.errors import BadInput

FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = dict(zip(MONTH_NAMES, range(1, 13), strict=True))
WEEKDAYS = dict(zip(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), range(7), strict=True))
PART = re.compile(r"(?P<first>\*|[a-z0-9]+)(?:-(?P<last>[a-z0-9]+))?(?:/(?P<step>[0-9]{1,3}))?")
LONGEST = 60
FARTHEST = timedelta(days=366 * 5)
"""29 February comes within this."""


@dataclass(frozen=True, slots=True)
class Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    any_day: bool
    any_weekday: bool

    def falls_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday

    def after(self, at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The next times, aware UTC. A local time that the clocks leave out is left out here too."""
        local = at.astimezone(zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = local.replace(hour=0, minute=0, tzinfo=None)
        while day - local.replace(tzinfo=None) < FARTHEST:
            if self.falls_on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        run = day.replace(hour=hour, minute=minute, tzinfo=zone).astimezone(UTC)
                        if run > at and run.astimezone(zone).hour == hour:
                            yield run
            day += timedelta(days=1)


def cron_of(line: str) -> Cron:
    """Raises BadInput, naming the field."""
    fields = line.lower().split()
    if len(fields) != len(FIELDS) or len(line) > LONGEST:
        raise BadInput(f"{line[:LONGEST]!r} is no cron line; five fields such as '*/5 * * * *'")
    minutes, hours, days, months, weekdays = (
        _values(field, *bounds) for field, bounds in zip(fields, FIELDS, strict=True)
    )
    return Cron(
        minutes, hours, days, months, frozenset(day % 7 for day in weekdays), fields[2][0] == "*", fields[4][0] == "*"
    )


def _values(field: str, name: str, lowest: int, highest: int) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        found = PART.fullmatch(part)
        if found is None:
            raise BadInput(f"cron, {name}: {part!r} cannot be read; write *, a number, 1-5, or */5")
        first = lowest if found["first"] == "*" else _number(found["first"], name, lowest, highest)
        step = int(found["step"] or 1)
        if found["last"] is not None:
            last = _number(found["last"], name, lowest, highest)
        else:
            last = highest if found["first"] == "*" or found["step"] else first
        if step == 0 or last < first or (found["first"] == "*" and found["last"] is not None):
            raise BadInput(f"cron, {name}: {part!r} names no time")
        values |= set(range(first, last + 1, step))
    return frozenset(values)


def _number(text: str, name: str, lowest: int, highest: int) -> int:
    named = {"month": MONTHS, "weekday": WEEKDAYS}.get(name, {})
    number = named.get(text[:3] if text in named else text, int(text) if text.isascii() and text.isdigit() else -1)
    if not lowest <= number <= highest:
        raise BadInput(f"cron, {name}: {text!r} is not from {lowest} to {highest}")
    return number
