"""Working days, working hours and deadlines as JSON. What changes here binds new dispatches only."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.calendar_schemas import (
    ArrangementIn,
    DayIn,
    DayOut,
    HoursIn,
    HoursOut,
    RuleIn,
    RuleOut,
    SpanOut,
    TrialOut,
    YearOut,
)
from api.dependencies import Asking, Services, Wired
from api.errors import problems
from pipeline.adapters import calendars, deadline_terms
from pipeline.adapters.calendars import FIRST_YEAR, LAST_YEAR, ArrangedDay, Stamp
from pipeline.adapters.deadline_terms import EVERY_UNIT, DeadlineRule
from pipeline.domain.deadline import Deadline
from pipeline.domain.working_time import hours_of
from pipeline.steps.deadlines import Trial, try_deadline

router = APIRouter(prefix="/api/v1", tags=["calendar"])

Year = Annotated[int, Path(ge=FIRST_YEAR, le=LAST_YEAR, examples=[2026])]
Day = Annotated[date, Path(description="a local day", examples=["2026-02-14"])]
UnitAsked = Annotated[
    str | None, Query(max_length=80, pattern=r"^[^\x00]*$", description="a unit's name; none: every unit")
]
CategoryAsked = Annotated[str, Query(pattern=r"^[a-z][a-z0-9_]{1,39}$", examples=["litter"])]
StartAsked = Annotated[
    datetime | None, Query(description="when it is dispatched; without a zone: the town's; none: now")
]


def stamp_of(services: Services, person: Asking) -> Stamp:
    return Stamp(person.name, services.clock.now())


@router.get("/calendar/{year}", responses=problems(422))
def read_year(services: Wired, year: Year) -> YearOut:
    """Every day of a year: working or not, and why."""
    with services.look() as connection:
        calendar = calendars.town_calendar(connection)
        days = calendars.days_of_year(connection, year)
    today = services.clock.now().astimezone(services.settings.town_zone).date()
    knowledge = calendars.knowledge_of(calendar, today)
    return YearOut(
        year=year,
        known=calendar.knows(year),
        known_until=knowledge.known_until,
        warning=knowledge.warning,
        working_days=sum(day.working for day in days),
        days=[DayOut.model_validate(day) for day in days],
    )


@router.put("/calendar/{year}/arrangement", responses=problems(403, 422))
def take_arrangement(services: Wired, person: Asking, year: Year, arrangement: ArrangementIn) -> YearOut:
    """The State Council's arrangement of a year, whole; days that were overridden singly stay."""
    days = [ArrangedDay(line.day, line.working, line.note) for line in arrangement.days]
    with services.change() as connection:
        calendars.take_arrangement(connection, year, days, arrangement.note, stamp_of(services, person))
    return read_year(services, year)


@router.put("/calendar/days/{day}", responses=problems(403, 422))
def set_day(services: Wired, person: Asking, day: Day, wanted: DayIn) -> DayOut:
    """Override one day."""
    with services.change() as connection:
        calendars.set_day(connection, day, wanted.working, wanted.note, stamp_of(services, person))
        return DayOut.model_validate(calendars.one_day(connection, day))


@router.delete("/calendar/days/{day}", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def revert_day(services: Wired, person: Asking, day: Day) -> None:
    """Back to what is published."""
    with services.change() as connection:
        calendars.revert_day(connection, day, stamp_of(services, person))


@router.get("/working-hours", responses=problems())
def list_hours(services: Wired) -> list[HoursOut]:
    """Those of every unit first, then the units that have their own."""
    with services.look() as connection:
        found = deadline_terms.all_hours(connection)
    return [HoursOut(unit=unit or None, hours=str(hours)) for unit, hours in found.items()]


@router.put("/working-hours", responses=problems(403, 422))
def set_hours(services: Wired, person: Asking, wanted: HoursIn) -> HoursOut:
    """Hours of one unit, or of all that have none of their own. `18:00-02:00` runs over midnight."""
    hours = hours_of(wanted.hours)
    with services.change() as connection:
        deadline_terms.set_hours(connection, wanted.unit or EVERY_UNIT, hours, stamp_of(services, person))
    return HoursOut(unit=wanted.unit, hours=str(hours))


@router.delete("/working-hours", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def drop_hours(services: Wired, person: Asking, unit: UnitAsked = None) -> None:
    """Back to the hours of every unit, or to 8–12 and 14–18."""
    with services.change() as connection:
        deadline_terms.drop_hours(connection, unit or EVERY_UNIT, stamp_of(services, person))


@router.get("/deadlines", responses=problems())
def list_rules(services: Wired) -> list[RuleOut]:
    """Rules that people set; where there is none, the deadline of the category's row holds."""
    with services.look() as connection:
        rules = deadline_terms.all_rules(connection)
    return [_rule_out(rule) for rule in rules]


@router.put("/deadlines", responses=problems(403, 404, 422))
def set_rule(services: Wired, person: Asking, wanted: RuleIn) -> RuleOut:
    """Binds dispatches from now on; tickets already dispatched keep theirs."""
    deadline = Deadline(wanted.amount, wanted.clock)
    rule = DeadlineRule(wanted.category, wanted.unit or EVERY_UNIT, deadline, wanted.amber_share)
    with services.change() as connection:
        deadline_terms.set_rule(connection, rule, stamp_of(services, person))
    return _rule_out(rule)


@router.delete("/deadlines", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def drop_rule(services: Wired, person: Asking, category: CategoryAsked, unit: UnitAsked = None) -> None:
    """Back to the rule of every unit, or to the category's own deadline."""
    with services.change() as connection:
        deadline_terms.drop_rule(connection, category, unit or EVERY_UNIT, stamp_of(services, person))


@router.get("/deadlines/trial", responses=problems(404, 422))
def read_trial(services: Wired, category: CategoryAsked, unit: UnitAsked = None, start: StartAsked = None) -> TrialOut:
    """Dispatched then, due when; nothing is written."""
    return _trial_out(trial_of(services, category, unit, start))


def trial_of(services: Services, category: str, unit: str | None, start: datetime | None) -> Trial:
    zone = services.settings.town_zone
    begun = start or services.clock.now()
    begun = begun.replace(tzinfo=zone) if begun.tzinfo is None else begun
    return try_deadline(services.units, category, unit or None, begun, zone)


def _rule_out(rule: DeadlineRule) -> RuleOut:
    return RuleOut(
        category=rule.category,
        unit=rule.unit or None,
        amount=rule.deadline.amount,
        clock=rule.deadline.clock,
        amber_share=rule.amber_share,
    )


def _trial_out(trial: Trial) -> TrialOut:
    return TrialOut(
        start=trial.start,
        amount=trial.deadline.amount if trial.deadline else None,
        clock=trial.deadline.clock if trial.deadline else None,
        hours=str(trial.hours),
        due_at=trial.due_at,
        amber_at=trial.amber_at,
        counted=[SpanOut(opens=opens, closes=closes) for opens, closes in trial.counted],
        known=trial.known,
    )
