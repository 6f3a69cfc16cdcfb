"""Looks at frames and tickets, noted in the audit once a person, view and hour, after the answer has gone out."""

from datetime import datetime
from threading import Lock

import structlog
from sqlalchemy import Engine

from pipeline.adapters.audit import note_look
from pipeline.domain.errors import StreetPatrolError

Look = tuple[str, int]
"""A person's name and a view."""


class LookMemory:
    """What this process has noted in the present hour, so that most looks cost no write."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._hour: datetime | None = None
        self._noted: set[Look] = set()

    def is_new(self, look: Look, at: datetime) -> bool:
        hour = at.replace(minute=0, second=0, microsecond=0)
        with self._lock:
            if hour != self._hour:
                self._hour, self._noted = hour, set()
            if look in self._noted:
                return False
            self._noted.add(look)
            return True

    def note(self, engine: Engine, look: Look, at: datetime) -> None:
        """Runs after the answer; a failure is logged, and the next look tries again."""
        try:
            note_look(engine, look[0], look[1], at)
        except StreetPatrolError as error:
            structlog.get_logger().error("look_not_noted", cause=str(error))
            with self._lock:
                self._noted.discard(look)
