"""What people said of stored frames: the labels that training learns from."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.domain.geometry import Box
from pipeline.domain.review import Teaches


@dataclass(frozen=True, slots=True)
class JudgedBox:
    """One verdict on one frame. `box` in shares of the frame."""

    category: str
    box: Box
    teaches: Teaches
    verdict_id: int = 0
    number: str | None = None
    who: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class JudgedFrame:
    """A stored frame with all that was said of it."""

    image: str
    """Digest in the image store."""
    view_id: int
    camera_id: int
    at: datetime
    boxes: tuple[JudgedBox, ...]
    unjudged: tuple[Box, ...] = ()
    """Found on it, but judged by nobody, or in conflict between readers."""
    looked_for: frozenset[str] = frozenset()
    """Categories of which somebody looked for what was missed, and drew all of it."""


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One sample of a dataset version and one verdict behind it (0: none, a background)."""

    sample: str
    verdict_id: int
    number: str | None
    image: str
    view_id: int
    split: str
    teaches: Teaches
    category: str | None
