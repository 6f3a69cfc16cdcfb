"""A year's arrangement of holidays as people type it from the State Council's notice: one line a day or a span."""

import csv
import re
from datetime import date, timedelta
from io import StringIO

from pipeline.adapters.calendars import ArrangedDay
from pipeline.domain.errors import BadInput

WORKED = frozenset({"班", "上班", "调休上班", "work", "working", "1"})
OFF = frozenset({"休", "放假", "off", "holiday", "0"})
HEADS = frozenset({"日期", "day", "date"})
EXAMPLE = "2027-02-05~2027-02-11,休,春节 or 2027-02-14,班,春节调休"
LONGEST_SPAN_DAYS = 15
MOST_LINES = 400
DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


def read_arrangement(text: str) -> list[ArrangedDay]:
    """All or nothing: half an arrangement would pass for a whole one. Raises BadInput that names every bad line."""
    arranged: list[ArrangedDay] = []
    bad: list[str] = []
    for number, row in enumerate(csv.reader(StringIO(text.lstrip("\ufeff").replace("，", ","))), start=1):
        fields = [value.strip() for value in row]
        if not any(fields) or fields[0].startswith("#") or fields[0].lower() in HEADS:
            continue
        try:
            arranged += _days_of(fields)
        except BadInput as error:
            bad.append(f"line {number}: {error}")
        if number > MOST_LINES:
            raise BadInput(f"more than {MOST_LINES} lines are no year's arrangement")
    if bad:
        raise BadInput("; ".join(bad))
    if not arranged:
        raise BadInput(f"no line in it; write such as {EXAMPLE}")
    return arranged


def _days_of(fields: list[str]) -> list[ArrangedDay]:
    if len(fields) < 2 or fields[1].lower() not in WORKED | OFF:
        raise BadInput(f"says neither 休 (off) nor 班 (work); write such as {EXAMPLE}")
    first, last = _span_of(fields[0])
    working, note = fields[1].lower() in WORKED, fields[2] if len(fields) > 2 else ""
    return [ArrangedDay(first + timedelta(days=place), working, note) for place in range((last - first).days + 1)]


def _span_of(text: str) -> tuple[date, date]:
    ends = [_date_of(part.strip()) for part in re.split(r"[~～至]", text)]
    first, last = ends[0], ends[-1]
    if len(ends) > 2 or not first <= last < first + timedelta(days=LONGEST_SPAN_DAYS):
        raise BadInput(f"{text!r} is no span of days")
    return first, last


def _date_of(text: str) -> date:
    found = DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        return date(*map(int, found.groups()))
    except ValueError:
        raise BadInput(f"{text!r} is no date; write such as 2027-02-05") from None
