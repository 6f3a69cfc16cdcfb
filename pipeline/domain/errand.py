"""What pages ask a worker to do, because it needs pixels, a camera or Prefect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.domain.audit import JsonValue

TAKEN_FOR = timedelta(minutes=1)
"""A worker that has given no sign of life for so long was killed: another takes the errand."""
MOST_TRIES = 3


class ErrandState(StrEnum):
    waiting = "waiting"
    running = "running"
    done = "done"
    failed = "failed"


ENDED = frozenset({ErrandState.done, ErrandState.failed})


@dataclass(frozen=True, slots=True)
class Errand:
    id: int
    kind: str
    """Which handler of the worker answers it."""
    subject: str
    """A view's id, a ticket's or photo's number: what it is about."""
    payload: Mapping[str, JsonValue]
    asked_by: str
    asked_at: datetime
    state: ErrandState = ErrandState.waiting
    taken_at: datetime | None = None
    """Or the worker's last sign of life since."""
    tries: int = 0
    answer: Mapping[str, JsonValue] | None = None
    why: str = ""
    """Of a failure: one line that says what to do."""
