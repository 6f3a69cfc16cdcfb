"""The town's calendar: the published holidays of a kept library, with a table that overrides them day by day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import chinese_calendar
import sqlalchemy as sa
from chinese_calendar import constants
from sqlalchemy import Connection

from pipeline.adapters.audit import note_audit
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.repositories import bump, insert_or, upsert
from pipeline.adapters.tables_calendar import calendar_days, calendar_years
from pipeline.domain.audit import Audit
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.working_time import SATURDAY, WeekCalendar

TOPIC = SUBJECT = "calendar"
LIBRARY_UNTIL = date(max(constants.holidays).year, 12, 31)
FIRST_YEAR, LAST_YEAR = 2004, 2100
LONGEST_NOTE = 120
WARN_BEFORE = timedelta(days=60)
"""The State Council publishes the next year's arrangement in November."""
WITHOUT_ARRANGEMENT = WeekCalendar()


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who changes a setting, and when."""

    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TownCalendar:
    """Port WorkCalendar: a day of the table, else the library, else weekends and the dates that the law fixes."""

    days: Mapping[date, bool] = field(default_factory=dict)
    years: frozenset[int] = frozenset()
    """Years whose arrangement people entered as complete."""

    @property
    def known_until(self) -> date:
        last = LIBRARY_UNTIL
        while last.year + 1 in self.years:
            last = last.replace(year=last.year + 1)
        return last

    def knows(self, year: int) -> bool:
        return FIRST_YEAR <= year <= LIBRARY_UNTIL.year or year in self.years

    def is_working_day(self, day: date) -> bool:
        set_by_people = self.days.get(day)
        return set_by_people if set_by_people is not None else is_published_working_day(day)


def is_published_working_day(day: date) -> bool:
    """As the library says, without the table; beyond its years by weekends and the dates that the law fixes."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return WITHOUT_ARRANGEMENT.is_working_day(day)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day as people look at it."""

    day: date
    working: bool
    published: bool
    """What it would be without the table."""
    name_zh: str = ""
    name_en: str = ""
    """Of the festival that the library names."""
    note: str | None = None
    """Of the table's row; None: there is none."""
    set_by: str | None = None
    arranged: bool = False
    """Came with a year's arrangement, not by a single change."""

    @property
    def overridden(self) -> bool:
        return self.note is not None

    @property
    def kind(self) -> str:
        """working, weekend, holiday (a day off in the week or of a festival) or make_up (a worked weekend)."""
        weekend = self.day.weekday() >= SATURDAY
        if self.working:
            return "make_up" if weekend else "working"
        return "weekend" if weekend and not self.name_zh and not self.overridden else "holiday"


@dataclass(frozen=True, slots=True)
class ArrangedDay:
    """A line of a year's arrangement."""

    day: date
    working: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """How far the calendar is known, seen from today."""

    known_until: date
    days_left: int
    """Below zero once it is past."""

    @property
    def ended(self) -> bool:
        return self.days_left < 0

    @property
    def ends_soon(self) -> bool:
        return self.days_left <= WARN_BEFORE.days

    @property
    def warning(self) -> str | None:
        """One line that says what to do."""
        if not self.ends_soon:
            return None
        ends = "ended" if self.ended else "ends"
        following = self.known_until.year + 1
        return (
            f"the holiday calendar {ends} on {self.known_until}: enter the arrangement of {following} on /calendar "
            f"or by ./patrol calendar import; until then its deadlines go by weekends and fixed dates"
        )


def knowledge_of(calendar: TownCalendar, today: date) -> Knowledge:
    return Knowledge(calendar.known_until, (calendar.known_until - today).days)


def town_calendar(connection: Connection) -> TownCalendar:
    days = connection.execute(sa.select(calendar_days.c.day, calendar_days.c.working)).all()
    years = connection.scalars(sa.select(calendar_years.c.year)).all()
    return TownCalendar({row.day: row.working for row in days}, frozenset(years))


def year_row(connection: Connection, year: int) -> FlatRow | None:
    """Who entered the arrangement of a year; None where nobody did."""
    return connection.execute(sa.select(calendar_years).where(calendar_years.c.year == year)).one_or_none()


def days_of_year(connection: Connection, year: int) -> list[CalendarDay]:
    """Every day of a year, in order. Raises BadInput for a year out of range."""
    first = first_of(year)
    query = sa.select(calendar_days).where(calendar_days.c.day.between(first, date(year, 12, 31)))
    rows = {row.day: row for row in connection.execute(query)}
    last = date(year, 12, 31).toordinal()
    return [_shown(day, rows.get(day)) for day in map(date.fromordinal, range(first.toordinal(), last + 1))]


def one_day(connection: Connection, day: date) -> CalendarDay:
    first_of(day.year)
    return _shown(day, connection.execute(sa.select(calendar_days).where(calendar_days.c.day == day)).one_or_none())


def first_of(year: int) -> date:
    """Raises BadInput for a year out of range."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadInput(f"the calendar goes from {FIRST_YEAR} to {LAST_YEAR}, not to {year}")
    return date(year, 1, 1)


def _shown(day: date, row: FlatRow | None) -> CalendarDay:
    published = is_published_working_day(day)
    name_zh, name_en = _festival(day)
    if row is None:
        return CalendarDay(day, published, published, name_zh, name_en)
    return CalendarDay(
        day, row.working, published, name_zh, name_en, row.note, row.set_by, row.arrangement is not None
    )  # fmt: skip


def _festival(day: date) -> tuple[str, str]:
    """Names of the festival to which a day off belongs; empty where there is none or the library knows none."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return "", ""
    if not off or name is None:
        return "", ""
    chinese = (getattr(holiday, "chinese", name) for holiday in constants.Holiday if holiday.value == name)
    return next(chinese, name), name


def set_day(connection: Connection, day: date, working: bool, note: str, stamp: Stamp) -> None:
    """Override one day. Raises BadInput."""
    before = one_day(connection, day)
    row = {
        "day": day, "working": working, "note": _note(note), "arrangement": None, "set_by": stamp.who, "at": stamp.at,
    }  # fmt: skip
    upsert(connection, calendar_days, [row], ["day"])
    _changed(connection, stamp, "changed", day.isoformat(), (before, one_day(connection, day)))


def revert_day(connection: Connection, day: date, stamp: Stamp) -> None:
    """Back to what is published. Raises NotFound where the day is not overridden."""
    before = one_day(connection, day)
    if not before.overridden:
        raise NotFound(f"{day} is not overridden")
    connection.execute(sa.delete(calendar_days).where(calendar_days.c.day == day))
    _changed(connection, stamp, "removed", day.isoformat(), (before, one_day(connection, day)))


def take_arrangement(
    connection: Connection, year: int, arranged: Sequence[ArrangedDay], note: str, stamp: Stamp
) -> int:
    """Enter a year's published arrangement whole: it replaces an earlier one, and days that people set singly stay.

    Gives the number of days written. Raises BadInput for days that lie outside, or twice, in it.
    """
    first_of(year)
    _refuse_foreign_days(year, arranged)
    connection.execute(sa.delete(calendar_days).where(calendar_days.c.arrangement == year))
    mark = {"year": year, "note": _note(note), "set_by": stamp.who, "at": stamp.at}
    upsert(connection, calendar_years, [mark], ["year"])
    rows = [
        {"day": line.day, "working": line.working, "note": _note(line.note), "arrangement": year,
         "set_by": stamp.who, "at": stamp.at}
        for line in arranged
    ]  # fmt: skip
    connection.execute(insert_or(connection, calendar_days).on_conflict_do_nothing(), rows)
    days = {line.day.isoformat(): "work" if line.working else "off" for line in arranged}
    note_audit(connection, Audit(stamp.at, stamp.who, "added", SUBJECT, str(year), after={"note": note, **days}))
    bump(connection, TOPIC)
    return len(rows)


def _refuse_foreign_days(year: int, arranged: Sequence[ArrangedDay]) -> None:
    """An arrangement may reach into the December before, whose weekends are worked for New Year."""
    if not any(not line.working for line in arranged):
        raise BadInput(f"an arrangement without a single day off cannot be that of {year}")
    seen: set[date] = set()
    for line in arranged:
        if line.day in seen:
            raise BadInput(f"{line.day} stands twice in the arrangement")
        seen.add(line.day)
        if line.day.year != year and (line.day.year, line.day.month) != (year - 1, 12):
            raise BadInput(f"{line.day} does not belong to {year}")


def _changed(
    connection: Connection, stamp: Stamp, action: str, subject: str, days: tuple[CalendarDay, CalendarDay]
) -> None:
    before, after = ({"working": day.working, "note": day.note} for day in days)
    note_audit(connection, Audit(stamp.at, stamp.who, action, SUBJECT, subject, before, after))
    bump(connection, TOPIC)


def _note(text: str) -> str:
    return text.strip()[:LONGEST_NOTE]
