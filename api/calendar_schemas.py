"""The JSON of calendar, working hours and deadlines. Days are local days of the town, `YYYY-MM-DD`."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Answer, Share
from pipeline.domain.deadline import DeadlineClock

Note = Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$", examples=["春节调休"])]
UnitName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00]*$", examples=["青禾社区"])]
CategoryCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$", examples=["litter"])]
HoursText = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$", examples=["08:00-12:00, 14:00-18:00"])]
DayKind = Literal["working", "weekend", "holiday", "make_up"]


class DayOut(Answer):
    day: date
    working: bool
    published: bool = Field(description="what it would be without an override")
    kind: DayKind = Field(description="make_up: a worked weekend (调休上班)")
    name_zh: str = Field(examples=["春节"])
    name_en: str = Field(examples=["Spring Festival"])
    overridden: bool
    note: str | None
    set_by: str | None


class YearOut(Answer):
    year: int
    known: bool = Field(description="false: nobody published or entered it; weekends and fixed holidays only")
    known_until: date
    warning: str | None = Field(description="what to do where the known years end soon")
    working_days: int
    days: list[DayOut]


class DayIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"working": True, "note": "调休上班"}]})
    working: bool
    note: Note = ""


class ArrangedDayIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    day: date
    working: bool
    note: Note = ""


class ArrangementIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "note": "国办发明电",
                    "days": [
                        {"day": "2027-01-01", "working": False, "note": "元旦"},
                        {"day": "2027-02-05", "working": False, "note": "春节"},
                        {"day": "2027-02-14", "working": True, "note": "春节调休"},
                    ],
                }
            ]
        },
    )
    note: Note = ""
    days: list[ArrangedDayIn] = Field(min_length=1, max_length=400)


class HoursOut(Answer):
    unit: str | None = Field(description="null: every unit without hours of its own")
    hours: HoursText


class HoursIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"unit": None, "hours": "08:30-12:00, 13:30-17:30"}]}
    )
    unit: UnitName | None = Field(None, description="null: every unit without hours of its own")
    hours: HoursText


class RuleOut(Answer):
    category: str
    unit: str | None = Field(description="null: every unit without a rule of its own")
    amount: int
    clock: DeadlineClock
    amber_share: Share = Field(description="amber shows when no more than this share of the time is left")


class RuleIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"category": "litter", "unit": None, "amount": 4, "clock": "working_hours", "amber_share": 0.25}
            ]
        },
    )
    category: CategoryCode
    unit: UnitName | None = None
    amount: int = Field(ge=1, le=999)
    clock: DeadlineClock
    amber_share: float = Field(0.25, ge=0, le=1)


class SpanOut(BaseModel):
    opens: datetime
    closes: datetime


class TrialOut(BaseModel):
    start: datetime
    amount: int | None = Field(description="null: nothing sets a deadline")
    clock: DeadlineClock | None
    hours: HoursText
    due_at: datetime | None
    amber_at: datetime | None
    counted: list[SpanOut] = Field(description="open spans that count, for the working clocks")
    known: bool = Field(description="false: it reaches into a year whose holidays nobody entered")
