"""Schedules as people read and choose them."""

import pytest

from api.cron_words import PlainSchedule, cron_words, plain_schedule
from pipeline.domain.cron import cron_of
from pipeline.domain.errors import BadInput


@pytest.mark.parametrize(
    ("line", "zh", "en"),
    [
        ("*/5 * * * *", "每天，全天每 5 分钟", "every 5 minutes all day, daily"),
        ("*/5 18-22 * * 1-5", "周一至周五，18:00–22:59 每 5 分钟", "every 5 minutes in 18:00–22:59, Mon to Fri"),
        ("0 9,14 * * *", "每天，09:00、14:00", "at 09:00, 14:00, daily"),
        ("0 9 1 * *", "每月 1 日，09:00", "at 09:00, on day 1 of the month"),
        ("0 0 29 2 *", "2 月的 29 日，00:00", "at 00:00, on day 29 of the month in month 2"),
        ("nonsense", "nonsense", "nonsense"),
    ],
)
def test_people_read_a_sentence(line: str, zh: str, en: str) -> None:
    assert cron_words(line) == (zh, en)


@pytest.mark.parametrize("line", ["*/5 * * * *", "*/15 6-22 * * 1,2,3,4,5", "0 8-18 * * 0,6"])
def test_what_the_form_can_say_it_says_again_in_the_same_way(line: str) -> None:
    schedule = plain_schedule(line)
    assert schedule is not None
    assert cron_of(schedule.cron) == cron_of(line)


@pytest.mark.parametrize("line", ["7 * * * *", "*/5 1,5 * * *", "*/5 * 1 * *", "*/5 * * 1 *", "bad"])
def test_what_the_form_cannot_say_stays_a_line(line: str) -> None:
    assert plain_schedule(line) is None


def test_a_schedule_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadInput):
        _ = PlainSchedule(5, 18, 6).cron
