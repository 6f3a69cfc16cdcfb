"""Prometheus figures, counted from the database at each scrape so that every process tells the same."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from api.visit_tally import VisitTally
from pipeline.adapters import patrol_queries, queries
from pipeline.adapters.calendars import knowledge_of, town_calendar
from pipeline.domain.patrol import Outcome
from pipeline.domain.ticket import Status

PREFIX = "streetpatrol_"


class _Counted(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def exposition(connection: Connection, tally: VisitTally, at: datetime) -> bytes:
    families = [
        *_visits(connection, tally, at),
        *_tickets(connection),
        *_rounds(connection, at),
        _good_frames(connection, at),
        _calendar(connection, at),
    ]
    registry = CollectorRegistry()
    registry.register(_Counted(families))
    return generate_latest(registry)


def _visits(connection: Connection, tally: VisitTally, at: datetime) -> list[Metric]:
    by_outcome, inference_s = tally.read(connection, at)
    visits = CounterMetricFamily(f"{PREFIX}visits", "Visits by outcome", labels=["outcome"])
    for outcome in Outcome:
        visits.add_metric([outcome], by_outcome.get(outcome, 0))
    return [visits, CounterMetricFamily(f"{PREFIX}inference_seconds", "Seconds of inference", value=inference_s)]


def _tickets(connection: Connection) -> list[Metric]:
    by_status = queries.tickets_by_status(connection)
    tickets = GaugeMetricFamily(f"{PREFIX}tickets", "Tickets by status", labels=["status"])
    for status in Status:
        tickets.add_metric([status], by_status.get(status, 0))
    waiting = by_status.get(Status.awaiting_review, 0)
    return [tickets, GaugeMetricFamily(f"{PREFIX}review_queue", "Tickets that await review", value=waiting)]


def _rounds(connection: Connection, at: datetime) -> list[Metric]:
    counted = patrol_queries.round_counts(connection)
    families: list[Metric] = [
        GaugeMetricFamily(f"{PREFIX}rounds_kept", "Rounds in the database", value=counted.begun),
        GaugeMetricFamily(f"{PREFIX}rounds_unfinished", "Rounds begun and not finished", value=counted.running),
        GaugeMetricFamily(
            f"{PREFIX}follow_ups_due", "Follow-up visits due now", value=patrol_queries.follow_ups_due(connection, at)
        ),
    ]
    if counted.last_finished_at is not None:
        age_s = (at - counted.last_finished_at).total_seconds()
        families.append(GaugeMetricFamily(f"{PREFIX}last_round_age_seconds", "Since a round finished", value=age_s))
    return families


def _calendar(connection: Connection, at: datetime) -> Metric:
    known = knowledge_of(town_calendar(connection), at.date())
    about = "Days until the known years of the holiday calendar end; below zero once they have"
    return GaugeMetricFamily(f"{PREFIX}calendar_known_days", about, value=known.days_left)


def _good_frames(connection: Connection, at: datetime) -> Metric:
    """A view without a good frame has no age: its sample is +Inf, so that an alarm on age finds it too."""
    ages = GaugeMetricFamily(
        f"{PREFIX}good_frame_age_seconds", "Since each view was last looked at well", labels=["view", "camera", "name"]
    )
    for row in patrol_queries.good_frames(connection):
        age_s = (at - row.last_good_at).total_seconds() if row.last_good_at else float("inf")
        ages.add_metric([str(row.id), row.camera, row.name], age_s)
    return ages
