"""Work on a view itself, such as a camera that was turned: no finding stands behind it, so it is no ticket."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.domain.errors import BadInput

LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Repair:
    view_id: int
    words: str
    opened_by: str
    opened_at: datetime
    outcome: str | None = None
    """What the view's last visit came to when the repair was asked for."""
    image: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None
    closing_words: str = ""

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def checked_words(words: str, what: str) -> str:
    """Raises BadInput where nothing, or too much, is said."""
    said = " ".join(words.split())
    if not said or len(said) > LONGEST_WORDS:
        raise BadInput(f"{what}: say it in 1 to {LONGEST_WORDS} characters")
    return said
