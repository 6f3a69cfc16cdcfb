"""How long a unit has, in the hours or days that count for it."""

from dataclasses import dataclass
from enum import StrEnum


class DeadlineClock(StrEnum):
    urgent_hours = "urgent_hours"
    """Every hour, day and night."""
    working_hours = "working_hours"
    working_days = "working_days"
    natural_days = "natural_days"


CLOCK_NAMES = {
    DeadlineClock.urgent_hours: ("紧急小时", "urgent hours"),
    DeadlineClock.working_hours: ("工作小时", "working hours"),
    DeadlineClock.working_days: ("工作日", "working days"),
    DeadlineClock.natural_days: ("自然日", "natural days"),
}


@dataclass(frozen=True, slots=True)
class Deadline:
    amount: int
    clock: DeadlineClock
