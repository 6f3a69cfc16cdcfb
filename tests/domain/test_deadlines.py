"""Deadlines against cases reckoned by hand, with the holidays of 2026 as the State Council published them.

Each case bears its reckoning. Times are those of Asia/Shanghai. Weekdays: 2026-03-10 is a Tuesday, 2026-12-31 a
Thursday.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.errors import BadInput
from pipeline.domain.working_time import (
    DEFAULT_HOURS,
    DeadlineTerms,
    Hours,
    WeekCalendar,
    amber_at,
    due_after_pause,
    due_at,
    hours_of,
    left_s,
)

TOWN = ZoneInfo("Asia/Shanghai")
HOUR_S = 3600.0

OFF_2026 = (
    ("2026-01-01", "2026-01-03"),  # 元旦
    ("2026-02-15", "2026-02-23"),  # 春节
    ("2026-04-04", "2026-04-06"),  # 清明节
    ("2026-05-01", "2026-05-05"),  # 劳动节
    ("2026-06-19", "2026-06-21"),  # 端午节
    ("2026-09-25", "2026-09-27"),  # 中秋节
    ("2026-10-01", "2026-10-07"),  # 国庆节
)
MAKE_UP_2026 = ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10")


def days_between(first: str, last: str) -> Iterator[date]:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        yield day
        day += timedelta(days=1)


PUBLISHED = {day: False for span in OFF_2026 for day in days_between(*span)} | {
    date.fromisoformat(day): True for day in MAKE_UP_2026
}
CALENDAR = WeekCalendar(PUBLISHED, date(2026, 12, 31))

W, D, N, U = (
    DeadlineClock.working_hours,
    DeadlineClock.working_days,
    DeadlineClock.natural_days,
    DeadlineClock.urgent_hours,
)
DAY_SHIFT = DEFAULT_HOURS
NIGHT_MARKET = hours_of("18:00-02:00")
LONG_DAY = hours_of("08:00-24:00")
STRAIGHT = hours_of("09:00-17:00")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOWN)


@dataclass(frozen=True)
class Case:
    start: str
    amount: int
    clock: DeadlineClock
    due: str
    hours: Hours = DAY_SHIFT


CASES = {
    # --- working hours, 8–12 and 14–18 ---
    # 9→11, nothing between.
    "an ordinary morning": Case("2026-03-10 09:00", 2, W, "2026-03-10 11:00"),
    # 11–12 is one hour, 14–15 the second.
    "over the lunch break": Case("2026-03-10 11:00", 2, W, "2026-03-10 15:00"),
    # 10–12 uses both hours up: due when the morning ends, not when the afternoon begins.
    "used up as lunch begins": Case("2026-03-10 10:00", 2, W, "2026-03-10 12:00"),
    # 12:30 is in the break: 14–15.
    "a start in the lunch break": Case("2026-03-10 12:30", 1, W, "2026-03-10 15:00"),
    # 06:30 is before opening: 8–12.
    "a start before opening": Case("2026-03-10 06:30", 4, W, "2026-03-10 12:00"),
    # Tuesday 19:00 is after closing: Wednesday 8–11.
    "a start after closing": Case("2026-03-10 19:00", 3, W, "2026-03-11 11:00"),
    # Tuesday 17–18 is one, Wednesday 8–11 three.
    "over a night": Case("2026-03-10 17:00", 4, W, "2026-03-11 11:00"),
    # Friday 16–18 is two, Monday 8–10 two.
    "over a weekend": Case("2026-03-13 16:00", 4, W, "2026-03-16 10:00"),
    # Sunday is no working day: Monday 8–12.
    "a start on a Sunday": Case("2026-03-15 10:00", 4, W, "2026-03-16 12:00"),
    # Friday 18:00 sharp is closed already: Monday 8–9.
    "a start at the very closing": Case("2026-03-13 18:00", 1, W, "2026-03-16 09:00"),
    # 14–18 is four: due as the day closes.
    "used up as the day closes": Case("2026-03-12 14:00", 4, W, "2026-03-12 18:00"),
    # Saturday 02-14 is a make-up day: 16–18 two; 15th to 23rd off; Tuesday the 24th 8–10 two.
    "into Spring Festival": Case("2026-02-14 16:00", 4, W, "2026-02-24 10:00"),
    # Friday 17–18 one; Saturday 02-14 is worked: 8–11 three.
    "onto the make-up Saturday before Spring Festival": Case("2026-02-13 17:00", 4, W, "2026-02-14 11:00"),
    # The 18th lies within the festival (15th–23rd): Tuesday the 24th 8–12.
    "a start within Spring Festival": Case("2026-02-18 09:00", 4, W, "2026-02-24 12:00"),
    # Saturday 09-19 is off, Sunday 09-20 is a make-up day: 8–10.
    "onto a make-up Sunday": Case("2026-09-19 10:00", 2, W, "2026-09-20 10:00"),
    # Wednesday 09-30 15–18 three; 10-01 to 10-07 off; Thursday the 8th 8–12 four makes seven, 14–15 the eighth.
    "over National Day": Case("2026-09-30 15:00", 8, W, "2026-10-08 15:00"),
    # Friday 10-09 17–18 one; make-up Saturday the 10th eight makes nine; Sunday off; Monday the 12th 8–9.
    "over a make-up Saturday and its Sunday": Case("2026-10-09 17:00", 10, W, "2026-10-12 09:00"),
    # Saturday 02-28 is a make-up day although the first of March is an ordinary Sunday: 28th 8–9.
    "onto the make-up Saturday after Spring Festival": Case("2026-02-27 18:30", 1, W, "2026-02-28 09:00"),
    # --- working days: due at 18:00, the day of the start is not counted ---
    # Wednesday is not counted, Thursday is the first.
    "one working day": Case("2026-03-11 09:00", 1, D, "2026-03-12 18:00"),
    # Wednesday after closing is still Wednesday: Thursday is the first.
    "one working day, from after closing": Case("2026-03-11 23:00", 1, D, "2026-03-12 18:00"),
    # Monday 07:00 is Monday: Tuesday is the first.
    "one working day, from before opening": Case("2026-03-16 07:00", 1, D, "2026-03-17 18:00"),
    # Friday is not counted, Saturday and Sunday are off, Monday is the first.
    "one working day over a weekend": Case("2026-03-13 10:00", 1, D, "2026-03-16 18:00"),
    # Sunday's clock starts as Monday opens; Monday is the first.
    "one working day, from a Sunday": Case("2026-03-15 10:00", 1, D, "2026-03-16 18:00"),
    # From Friday 02-13: Saturday 14th (make-up) first, the 24th second, the 25th third.
    "three working days over Spring Festival": Case("2026-02-13 10:00", 3, D, "2026-02-25 18:00"),
    # From within the festival: the 24th is the first.
    "one working day from within Spring Festival": Case("2026-02-20 12:00", 1, D, "2026-02-24 18:00"),
    # From Friday 02-27: Saturday the 28th (make-up) first, Sunday off, Monday 03-02 second.
    "two working days over a make-up Saturday": Case("2026-02-27 15:00", 2, D, "2026-03-02 18:00"),
    # From Thursday 04-02: Friday the 3rd first, the 4th to 6th off, Tuesday the 7th second.
    "two working days over Tomb-sweeping": Case("2026-04-02 16:00", 2, D, "2026-04-07 18:00"),
    # From Thursday 04-30: 05-01 to 05-05 off; 6th, 7th, 8th, and make-up Saturday the 9th is the fourth.
    "four working days over Labour Day": Case("2026-04-30 09:00", 4, D, "2026-05-09 18:00"),
    # Thursday 06-18 not counted; 19th–21st off; Monday the 22nd; this unit closes at 17:00.
    "one working day over Dragon Boat, own hours": Case("2026-06-18 10:00", 1, D, "2026-06-22 17:00", STRAIGHT),
    # --- natural days: to 23:59:59, the day of the start is not counted ---
    # Wednesday is not counted: to the end of Thursday.
    "one natural day": Case("2026-03-11 09:00", 1, N, "2026-03-12 23:59:59"),
    # From 09-30: October 1st, 2nd, 3rd; holidays count.
    "three natural days over National Day": Case("2026-09-30 17:00", 3, N, "2026-10-03 23:59:59"),
    # From Friday 02-27 one minute before midnight: 28th first, 03-01 (Sunday) second; 2026 has no 29th.
    "two natural days over the end of February": Case("2026-02-27 23:59", 2, N, "2026-03-01 23:59:59"),
    # --- urgent hours ---
    # 22:30 and three hours.
    "urgent over midnight": Case("2026-03-10 22:30", 3, U, "2026-03-11 01:30"),
    # The eve of the Year of the Horse and 24 hours: nobody's holiday.
    "urgent within Spring Festival": Case("2026-02-16 23:00", 24, U, "2026-02-17 23:00"),
    # --- own hours ---
    # Wednesday 23–02 is three, Thursday 18–19 the fourth.
    "night market, from late evening": Case("2026-03-11 23:00", 4, W, "2026-03-12 19:00", NIGHT_MARKET),
    # Friday 01:00 is still Thursday's shift: one hour to 02:00; Friday 18–19 the second.
    "night market, from after midnight": Case("2026-03-13 01:00", 2, W, "2026-03-13 19:00", NIGHT_MARKET),
    # Friday 23:00 to Saturday 02:00 is Friday's shift, three; Saturday's and Sunday's do not count; Monday 18–19.
    "night market, over a weekend": Case("2026-03-13 23:00", 4, W, "2026-03-16 19:00", NIGHT_MARKET),
    # Saturday 00:30 is Friday's shift, but Saturday 03:00 is nobody's: Monday 18–19.
    "night market, from a Saturday before dawn": Case("2026-03-14 03:00", 1, W, "2026-03-16 19:00", NIGHT_MARKET),
    # Thursday 01:00 is Wednesday's shift, Wednesday is not counted, Thursday's shift ends on Friday at 02:00.
    "night market, one working day": Case("2026-03-12 01:00", 1, D, "2026-03-13 02:00", NIGHT_MARKET),
    # Open to midnight: Tuesday 23–24 one, Wednesday 8–9 the second.
    "open until midnight": Case("2026-03-10 23:00", 2, W, "2026-03-11 09:00", LONG_DAY),
    # --- the year's end, nothing published for 2027 yet ---
    # Thursday 12-31 16–18 two; January 1st (Friday) is a holiday by law, 2nd and 3rd a weekend; Monday the 4th 8–10.
    "working hours over the year's end": Case("2026-12-31 16:00", 4, W, "2027-01-04 10:00"),
    # From Wednesday 12-30: Thursday the 31st first, Monday 01-04 second.
    "working days over the year's end": Case("2026-12-30 10:00", 2, D, "2027-01-04 18:00"),
    # Thursday 12-31 not counted: January 1st, 2nd.
    "natural days over the year's end": Case("2026-12-31 08:00", 2, N, "2027-01-02 23:59:59"),
    # 23:00 and two hours.
    "urgent over the year's end": Case("2026-12-31 23:00", 2, U, "2027-01-01 01:00"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_deadline_falls_where_a_hand_reckons_it(case: Case) -> None:
    due = due_at(local(case.start), Deadline(case.amount, case.clock), CALENDAR, case.hours, TOWN)
    assert due == local(case.due)
    assert due.tzinfo is UTC


ARRANGED = {
    # The town closes on Monday 01-04 too: two of four hours wait for Tuesday the 5th, 8–10.
    "a day off more": ({date(2027, 1, 4): False}, 4, W, "2027-01-05 10:00"),
    # Saturday 01-02 becomes a make-up day: 8–10 on that day.
    "a make-up Saturday": ({date(2027, 1, 2): True}, 4, W, "2027-01-02 10:00"),
    # From Thursday 12-31 the first working day is the made-up Saturday, the second Monday the 4th.
    "a make-up Saturday, in days": ({date(2027, 1, 2): True}, 2, D, "2027-01-04 18:00"),
    # New Year worked by order of the town: Friday 8–10.
    "New Year worked": ({date(2027, 1, 1): True}, 4, W, "2027-01-01 10:00"),
}


@pytest.mark.parametrize(("days", "amount", "clock", "due"), ARRANGED.values(), ids=ARRANGED.keys())
def test_an_overridden_day_counts_as_it_was_set(
    days: dict[date, bool], amount: int, clock: DeadlineClock, due: str
) -> None:
    calendar = WeekCalendar(PUBLISHED | days)
    assert due_at(local("2026-12-31 16:00"), Deadline(amount, clock), calendar, DAY_SHIFT, TOWN) == local(due)


@dataclass(frozen=True)
class Pause:
    start: str
    amount: int
    clock: DeadlineClock
    suspended: str
    left_h: float
    resumed: str
    due: str


PAUSES = {
    # Tuesday 16–17 is one of four; three left; Wednesday 9–12.
    "over a night": Pause("2026-03-10 16:00", 4, W, "2026-03-10 17:00", 3, "2026-03-11 09:00", "2026-03-11 12:00"),
    # Friday 16–18 two and Saturday 02-14 8–9 one of eight: five left. From within the festival: the 24th 8–12, 14–15.
    "over Spring Festival": Pause(
        "2026-02-13 16:00", 8, W, "2026-02-14 09:00", 5, "2026-02-18 10:00", "2026-02-24 15:00"
    ),
    # Due Thursday 18:00; at 10:00 there are 10–12 and 14–18, six. Friday 14–18 four, Monday 8–10 two.
    "in working days": Pause("2026-03-11 09:00", 1, D, "2026-03-12 10:00", 6, "2026-03-13 14:00", "2026-03-16 10:00"),
    # Six hours from 22:00; one used; five from 08:00.
    "urgent": Pause("2026-03-10 22:00", 6, U, "2026-03-10 23:00", 5, "2026-03-11 08:00", "2026-03-11 13:00"),
    # Thursday noon: 11:59:59 to the end of the day; the same from Saturday noon.
    "in natural days": Pause(
        "2026-03-11 09:00", 1, N, "2026-03-12 12:00", 12 - 1 / HOUR_S, "2026-03-14 12:00", "2026-03-14 23:59:59"
    ),
    # Suspended and resumed within lunch: one hour left then as before.
    "within lunch": Pause("2026-03-10 11:00", 2, W, "2026-03-10 12:10", 1, "2026-03-10 13:50", "2026-03-10 15:00"),
    # Due at 11:00; at 15:00 overdue by 11–12 and 14–15, two. Two open hours before Thursday 9:00 is Wednesday 17:00.
    "overdue": Pause("2026-03-10 09:00", 2, W, "2026-03-10 15:00", -2, "2026-03-12 09:00", "2026-03-11 17:00"),
    # Two of four left at Thursday 18:00, 12-31; resumed on Sunday 01-03: Monday the 4th 8–10.
    "over the year's end": Pause(
        "2026-12-31 16:00", 4, W, "2026-12-31 20:00", 2, "2027-01-03 09:00", "2027-01-04 10:00"
    ),
}


@pytest.mark.parametrize("case", PAUSES.values(), ids=PAUSES.keys())
def test_a_pause_gives_back_what_was_left(case: Pause) -> None:
    due = due_at(local(case.start), Deadline(case.amount, case.clock), CALENDAR, DAY_SHIFT, TOWN)
    left = left_s(local(case.suspended), due, case.clock, CALENDAR, DAY_SHIFT, TOWN)
    assert left == pytest.approx(case.left_h * HOUR_S)
    assert due_after_pause(local(case.resumed), left, case.clock, CALENDAR, DAY_SHIFT, TOWN) == local(case.due)


AMBER = {
    # Eight open hours from 8:00; a quarter, two, is left at 16:00.
    "working hours": (Deadline(8, W), "2026-03-10 08:00", 0.25, "2026-03-10 16:00"),
    # Tuesday 8:00 to Wednesday 18:00 is sixteen open hours; half is left as Tuesday closes.
    "working days": (Deadline(1, D), "2026-03-10 08:00", 0.5, "2026-03-10 18:00"),
    # Four hours; a quarter is left after three.
    "urgent": (Deadline(4, U), "2026-03-10 22:00", 0.25, "2026-03-11 01:00"),
    # Nothing is left only at the end.
    "never before it is due": (Deadline(2, W), "2026-03-10 11:00", 0.0, "2026-03-10 15:00"),
}


@pytest.mark.parametrize(("deadline", "start", "share", "amber"), AMBER.values(), ids=AMBER.keys())
def test_amber_shows_when_its_share_is_left(deadline: Deadline, start: str, share: float, amber: str) -> None:
    assert amber_at(local(start), deadline, share, CALENDAR, DAY_SHIFT, TOWN) == local(amber)


def test_terms_without_a_deadline_bind_to_nothing() -> None:
    terms = DeadlineTerms(None, DAY_SHIFT, CALENDAR)
    assert (terms.due_at(local("2026-03-10 09:00"), TOWN), terms.amber_at(local("2026-03-10 09:00"), TOWN)) == (
        None,
    ) * 2


def test_hours_are_read_as_people_write_them() -> None:
    assert hours_of("8:00～12:00，14:00—18:00") == DEFAULT_HOURS
    assert str(hours_of("18-24:00")) == "18:00-00:00"
    assert hours_of(str(NIGHT_MARKET)) == NIGHT_MARKET


@pytest.mark.parametrize(
    "text", ["", "8", "8:00-25:00", "8:61-9:00", "14:00-18:00,8:00-12:00", "8-12,11-15", "18-20,20-19", "-1-5", "八-九"]
)
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        hours_of(text)


def test_a_calendar_without_working_days_is_one_clear_error() -> None:
    class Never(WeekCalendar):
        def is_working_day(self, day: date) -> bool:
            return False

    for deadline in (Deadline(1, W), Deadline(1, D)):
        with pytest.raises(BadInput, match="too few working days"):
            due_at(local("2026-03-10 09:00"), deadline, Never(), DAY_SHIFT, TOWN)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(BadInput):
        due_at(datetime(2026, 3, 10, 9), Deadline(1, U), CALENDAR, DAY_SHIFT, TOWN)  # noqa: DTZ001


def test_hours_are_elapsed_hours_where_clocks_change() -> None:
    # Berlin skips 02:00–03:00 on 2026-03-29: three urgent hours from 01:00 end at 05:00 on the wall.
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 3, 29, 1, tzinfo=berlin)
    due = due_at(start, Deadline(3, U), CALENDAR, DAY_SHIFT, berlin)
    assert due.astimezone(berlin).hour == 5


MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001
CLOCKS = st.sampled_from(DeadlineClock)
AMOUNTS = st.integers(1, 40)
SHIFTS = st.sampled_from(
    (DAY_SHIFT, NIGHT_MARKET, LONG_DAY, STRAIGHT, hours_of("00:00-24:00"), hours_of("22:00-08:00"))
)


@given(first=MOMENTS, later=MOMENTS, amount=AMOUNTS, clock=CLOCKS, hours=SHIFTS)
def test_who_starts_later_is_never_due_earlier(
    first: datetime, later: datetime, amount: int, clock: DeadlineClock, hours: Hours
) -> None:
    first, later = sorted((first, later))
    due = [due_at(start, Deadline(amount, clock), CALENDAR, hours, TOWN) for start in (first, later)]
    assert first < due[0] <= due[1]


@given(start=MOMENTS, amount=AMOUNTS, clock=CLOCKS, hours=SHIFTS)
def test_more_time_is_due_later(start: datetime, amount: int, clock: DeadlineClock, hours: Hours) -> None:
    due = [due_at(start, Deadline(n, clock), CALENDAR, hours, TOWN) for n in (amount, amount + 1)]
    assert due[0] < due[1]


@given(start=MOMENTS, amount=AMOUNTS, hours=SHIFTS)
def test_working_hours_are_as_many_as_were_given(start: datetime, amount: int, hours: Hours) -> None:
    due = due_at(start, Deadline(amount, W), CALENDAR, hours, TOWN)
    assert left_s(start, due, W, CALENDAR, hours, TOWN) == amount * HOUR_S


@given(
    start=MOMENTS, amount=AMOUNTS, clock=CLOCKS, hours=SHIFTS,
    after=st.floats(0, 30 * 24 * HOUR_S), away=st.floats(0, 30 * 24 * HOUR_S),
)  # fmt: skip
def test_a_pause_neither_gains_nor_loses_time(  # also where it was overdue by then
    start: datetime, amount: int, clock: DeadlineClock, hours: Hours, after: float, away: float
) -> None:
    suspended = start + timedelta(seconds=after)
    due = due_at(start, Deadline(amount, clock), CALENDAR, hours, TOWN)
    left = left_s(suspended, due, clock, CALENDAR, hours, TOWN)
    resumed = suspended + timedelta(seconds=away)
    moved = due_after_pause(resumed, left, clock, CALENDAR, hours, TOWN)
    assert left_s(resumed, moved, clock, CALENDAR, hours, TOWN) == left
    if left > 0:
        assert due_after_pause(suspended, left, clock, CALENDAR, hours, TOWN) == due
        assert moved >= due


@given(start=MOMENTS, amount=AMOUNTS, clock=CLOCKS, share=st.floats(0, 1))
def test_amber_lies_between_start_and_due(start: datetime, amount: int, clock: DeadlineClock, share: float) -> None:
    deadline = Deadline(amount, clock)
    amber = amber_at(start, deadline, share, CALENDAR, DAY_SHIFT, TOWN)
    assume(share < 1)
    assert start <= amber <= due_at(start, deadline, CALENDAR, DAY_SHIFT, TOWN)
