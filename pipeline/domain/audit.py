"""What is kept of who changed or looked at what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

JsonValue = object
"""What JSON can hold: text, numbers, booleans, None, and lists and mappings of these."""


@dataclass(frozen=True, slots=True)
class Audit:
    """One entry; appended, never changed. Secrets do not belong in `before` and `after`."""

    at: datetime
    who: str
    """Name of a person, or of what acted for nobody, such as `command line`."""
    action: str
    """A stable word: `added`, `changed`, `removed`, `looked`, `logged_in` …"""
    subject_kind: str
    """A stable word for what kind of thing: `person`, `token`, `view`, `rule`, `zone`, `reason`, `calendar` …"""
    subject: str
    """Its name or number, as people know it."""
    before: Mapping[str, JsonValue] | None = None
    after: Mapping[str, JsonValue] | None = None
