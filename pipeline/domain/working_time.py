"""The statutory clock: when a deadline falls, what is left of it, and how it goes on after a pause.

The rules, for all four clocks. Times are aware; days and hours are those of the town's zone.
- Urgent hours: every hour counts, day and night.
- Working hours: only the open hours of working days count. A start outside them counts from the next opening. What is
  used up exactly at closing falls due at that closing, not at the next opening.
- Working days: the day of the start is not counted, the next working day is the first, and it is due when the hours of
  the n-th one end (Civil Code, articles 201 and 203). A start on a day off counts from the next opening, whose day is
  then the first. Where hours run over midnight, a start within them belongs to the day on which they opened.
- Natural days: the day of the start is not counted; due at 23:59:59 of the n-th day after it. Holidays count like any
  other day and the last day is not moved by them: a street is swept on holidays too.

A pause keeps what is left *on that clock* (seconds of open hours for the working clocks, seconds for the others) and
gives back exactly that, so that pausing neither gains nor loses time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Protocol

from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.errors import BadInput

Span = tuple[time, time]
Opening = tuple[datetime, datetime]
"""Aware UTC: opens, closes."""

WORKING = frozenset({DeadlineClock.working_hours, DeadlineClock.working_days})
LAST_SECOND = time(23, 59, 59)
DEFAULT_AMBER_SHARE = 0.25
LONGEST_SEARCH_DAYS = 3660
NONE_LEFT = timedelta(0)
SATURDAY = 5
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day: New Year, Labour Day and National Day, as the State Council's rule of 2025 fixes them."""


class WorkCalendar(Protocol):
    @property
    def known_until(self) -> date:
        """The last day for which an arrangement of holidays was published; what comes later goes by weekends."""
        ...

    def is_working_day(self, day: date) -> bool: ...


@dataclass(frozen=True, slots=True)
class WeekCalendar:
    """Weekends and the holidays whose dates the law fixes; `days` differ. What is left where no arrangement is known:
    the festivals of the lunar calendar and all make-up days are missing from it."""

    days: Mapping[date, bool] = field(default_factory=dict)
    """Working or not, for single days."""
    known_until: date = date.min

    def is_working_day(self, day: date) -> bool:
        ordinary = day.weekday() < SATURDAY and (day.month, day.day) not in FIXED_HOLIDAYS
        return self.days.get(day, ordinary)


@dataclass(frozen=True, slots=True)
class Hours:
    """Open hours of a working day, local. A span that ends at or before its start ends on the next day."""

    spans: tuple[Span, ...]

    def __post_init__(self) -> None:
        """Raises BadInput for hours that are none, out of order or overlap, also with those of the next day."""
        if not self.spans:
            raise BadInput("hours need at least one span, such as 08:00-12:00")
        minutes = [self._minutes(span) for span in self.spans]
        for (_, closes), (opens, _) in pairwise(minutes):
            if opens < closes:
                raise BadInput(f"hours overlap or are out of order: {self}")
        if minutes[-1][1] > minutes[0][0] + DAY_MINUTES:
            raise BadInput(f"hours run into those of the next day: {self}")

    @staticmethod
    def _minutes(span: Span) -> tuple[float, float]:
        opens, closes = (at.hour * 60 + at.minute + at.second / 60 for at in span)
        return (opens, closes if closes > opens else closes + DAY_MINUTES)

    def __str__(self) -> str:
        """Such as 08:00-12:00, 14:00-18:00; `hours_of` reads it."""
        return ", ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in self.spans)


DAY_MINUTES = 24 * 60
DEFAULT_HOURS = Hours(((time(8), time(12)), (time(14), time(18))))


def hours_of(text: str) -> Hours:
    """Reads what `str(hours)` writes, with - or ~ or the long dash, and Chinese commas too. Raises BadInput."""
    plain = text.translate(str.maketrans("～~–—，、：", "----,,:"))
    spans: list[Span] = []
    for part in plain.replace("；", ",").replace(";", ",").split(","):
        opens, dash, closes = (word.strip() for word in part.partition("-"))
        try:
            if not dash:
                raise ValueError
            spans.append((_time_of(opens), _time_of(closes)))
        except ValueError:
            raise BadInput(f"{part.strip()!r} is no span of hours; write 08:00-12:00, 14:00-18:00") from None
    return Hours(tuple(spans))


def _time_of(text: str) -> time:
    """A midnight that ends a day may be written 24:00. Raises ValueError."""
    hour, _, minute = text.partition(":")
    whole = int(hour) * 60 + int(minute or 0)
    if not (hour.isdecimal() and (minute or "0").isdecimal() and 0 <= whole <= DAY_MINUTES and int(minute or 0) < 60):
        raise ValueError(text)
    return time(whole // 60 % 24, whole % 60)


@dataclass(frozen=True, slots=True)
class DeadlineTerms:
    """What binds a dispatch of one category to one unit."""

    deadline: Deadline | None
    """None: nothing sets one."""
    hours: Hours
    calendar: WorkCalendar
    amber_share: float = DEFAULT_AMBER_SHARE
    """Amber shows when no more than this share of the time is left; between 0 and 1."""

    def due_at(self, start: datetime, zone: tzinfo) -> datetime | None:
        return due_at(start, self.deadline, self.calendar, self.hours, zone) if self.deadline else None

    def amber_at(self, start: datetime, zone: tzinfo) -> datetime | None:
        if self.deadline is None:
            return None
        return amber_at(start, self.deadline, self.amber_share, self.calendar, self.hours, zone)


def due_at(start: datetime, deadline: Deadline, calendar: WorkCalendar, hours: Hours, zone: tzinfo) -> datetime:
    """Aware UTC. Raises BadInput where the calendar has no working day for ten years."""
    if deadline.clock is DeadlineClock.urgent_hours:
        return _utc(start) + timedelta(hours=deadline.amount)
    if deadline.clock is DeadlineClock.natural_days:
        last = start.astimezone(zone).date() + timedelta(days=deadline.amount)
        return _utc(datetime.combine(last, LAST_SECOND, zone))
    if deadline.clock is DeadlineClock.working_hours:
        return _after(_utc(start), timedelta(hours=deadline.amount), calendar, hours, zone)
    return _closing_of_nth_day(start, deadline.amount, calendar, hours, zone)


def amber_at(
    start: datetime, deadline: Deadline, amber_share: float, calendar: WorkCalendar, hours: Hours, zone: tzinfo
) -> datetime:
    """When no more than `amber_share` of the time, on the deadline's own clock, is left; aware UTC."""
    due = due_at(start, deadline, calendar, hours, zone)
    whole_s = left_s(start, due, deadline.clock, calendar, hours, zone)
    return due_after_pause(start, whole_s * (1 - amber_share), deadline.clock, calendar, hours, zone)


def left_s(
    now: datetime, due: datetime, clock: DeadlineClock, calendar: WorkCalendar, hours: Hours, zone: tzinfo
) -> float:
    """Seconds left on this clock: of open hours for the working clocks; below zero once overdue."""
    first, last = sorted((_utc(now), _utc(due)))
    if clock in WORKING:
        counted = open_between(first, last, calendar, hours, zone)
        left = sum((closes - opens for opens, closes in counted), NONE_LEFT)
    else:
        left = last - first
    return left.total_seconds() if due >= now else -left.total_seconds()


def due_after_pause(
    resumed_at: datetime, left_s: float, clock: DeadlineClock, calendar: WorkCalendar, hours: Hours, zone: tzinfo
) -> datetime:
    """When what was left at the pause is used up; earlier than `resumed_at` for what was overdue. Aware UTC.

    For amber after a pause, take from `left_s` what lay between amber and due: `left_s(amber, due, …)`.
    """
    resumed, left = _utc(resumed_at), timedelta(seconds=left_s)
    if clock not in WORKING or not left:
        return resumed + left
    if left > NONE_LEFT:
        return _after(resumed, left, calendar, hours, zone)
    return _before(resumed, -left, calendar, hours, zone)


def open_between(first: datetime, last: datetime, calendar: WorkCalendar, hours: Hours, zone: tzinfo) -> list[Opening]:
    """The open spans of working days within two moments, in their order."""
    spans = _openings(first, calendar, hours, zone, until=last)
    within = ((max(opens, _utc(first)), min(closes, _utc(last))) for opens, closes in spans)
    return [(opens, closes) for opens, closes in within if opens < closes]


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise BadInput("a time without a zone cannot start or end a deadline")
    return at.astimezone(UTC)


def _after(start: datetime, wanted: timedelta, calendar: WorkCalendar, hours: Hours, zone: tzinfo) -> datetime:
    """The moment at which `wanted` of open hours have passed since `start`."""
    left = wanted
    for opens, closes in _openings(start, calendar, hours, zone):
        open_from = max(opens, start)
        if closes <= open_from:
            continue
        if left <= closes - open_from:
            return open_from + left
        left -= closes - open_from
    raise BadInput("the calendar has too few working days for this deadline: look at its overridden days")


def _before(end: datetime, wanted: timedelta, calendar: WorkCalendar, hours: Hours, zone: tzinfo) -> datetime:
    """The moment from which `wanted` of open hours passed until `end`."""
    left, day = wanted, end.astimezone(zone).date()
    for _ in range(LONGEST_SEARCH_DAYS):
        for opens, closes in reversed(_openings_of(day, calendar, hours, zone)):
            open_until = min(closes, end)
            if open_until <= opens:
                continue
            if left <= open_until - opens:
                return open_until - left
            left -= open_until - opens
        day -= timedelta(days=1)
    raise BadInput("the calendar has too few working days for this deadline: look at its overridden days")


def _closing_of_nth_day(start: datetime, amount: int, calendar: WorkCalendar, hours: Hours, zone: tzinfo) -> datetime:
    day, counted = _day_of(start, calendar, hours, zone), 0
    for _ in range(LONGEST_SEARCH_DAYS):
        day += timedelta(days=1)
        counted += calendar.is_working_day(day)
        if counted == amount:
            return _openings_of(day, calendar, hours, zone)[-1][1]
    raise BadInput("the calendar has too few working days for this deadline: look at its overridden days")


def _day_of(at: datetime, calendar: WorkCalendar, hours: Hours, zone: tzinfo) -> date:
    """The local day to which a moment belongs: the one before where its hours are still open."""
    day = at.astimezone(zone).date()
    before = _openings_of(day - timedelta(days=1), calendar, hours, zone)
    return day - timedelta(days=1) if before and _utc(at) < before[-1][1] else day


def _openings(
    start: datetime, calendar: WorkCalendar, hours: Hours, zone: tzinfo, until: datetime | None = None
) -> Iterator[Opening]:
    """Open spans in their order, from the one that may still be open at `start`."""
    day = start.astimezone(zone).date() - timedelta(days=1)
    last = until.astimezone(zone).date() if until else day + timedelta(days=LONGEST_SEARCH_DAYS)
    while day <= last:
        yield from _openings_of(day, calendar, hours, zone)
        day += timedelta(days=1)


def _openings_of(day: date, calendar: WorkCalendar, hours: Hours, zone: tzinfo) -> list[Opening]:
    if not calendar.is_working_day(day):
        return []
    found = []
    for opens, closes in hours.spans:
        last = day if closes > opens else day + timedelta(days=1)
        found.append((_utc(datetime.combine(day, opens, zone)), _utc(datetime.combine(last, closes, zone))))
    return found
