"""Totals of visits by outcome that grow for ever, though old visits are dropped and a scrape must stay cheap."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection

from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.patrol_queries import visit_sums

SETTLED_AFTER = timedelta(hours=2)
"""Rounds come every few minutes: none gets another visit this long after it began."""


class VisitTally:
    """Counts settled rounds once and keeps the sums in memory; only the newest are read at each scrape."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._settled_until: datetime | None = None
        self._visits: Counter[str] = Counter()
        self._inference_s = 0.0

    def read(self, connection: Connection, at: datetime) -> tuple[dict[str, int], float]:
        """Visits by outcome and seconds of inference since this process first counted, all kept rows included."""
        limit = at - SETTLED_AFTER
        with self._lock:
            if self._settled_until is None or limit > self._settled_until:
                counted, inference_s = _sums(visit_sums(connection, self._settled_until, limit))
                self._visits += counted
                self._inference_s += inference_s
                self._settled_until = limit
            recent, recent_s = _sums(visit_sums(connection, self._settled_until, None))
            return dict(self._visits + recent), self._inference_s + recent_s


def _sums(rows: Iterable[FlatRow]) -> tuple[Counter[str], float]:
    counted: Counter[str] = Counter()
    inference_s = 0.0
    for row in rows:
        counted[row.outcome] += row.visits
        inference_s += row.inference_s
    return counted, inference_s
