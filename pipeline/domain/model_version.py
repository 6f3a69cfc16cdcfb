"""Model versions: frozen weights, which of them looks now, and what waits for a person's decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.domain.audit import JsonValue
from pipeline.domain.detection import Pass

Thresholds = Mapping[str, Mapping[Pass, float]]
"""Working points by category and pass."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Weights by content hash, with where they come from."""

    hash12: str
    name: str
    classes: tuple[str, ...]
    created_at: datetime
    created_by: str
    note: str = ""
    thresholds: Thresholds = field(default_factory=dict)
    """Measured with these weights; taken over when they are promoted."""
    dataset: str | None = None
    """None: shipped, or from outside."""
    parents: tuple[str, ...] = ()
    code: str = ""
    """The program's version that trained it."""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    figures: Mapping[str, JsonValue] = field(default_factory=dict)


class PromotionKind(StrEnum):
    first = "first"
    """What an installation starts with, or what a new release brings."""
    promotion = "promotion"
    rollback = "rollback"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A model version becomes the champion; the newest promotion that was not refused says which one it is."""

    model: str
    previous: str | None
    kind: PromotionKind
    who: str
    words: str
    at: datetime
    id: int | None = None
    taken_up_at: datetime | None = None
    """When the first worker looked with it."""
    refused_at: datetime | None = None
    refused_why: str | None = None
    """Why it could not be loaded: the previous one works on."""


class ProposalState(StrEnum):
    waiting = "waiting"
    approved = "approved"
    rejected = "rejected"
    outdated = "outdated"
    """The champion that it was measured against is none any more, or a later challenger has taken its place."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A challenger that was measured against the champion, and what the gate says of it."""

    model: str
    champion: str
    created_at: datetime
    passed: bool
    gate: Mapping[str, JsonValue]
    """As `models.gate` wrote it: rules one by one, in words."""
    report: str
    """Folder below the installation's home."""
    dataset: str | None = None
    state: ProposalState = ProposalState.waiting
    id: int | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    words: str = ""
