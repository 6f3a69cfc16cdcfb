"""Try a deadline before anything is dispatched: filed now, due when, and by which hours it was reckoned."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from pipeline.domain.deadline import Deadline
from pipeline.domain.errors import BadInput
from pipeline.domain.working_time import WORKING, Hours, Opening, open_between
from pipeline.ports import UnitsOfWork

FIRST_YEAR, LAST_YEAR = 2004, 2099


@dataclass(frozen=True, slots=True)
class Trial:
    """Times are aware UTC."""

    start: datetime
    deadline: Deadline | None
    hours: Hours
    due_at: datetime | None = None
    amber_at: datetime | None = None
    counted: tuple[Opening, ...] = ()
    """Spans that count, for the working clocks."""
    known: bool = True
    """False: it reaches into a year whose holidays nobody entered."""


def try_deadline(units: UnitsOfWork, category: str, unit: str | None, start: datetime, zone: tzinfo) -> Trial:
    """Raises NotFound for a category that is none, BadInput for a start beyond the calendar."""
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise BadInput(f"the calendar goes from {FIRST_YEAR} to {LAST_YEAR}")
    with units.reading() as uow:
        terms = uow.deadline_terms(category, unit)
    due, amber = terms.due_at(start, zone), terms.amber_at(start, zone)
    if terms.deadline is None or due is None:
        return Trial(start, None, terms.hours)
    counts = terms.deadline.clock in WORKING
    counted = tuple(open_between(start, due, terms.calendar, terms.hours, zone)) if counts else ()
    known = not counts or due.astimezone(zone).date() <= terms.calendar.known_until
    return Trial(start, terms.deadline, terms.hours, due, amber, counted, known)
