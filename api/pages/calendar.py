"""Pages of the calendar and of deadlines."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.dependencies import Asking, Wired
from api.pages.drawing import Drawn
from api.routes.calendar import Day, Year, stamp_of, trial_of
from pipeline.adapters import calendars, deadline_terms, queries
from pipeline.adapters.calendar_sheets import read_arrangement
from pipeline.adapters.calendars import FIRST_YEAR, LAST_YEAR
from pipeline.adapters.deadline_terms import EVERY_UNIT, DeadlineRule
from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.ticket import Role
from pipeline.domain.working_time import hours_of

router = APIRouter(include_in_schema=False)

LONGEST_SHEET = 20_000
PER_CENT = 100
Text = Annotated[str, Form(max_length=200, pattern=r"^[^\x00]*$")]
UnitForm = Annotated[str, Form(max_length=80, pattern=r"^[^\x00]*$")]
CategoryForm = Annotated[str, Form(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
DEADLINES = "/calendar/deadlines"


class RuleForm(BaseModel):
    model_config = ConfigDict(frozen=True)
    category: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    unit: str = Field(EVERY_UNIT, max_length=80, pattern=r"^[^\x00]*$")
    amount: int = Field(ge=1, le=999)
    clock: DeadlineClock
    amber: float = Field(25, ge=0, le=PER_CENT)
    """Per cent of the time."""


class CalendarAsked(BaseModel):
    model_config = ConfigDict(frozen=True)
    year: int | None = Field(None, ge=FIRST_YEAR, le=LAST_YEAR)
    day: date | None = None


class TrialAsked(BaseModel):
    model_config = ConfigDict(frozen=True)
    category: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]{1,39}$")
    unit: str = Field("", max_length=80, pattern=r"^[^\x00]*$")
    start: datetime | None = None

    @field_validator("category", "start", mode="before")
    @classmethod
    def _blank_is_none(cls, given: object) -> object:
        return None if given == "" else given


@router.get("/calendar")
def show_calendar(
    request: Request, services: Wired, drawing: Drawn, person: Asking, asked: Annotated[CalendarAsked, Query()]
) -> Response:
    today = services.clock.now().astimezone(services.settings.town_zone).date()
    year = asked.year or (asked.day.year if asked.day else today.year)
    with services.look() as connection:
        calendar = calendars.town_calendar(connection)
        days = calendars.days_of_year(connection, year)
        chosen = calendars.one_day(connection, asked.day) if asked.day else None
        entered = calendars.year_row(connection, year)
    months = [[day for day in days if day.day.month == month] for month in range(1, 13)]
    return drawing.page(
        request, "calendar.html", year=year, months=months, chosen=chosen, today=today, entered=entered,
        known=calendar.knows(year), knowledge=calendars.knowledge_of(calendar, today),
        may_settle=person.role is Role.admin, years=range(FIRST_YEAR, LAST_YEAR + 1),
        from_library=year <= calendars.LIBRARY_UNTIL.year,
    )  # fmt: skip


@router.post("/calendar/days/{day}")
def set_day(
    services: Wired, person: Asking, day: Day, arranged: Annotated[str, Form(pattern="^(work|off)$")], note: Text = ""
) -> Response:
    with services.change() as connection:
        calendars.set_day(connection, day, arranged == "work", note, stamp_of(services, person))
    return RedirectResponse(f"/calendar?day={day}", 303)


@router.post("/calendar/days/{day}/revert")
def revert_day(services: Wired, person: Asking, day: Day) -> Response:
    with services.change() as connection:
        calendars.revert_day(connection, day, stamp_of(services, person))
    return RedirectResponse(f"/calendar?day={day}", 303)


@router.post("/calendar/{year}/arrangement")
def take_arrangement(
    services: Wired, person: Asking, year: Year,
    sheet: Annotated[str, Form(max_length=LONGEST_SHEET, pattern=r"^[^\x00]*$")], note: Text = "",
) -> Response:  # fmt: skip
    arranged = read_arrangement(sheet)
    with services.change() as connection:
        calendars.take_arrangement(connection, year, arranged, note, stamp_of(services, person))
    return RedirectResponse(f"/calendar?year={year}", 303)


@router.get(DEADLINES)
def show_deadlines(
    request: Request, services: Wired, drawing: Drawn, person: Asking, asked: Annotated[TrialAsked, Query()]
) -> Response:
    with services.look() as connection:
        categories = queries.all_categories(connection)
        units = queries.unit_names(connection)
        rules = deadline_terms.all_rules(connection)
        hours = deadline_terms.all_hours(connection)
        knowledge = calendars.knowledge_of(
            calendars.town_calendar(connection),
            services.clock.now().astimezone(services.settings.town_zone).date(),
        )
    tried = trial_of(services, asked.category, asked.unit, asked.start) if asked.category else None
    return drawing.page(
        request, "calendar_deadlines.html", categories=categories, units=units, hours=hours, asked=asked, tried=tried,
        for_all={rule.category: rule for rule in rules if rule.unit == EVERY_UNIT},
        own=[rule for rule in rules if rule.unit != EVERY_UNIT], clocks=list(DeadlineClock), knowledge=knowledge,
        may_settle=person.role is Role.admin, zone=services.settings.town_zone, now=services.clock.now(),
    )  # fmt: skip


@router.post(DEADLINES)
def set_rule(services: Wired, person: Asking, wanted: Annotated[RuleForm, Form()]) -> Response:
    deadline = Deadline(wanted.amount, wanted.clock)
    rule = DeadlineRule(wanted.category, wanted.unit, deadline, wanted.amber / PER_CENT)
    with services.change() as connection:
        deadline_terms.set_rule(connection, rule, stamp_of(services, person))
    return RedirectResponse(DEADLINES, 303)


@router.post(f"{DEADLINES}/drop")
def drop_rule(services: Wired, person: Asking, category: CategoryForm, unit: UnitForm = EVERY_UNIT) -> Response:
    with services.change() as connection:
        deadline_terms.drop_rule(connection, category, unit, stamp_of(services, person))
    return RedirectResponse(DEADLINES, 303)


@router.post("/calendar/hours")
def set_hours(services: Wired, person: Asking, hours: Text, unit: UnitForm = EVERY_UNIT) -> Response:
    read = hours_of(hours)
    with services.change() as connection:
        deadline_terms.set_hours(connection, unit, read, stamp_of(services, person))
    return RedirectResponse(f"{DEADLINES}#hours", 303)


@router.post("/calendar/hours/drop")
def drop_hours(services: Wired, person: Asking, unit: UnitForm = EVERY_UNIT) -> Response:
    with services.change() as connection:
        deadline_terms.drop_hours(connection, unit, stamp_of(services, person))
    return RedirectResponse(f"{DEADLINES}#hours", 303)
