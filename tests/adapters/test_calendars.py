"""The town's calendar and its deadlines on both databases."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import calendars, deadline_terms
from pipeline.adapters.audit import checked_chain
from pipeline.adapters.calendar_sheets import read_arrangement
from pipeline.adapters.calendars import ArrangedDay, Stamp, TownCalendar, knowledge_of, town_calendar
from pipeline.adapters.deadline_terms import EVERY_UNIT, DeadlineRule
from pipeline.adapters.tables import units
from pipeline.adapters.tables_people import audit_entries
from pipeline.adapters.unit_of_work import SqlUnitOfWork
from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.working_time import DEFAULT_HOURS, hours_of
from tests.domain.test_deadlines import PUBLISHED

TOWN = ZoneInfo("Asia/Shanghai")
STAMP = Stamp("王", datetime(2026, 11, 25, 2, tzinfo=UTC))
SHEET_2027 = """日期,安排,说明
# 虚拟的安排，仅供测试
2027-01-01~2027-01-03,休,元旦
2027年2月5日至2027年2月11日，休，春节
2027/2/14,班,春节调休
2026-12-27,班,元旦调休
"""
FOUR_HOURS = Deadline(4, DeadlineClock.working_hours)


def every_day_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=place) for place in range(365)]


def test_the_library_says_what_was_published_for_2026() -> None:
    calendar = TownCalendar()
    for day in every_day_of(2026):
        assert calendar.is_working_day(day) == PUBLISHED.get(day, day.weekday() < 5), day


def test_beyond_the_known_years_only_weekends_and_fixed_holidays_are_off() -> None:
    calendar = TownCalendar()
    off = [day for day in every_day_of(2027) if not calendar.is_working_day(day) and day.weekday() < 5]
    assert off == [date(2027, 1, 1), date(2027, 10, 1)]
    assert not calendar.knows(2027)


@pytest.mark.parametrize(
    ("today", "warned"),
    [(date(2026, 10, 31), False), (date(2026, 11, 1), True), (date(2026, 12, 31), True), (date(2027, 1, 1), True)],
)
def test_a_warning_comes_before_the_known_years_end(today: date, warned: bool) -> None:
    known = knowledge_of(TownCalendar(), today)
    assert known.known_until == date(2026, 12, 31)
    assert (known.warning is not None) == warned
    if warned:
        assert "2027" in str(known.warning)


def test_an_entered_year_is_known_and_its_days_hold(tried: Connection) -> None:
    assert calendars.take_arrangement(tried, 2027, read_arrangement(SHEET_2027), "国办", STAMP) == 12
    calendar = town_calendar(tried)
    named = calendars.one_day(tried, date(2027, 2, 14))
    assert calendar.known_until == date(2027, 12, 31)
    assert knowledge_of(calendar, date(2026, 12, 31)).warning is None
    assert [calendar.is_working_day(date(2027, 2, day)) for day in (4, 5, 11, 12, 14)] == [
        True,
        False,
        False,
        True,
        True,
    ]
    assert calendar.is_working_day(date(2026, 12, 27))
    assert (named.kind, named.note, named.published) == ("make_up", "春节调休", False)


def test_a_later_year_alone_does_not_bridge_the_gap() -> None:
    assert TownCalendar(years=frozenset({2028})).known_until == date(2026, 12, 31)
    assert TownCalendar(years=frozenset({2027, 2028})).known_until == date(2028, 12, 31)


def test_entering_a_year_again_replaces_it_but_not_what_was_set_singly(tried: Connection) -> None:
    calendars.set_day(tried, date(2027, 1, 2), True, "庙会", STAMP)
    calendars.take_arrangement(tried, 2027, read_arrangement(SHEET_2027), "", STAMP)
    calendars.take_arrangement(tried, 2027, [ArrangedDay(date(2027, 1, 1), False)], "", STAMP)
    assert town_calendar(tried).days == {date(2027, 1, 1): False, date(2027, 1, 2): True}


def test_an_override_beats_the_library_and_can_be_taken_back(tried: Connection) -> None:
    fair = date(2026, 2, 21)
    calendars.set_day(tried, fair, True, "庙会", STAMP)
    assert town_calendar(tried).is_working_day(fair)
    shown = calendars.one_day(tried, fair)
    assert (shown.overridden, shown.published, shown.set_by, shown.name_zh) == (True, False, "王", "春节")
    calendars.revert_day(tried, fair, STAMP)
    with pytest.raises(NotFound):
        calendars.revert_day(tried, fair, STAMP)
    assert not town_calendar(tried).is_working_day(fair)


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("2027-02-30,休", "line 1: '2027-02-30' is no date"),
        ("2027-01-01,休\n2027-01-04,也许", "line 2"),
        ("2027-01-03~2027-01-01,休", "no span"),
        ("2027-01-01~2027-03-01,休", "no span"),
        ("日期,安排", "no line in it"),
        ("2027-01-01", "neither"),
    ],
)
def test_a_sheet_with_a_bad_line_is_refused_whole(sheet: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_arrangement(sheet)


@pytest.mark.parametrize(
    "arranged",
    [
        [ArrangedDay(date(2027, 1, 1), False), ArrangedDay(date(2028, 1, 1), False)],
        [ArrangedDay(date(2027, 1, 1), False), ArrangedDay(date(2027, 1, 1), True)],
        [ArrangedDay(date(2027, 1, 2), True)],
    ],
)
def test_an_arrangement_that_cannot_be_one_is_refused(tried: Connection, arranged: list[ArrangedDay]) -> None:
    with pytest.raises(BadInput):
        calendars.take_arrangement(tried, 2027, arranged, "", STAMP)


def test_what_binds_a_dispatch_is_the_nearest_rule(tried: Connection) -> None:
    tried.execute(sa.insert(units).values(name="夜市办", tier=2))
    deadline_terms.set_rule(
        tried, DeadlineRule("litter", EVERY_UNIT, Deadline(6, DeadlineClock.urgent_hours), 0.5), STAMP
    )
    deadline_terms.set_rule(tried, DeadlineRule("litter", "夜市办", FOUR_HOURS, 0.1), STAMP)
    deadline_terms.set_hours(tried, "夜市办", hours_of("18:00-02:00"), STAMP)
    uow = SqlUnitOfWork(tried)
    own, every = uow.deadline_terms("litter", "夜市办"), uow.deadline_terms("litter", "青禾社区")
    default, nobody = uow.deadline_terms("illegal_ad", None), uow.deadline_terms("litter", None)
    with pytest.raises(NotFound):
        uow.deadline_terms("nonsense", None)
    assert (own.deadline, str(own.hours), own.amber_share) == (FOUR_HOURS, "18:00-02:00", 0.1)
    assert (every.deadline, every.hours, every.amber_share) == (
        Deadline(6, DeadlineClock.urgent_hours),
        DEFAULT_HOURS,
        0.5,
    )
    assert default.deadline == Deadline(1, DeadlineClock.working_days)
    assert nobody.deadline == every.deadline
    # 23:00 on a Wednesday: three hours to 02:00, the fourth from 18:00 on Thursday.
    assert own.due_at(datetime(2026, 3, 11, 23, tzinfo=TOWN), TOWN) == datetime(2026, 3, 12, 19, tzinfo=TOWN)


def test_rules_and_hours_go_back_to_what_they_were(tried: Connection) -> None:
    deadline_terms.set_rule(tried, DeadlineRule("litter", EVERY_UNIT, Deadline(9, DeadlineClock.natural_days)), STAMP)
    deadline_terms.set_hours(tried, EVERY_UNIT, hours_of("09:00-17:00"), STAMP)
    assert str(deadline_terms.deadline_terms(tried, "litter", None).hours) == "09:00-17:00"
    deadline_terms.drop_rule(tried, "litter", EVERY_UNIT, STAMP)
    deadline_terms.drop_hours(tried, EVERY_UNIT, STAMP)
    terms = deadline_terms.deadline_terms(tried, "litter", None)
    assert (terms.deadline, terms.hours) == (FOUR_HOURS, DEFAULT_HOURS)
    with pytest.raises(NotFound):
        deadline_terms.drop_rule(tried, "litter", EVERY_UNIT, STAMP)
    with pytest.raises(NotFound):
        deadline_terms.drop_hours(tried, EVERY_UNIT, STAMP)
    with pytest.raises(BadInput):
        deadline_terms.set_hours(tried, "无此单位", DEFAULT_HOURS, STAMP)


def test_every_change_is_in_the_audit_with_before_and_after(tried: Connection) -> None:
    day = date(2026, 12, 30)
    calendars.set_day(tried, day, False, "停电", STAMP)
    calendars.revert_day(tried, day, STAMP)
    calendars.take_arrangement(tried, 2027, read_arrangement(SHEET_2027), "", STAMP)
    deadline_terms.set_rule(tried, DeadlineRule("litter", EVERY_UNIT, FOUR_HOURS), STAMP)
    deadline_terms.drop_rule(tried, "litter", EVERY_UNIT, STAMP)
    deadline_terms.set_hours(tried, EVERY_UNIT, hours_of("09:00-17:00"), STAMP)
    entries = tried.execute(sa.select(audit_entries).order_by(audit_entries.c.id)).all()
    assert not checked_chain(tried).broken
    assert [(row.who, row.action, row.subject_kind, row.subject) for row in entries] == [
        ("王", "changed", "calendar", "2026-12-30"),
        ("王", "removed", "calendar", "2026-12-30"),
        ("王", "added", "calendar", "2027"),
        ("王", "added", "deadline", "litter · *"),
        ("王", "removed", "deadline", "litter · *"),
        ("王", "changed", "working_hours", "*"),
    ]
    assert entries[0].before == {"working": True, "note": None}
    assert entries[0].after == {"working": False, "note": "停电"}
    assert entries[5].before == {"hours": "08:00-12:00, 14:00-18:00"}
