"""What shows that a thing was put right: a new frame of the same view, or a person's word."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.domain.errors import TransitionRefused
from pipeline.domain.patrol import COVERAGE, Outcome
from pipeline.domain.ticket import Evidence, Ticket


class Opinion(StrEnum):
    """The model's, of the place in a later frame."""

    gone = "gone"
    still_there = "still_there"
    unclear = "unclear"
    """Hidden by a person or a vehicle, or in a blind area."""


OPINION_NAMES = {
    Opinion.gone: ("已不见", "Gone"),
    Opinion.still_there: ("仍在", "Still there"),
    Opinion.unclear: ("被遮挡，无法判断", "Hidden, cannot tell"),
}


@dataclass(frozen=True, slots=True)
class AfterLook:
    """The same view looked at again for a ticket."""

    number: str
    at: datetime
    """The frame's own time; where there is no frame, when it was tried."""
    outcome: Outcome
    opinion: Opinion
    image: str | None = None
    """Digest of the redacted frame."""
    score: float | None = None
    """Of the best box at the place, where there was one."""
    model: str = ""
    why: str = ""
    """Of an outcome that shows nothing."""

    def clears(self, ticket: Ticket) -> bool:
        """Whether it proves that the thing has gone since it was reported put right.

        A dark, covered, stale or moved view never clears, nor does a place that is hidden.
        """
        later = ticket.rectified_at is not None and self.at >= ticket.rectified_at
        shows = self.outcome in COVERAGE and self.image is not None
        return later and shows and self.opinion is Opinion.gone


def evidence_for(ticket: Ticket, look: AfterLook | None, words: str | None) -> Evidence:
    """What a verification rests on; in words a person may overrule the model. Raises TransitionRefused without both."""
    if look is not None and look.clears(ticket):
        return Evidence.frame
    if words and words.strip():
        return Evidence.sign_off
    told = _why_not(ticket, look)
    raise TransitionRefused(f"{ticket.number}: {told}; look again, or write what you saw there yourself")


def _why_not(ticket: Ticket, look: AfterLook | None) -> str:
    if look is None or (ticket.rectified_at is not None and look.at < ticket.rectified_at):
        return "no frame of its view was taken since it was put right"
    if look.outcome not in COVERAGE or look.image is None:
        return f"the view is {look.outcome} and clears nothing"
    return "the model still finds it there" if look.opinion is Opinion.still_there else "the place is hidden"
