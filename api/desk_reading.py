"""What the desk's routes and pages share: cards with all that they show, progress, quality."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from api.dependencies import Services
from api.desk_schemas import (
    AgreementOut,
    CardOut,
    PrecisionOut,
    ProgressOut,
    QualityOut,
    ReaderOut,
    RecallOut,
)
from pipeline.adapters import desk_quality, desk_queries
from pipeline.adapters.accounts import Person
from pipeline.domain.desk import DeskTerms, Lease, Reviewer
from pipeline.domain.errors import NotFound
from pipeline.domain.review import ReviewKind
from pipeline.settings import Settings
from pipeline.steps.desk import look_alikes

DAYS = 30
HOUR_S = 3600
SHORTEST_SPAN_S = 60
FINE = 1_000_000
BLIND = {ReviewKind.sample: "sample", ReviewKind.asked: "sample", ReviewKind.conflict: "conflict"}
"""All other kinds look like a ticket's first reading."""


def terms_of(settings: Settings) -> DeskTerms:
    return DeskTerms(
        timedelta(seconds=settings.lease_s),
        settings.second_share,
        settings.known_share,
        settings.sample_card_share,
        settings.asked_card_share,
    )


def reviewer_of(person: Person) -> Reviewer:
    return Reviewer(person.name, person.role)


def chance() -> float:
    return secrets.randbelow(FINE) / FINE


def cards_of(services: Services, leases: Sequence[Lease]) -> list[CardOut]:
    """Cards whose picture or ticket went meanwhile are left out: their lease ends by itself."""
    cards = []
    for lease in leases:
        try:
            cards.append(card_out(services, lease))
        except NotFound:
            continue
    return cards


def card_out(services: Services, lease: Lease) -> CardOut:
    """Raises NotFound."""
    with services.look() as connection:
        card = desk_queries.card_of(connection, lease)
        shown = _shown(connection, card)
    alike = look_alikes(services.units, card.number) if card.number and lease.kind is ReviewKind.first else ()
    return CardOut.model_validate(
        {
            **card.place._asdict(),
            **shown,
            "token": lease.token,
            "kind": "sample" if card.is_sample else BLIND.get(lease.kind, "ticket"),
            "number": card.number,
            "image": card.image,
            "taken_at": card.taken_at,
            "strip": list(card.strip),
            "precision": PrecisionOut.model_validate(card.precision) if card.precision else None,
            "alike": list(alike),
            "opinions": list(card.opinions),
        }
    )


NO_FINDING: dict[str, Any] = {  # Any: what pydantic validates
    "category": None, "category_zh": None, "category_en": None, "score": None, "box": None, "others": [],
    "first_seen_at": None, "last_seen_at": None, "recurring": False, "unit": None,
}  # fmt: skip


def _shown(connection: Connection, card: desk_queries.Card) -> dict[str, Any]:  # Any: what pydantic validates
    finding = card.finding
    if finding is None or card.shown is None:
        return NO_FINDING
    names = ("category", "category_zh", "category_en", "score", "first_seen_at", "last_seen_at", "recurring", "unit")
    others = desk_quality.live_boxes(connection, finding.view_id, finding.created_at, finding.id)
    return {**{name: getattr(finding, name) for name in names}, "box": card.shown.box, "others": list(others)}


def progress_out(services: Services, connection: Connection, person: Person, now: datetime) -> ProgressOut:
    local = now.astimezone(services.settings.town_zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    today = desk_queries.progress_of(connection, person.name, midnight, now)
    span_s = today.seconds or 0.0
    pace = today.lately / span_s * HOUR_S if span_s >= SHORTEST_SPAN_S else None
    return ProgressOut(done=today.done, tickets=today.tickets, an_hour=pace)


@dataclass(frozen=True, slots=True)
class Span:
    since: datetime
    days: int


def quality_out(connection: Connection, span: Span) -> QualityOut:
    measured = desk_quality.recall_of(connection, span.since)
    return QualityOut(
        days=span.days,
        agreement=AgreementOut.model_validate(desk_quality.agreement_of(connection, span.since)),
        second_readings=desk_quality.open_readings(connection),
        readers=[ReaderOut.model_validate(reader) for reader in desk_quality.readers(connection, span.since)],
        recall=RecallOut.model_validate(measured) if measured else None,
    )
