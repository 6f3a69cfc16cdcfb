"""What figures are asked for: a period of local days and what to narrow to; blank means any."""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.asked import Words
from pipeline.adapters.figure_queries import FigureFilter
from pipeline.domain.errors import BadInput

Period = Literal["7", "30", "90", "365", "all"]
EARLIEST, LATEST = date(2004, 1, 1), date(2099, 12, 31)


class FiguresAsked(BaseModel):
    model_config = ConfigDict(frozen=True)

    period: Period = Field("30", description="days up to today, where no `since` or `until` is given")
    since: date | None = Field(None, description="first local day", examples=["2026-11-01"])
    until: date | None = Field(None, description="last local day, included", examples=["2026-11-30"])
    unit: Words = None
    category: Words = Field(None, description="code of a category", examples=["litter"])
    site: Words = None

    @model_validator(mode="before")
    @classmethod
    def _blank_is_any(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value not in ("", [""])}

    def wanted(self, zone: tzinfo, now: datetime) -> FigureFilter:
        """Raises BadInput for a period that ends before it begins, or beyond the calendar."""
        first, last = self.days(zone, now)
        for day in (first, last):
            if day is not None and not EARLIEST <= day <= LATEST:
                raise BadInput(f"a period lies between {EARLIEST} and {LATEST}")
        if first and last and last < first:
            raise BadInput(f"a period cannot begin on {first} and end on {last}")
        since = datetime.combine(first, time(), zone) if first else None
        until = datetime.combine(last + timedelta(days=1), time(), zone) if last else None
        return FigureFilter(since, until, self.unit, self.category, self.site)

    def days(self, zone: tzinfo, now: datetime) -> tuple[date | None, date | None]:
        """First and last local day; None: open."""
        if self.since or self.until or self.period == "all":
            return self.since, self.until
        today = now.astimezone(zone).date()
        return today - timedelta(days=int(self.period) - 1), today
