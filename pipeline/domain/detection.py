"""One box in one frame."""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain.geometry import Box


class Pass(StrEnum):
    """A detector configuration: fast is one look at 384x640, fine looks in tiles for small and thin things."""

    fast = "fast"
    fine = "fine"


@dataclass(frozen=True, slots=True)
class Detection:
    box: Box
    category: str
    """A category code or one of HELPER_CLASSES."""
    score: float
    found_by: Pass
    model: str
    """Content hash of the weights."""
