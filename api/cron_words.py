"""A cron line as people read it, and the plain schedules that the plans' form offers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.domain.cron import Cron, cron_of
from pipeline.domain.errors import BadInput

DAYS_ZH = ("日", "一", "二", "三", "四", "五", "六")
DAYS_EN = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
WEEK = (1, 2, 3, 4, 5, 6, 0)
STEPS = (5, 10, 15, 20, 30, 60)
"""Minutes between rounds that the form offers."""
MOST_TIMES = 6
HOURS, MINUTES = frozenset(range(24)), frozenset(range(60))

Pair = tuple[str, str]
"""Chinese and English."""


def cron_words(line: str) -> Pair:
    """One sentence. A line that cannot be read is shown as it is."""
    try:
        cron = cron_of(line)
    except BadInput:
        return line, line
    when, on = _times(cron), _days(cron)
    return f"{on[0]}，{when[0]}", f"{when[1]}, {on[1]}"


def _times(cron: Cron) -> Pair:
    times = sorted((hour, minute) for hour in cron.hours for minute in cron.minutes)
    if len(times) <= MOST_TIMES and len(cron.minutes) < len(MINUTES):
        said = [f"{hour:02d}:{minute:02d}" for hour, minute in times]
        return "、".join(said), "at " + ", ".join(said)
    within = _hours(cron.hours)
    step = next((step for step in range(1, 31) if cron.minutes == frozenset(range(0, 60, step))), None)
    if step is not None:
        often = ("每分钟", "every minute") if step == 1 else (f"每 {step} 分钟", f"every {step} minutes")
    else:
        at = [str(minute) for minute in sorted(cron.minutes)]
        often = (f"每小时第 {'、'.join(at)} 分", f"at minute {', '.join(at)} of the hour")
    return f"{within[0]}{often[0]}", f"{often[1]} {within[1]}"


def _hours(hours: frozenset[int]) -> Pair:
    if hours == HOURS:
        return "全天", "all day"
    runs = _runs(sorted(hours))
    zh = "、".join(f"{first:02d}:00–{last:02d}:59" for first, last in runs)
    return f"{zh} ", "in " + ", ".join(f"{first:02d}:00–{last:02d}:59" for first, last in runs)


def _days(cron: Cron) -> Pair:
    parts = [] if cron.any_weekday else [_weekdays(cron.weekdays)]
    if not cron.any_day:
        days = [str(day) for day in sorted(cron.days)]
        parts.append((f"每月 {'、'.join(days)} 日", f"on day {', '.join(days)} of the month"))
    zh, en = (
        (" 或 ".join(part[0] for part in parts), " or ".join(part[1] for part in parts)) if parts else ("每天", "daily")
    )
    if len(cron.months) < 12:
        months = [str(month) for month in sorted(cron.months)]
        return f"{'、'.join(months)} 月的{zh.removeprefix('每月')}", f"{en} in month {', '.join(months)}"
    return zh, en


def _weekdays(weekdays: frozenset[int]) -> Pair:
    places = sorted(WEEK.index(day) for day in weekdays)
    runs = _runs(places)
    zh = [
        f"周{DAYS_ZH[WEEK[first]]}至周{DAYS_ZH[WEEK[last]]}" if last > first else f"周{DAYS_ZH[WEEK[first]]}"
        for first, last in runs
    ]
    en = [
        f"{DAYS_EN[WEEK[first]]} to {DAYS_EN[WEEK[last]]}" if last > first else DAYS_EN[WEEK[first]]
        for first, last in runs
    ]
    return "、".join(zh), ", ".join(en)


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Unbroken runs of rising numbers, by first and last."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


@dataclass(frozen=True, slots=True)
class PlainSchedule:
    """Every so many minutes, in an unbroken run of hours, on days of the week (0 is Sunday)."""

    every: int
    first_hour: int = 0
    last_hour: int = 23
    days: frozenset[int] = frozenset(range(7))

    @property
    def cron(self) -> str:
        """Raises BadInput."""
        if self.last_hour < self.first_hour or not self.days:
            raise BadInput("the last hour comes before the first, or no day is chosen")
        minutes = "0" if self.every == 60 else f"*/{self.every}"
        hours = "*" if (self.first_hour, self.last_hour) == (0, 23) else f"{self.first_hour}-{self.last_hour}"
        days = "*" if len(self.days) == 7 else _list(self.days)
        return f"{minutes} {hours} * * {days}"


def _list(numbers: Iterable[int]) -> str:
    return ",".join(str(number) for number in sorted(numbers))


def plain_schedule(line: str) -> PlainSchedule | None:
    """None where the form cannot say it: then the line itself is edited."""
    try:
        cron = cron_of(line)
    except BadInput:
        return None
    every = next((step for step in STEPS if cron.minutes == frozenset(range(0, 60, step))), None)
    runs = _runs(sorted(cron.hours))
    if every is None or len(runs) != 1 or len(cron.months) < 12 or not cron.any_day:
        return None
    return PlainSchedule(every, *runs[0], cron.weekdays)
