"""The JSON of figures. Every rate bears its numerator and denominator."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from api.schemas import Share
from pipeline.domain.figures import Rate, Tally
from pipeline.domain.ticket import Status


class RateOut(BaseModel):
    part: int
    whole: int
    share: Share | None = Field(description="null: nothing to be a share of")


class MedianOut(BaseModel):
    hours: float
    closed: int


class TallyOut(BaseModel):
    """Tickets that belong together; none is left out of `by_status`."""

    total: int
    by_status: dict[Status, int]
    open: int
    overdue: int = Field(description="due, and not put right yet")
    recurring: int
    reworked: int = Field(description="sent back at least once, whatever their status now")
    put_right: RateOut = Field(description="closed of all confirmed, suspended and void ones in the denominator")
    put_right_without_void: RateOut
    on_time: RateOut = Field(description="in time, of those put right with a deadline or overdue")
    median: MedianOut | None = Field(None, description="from created to closed")


class PartOut(TallyOut):
    code: str | None = Field(description="unit, kind or category; null: no unit yet")


class AgeOut(BaseModel):
    from_days: int
    to_days: int | None = Field(description="null: and older")
    open: int


class DayFigure(BaseModel):
    day: date
    filed: int = Field(description="filed for review on that day")
    closed: int


class PlaceOut(BaseModel):
    site: str
    category: str
    recurring: int
    count: int
    last_at: datetime


class PrecisionOut(BaseModel):
    code: str = Field(description="a category, or a view's id")
    name: str
    right: int = Field(description="confirmed or redrawn")
    wrong: int = Field(description="dismissed or relabelled")
    allowed: int = Field(description="of the wrong ones: really there, but permitted")
    share: Share | None
    low: Share | None = Field(description="95 % interval (Wilson)")
    high: Share | None


class RecallOut(BaseModel):
    since: datetime
    found: int = Field(description="frames with something that was found and confirmed")
    read: int = Field(description="sampled empty frames that a person read")
    missed: int = Field(description="those of them that hold something")
    sampling_share: Share
    share: Share | None
    low: Share | None
    high: Share | None


class SiteCoverageOut(BaseModel):
    site: str
    key_point: bool
    planned: int
    covered: int = Field(description="seen or unchanged; what was not looked at is not clean")


class CoverageOut(BaseModel):
    since: datetime | None = Field(description="start of the first round counted; large towns count their newest")
    rounds: int
    sites: list[SiteCoverageOut]


class FiguresOut(BaseModel):
    at: datetime
    since: datetime | None
    until: datetime | None
    whole: TallyOut
    by_unit: list[PartOut]
    by_kind: list[PartOut]
    by_category: list[PartOut]
    ages: list[AgeOut]
    days: list[DayFigure]
    recurring: list[PlaceOut]
    precision_by_category: list[PrecisionOut]
    precision_by_view: list[PrecisionOut] = Field(description="those with the most false alarms")
    recall: RecallOut | None = Field(description="null: no samples read yet, or narrowed to a unit or category")
    coverage: CoverageOut


class SiteOut(BaseModel):
    site: str
    latitude: float | None = Field(description="WGS-84")
    longitude: float | None
    key_point: bool
    count: int
    open: int
    overdue: int


def rate_out(rate: Rate) -> RateOut:
    return RateOut(part=rate.part, whole=rate.whole, share=rate.share)


def tally_out(its: Tally, median: tuple[float, int] | None = None) -> TallyOut:
    return TallyOut(
        total=its.total,
        by_status={Status(status): count for status, count in its.by_status.items()},
        open=its.open,
        overdue=its.overdue,
        recurring=its.recurring,
        reworked=its.reworked,
        put_right=rate_out(its.put_right),
        put_right_without_void=rate_out(its.put_right_without_void),
        on_time=rate_out(its.on_time),
        median=MedianOut(hours=round(median[0], 2), closed=median[1]) if median else None,
    )


def part_out(code: str | None, its: Tally, median: tuple[float, int] | None = None) -> PartOut:
    return PartOut(code=code, **tally_out(its, median).model_dump())
