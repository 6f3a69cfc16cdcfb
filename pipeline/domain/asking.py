"""Which frames to ask people about: where the model is in doubt, and what looks unlike all that was asked before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import dist, exp, log, prod

DOUBT_WIDTH = 1.0
"""In units of log odds: a box so far from its threshold is worth asking about 1/e as much as one right at it."""
LEAST_ODDS_SCORE = 1e-4
LEAST_FARNESS = 1e-9
NOVELTY_SHARE = 0.5
"""Of a frame's worth; the rest is its doubt alone."""


class AskedFor(StrEnum):
    doubt = "doubt"
    novelty = "novelty"
    shadow = "shadow"
    """Champion and challenger see different things in it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A box that the model saw: its score, and the threshold from which it would count."""

    score: float
    threshold: float
    category: str = ""


@dataclass(frozen=True, slots=True)
class DoubtfulFrame:
    """A stored frame on which nothing was found, though something nearly was."""

    image: str
    view_id: int
    at: datetime
    guesses: tuple[Guess, ...]
    model: str


@dataclass(frozen=True, slots=True)
class AskedFrame:
    """A stored frame that waits for people to say what is on it."""

    image: str
    view_id: int
    at: datetime
    """Of the frame."""
    asked_at: datetime
    why: "AskedFor"
    worth: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored frame that nobody has judged yet."""

    key: str
    view_id: int
    guesses: tuple[Guess, ...]
    features: tuple[float, ...] = ()
    """Where the frame lies in the network's own space, of length 1; empty where that is not known."""
    differs: bool = False
    """The challenger saw what the champion did not, or the other way round."""


@dataclass(frozen=True, slots=True)
class Chosen:
    key: str
    why: AskedFor
    worth: float


def doubt(guesses: Sequence[Guess]) -> float:
    """From 0 (certain of everything) to 1: the chance that at least one box is undecided."""
    return 1.0 - prod(1.0 - undecided(guess) for guess in guesses)


def undecided(guess: Guess) -> float:
    return exp(-abs(_log_odds(guess.score) - _log_odds(guess.threshold)) / DOUBT_WIDTH)


def _log_odds(score: float) -> float:
    within = min(max(score, LEAST_ODDS_SCORE), 1.0 - LEAST_ODDS_SCORE)
    return log(within / (1.0 - within))


def choose(
    candidates: Sequence[Candidate],
    number: int,
    known: Sequence[tuple[float, ...]] = (),
    most_of_a_view: int | None = None,
) -> list[Chosen]:
    """The `number` most worth asking about, one after the other, so that two that look alike are not both chosen.

    `known`: features of what was asked before. What the two models differ about comes first.
    """
    doubts = {candidate.key: doubt(candidate.guesses) for candidate in candidates}
    far = {candidate.key: _farness(candidate, known) for candidate in candidates}
    left = {candidate.key: candidate for candidate in candidates}
    of_view: dict[int, int] = {}
    chosen: list[Chosen] = []
    while left and len(chosen) < number:
        widest = max([far[key] for key in left] + [LEAST_FARNESS])
        best = max(left.values(), key=lambda one: (one.differs, _worth(one, doubts, far, widest), one.key))
        why = _why(best, doubts[best.key], max(doubts[key] for key in left))
        del left[best.key]
        of_view[best.view_id] = of_view.get(best.view_id, 0) + 1
        chosen.append(Chosen(best.key, why, _worth(best, doubts, far, widest)))
        if most_of_a_view is not None and of_view[best.view_id] >= most_of_a_view:
            left = {key: one for key, one in left.items() if one.view_id != best.view_id}
        for one in left.values():
            if one.features and best.features:
                far[one.key] = min(far[one.key], dist(one.features, best.features))
    return chosen


def _farness(candidate: Candidate, known: Sequence[tuple[float, ...]]) -> float:
    """Distance to the nearest that was asked before; 2, the largest there is, where nothing was."""
    if not candidate.features:
        return 0.0
    return min((dist(candidate.features, other) for other in known), default=2.0)


def _worth(one: Candidate, doubts: dict[str, float], far: dict[str, float], widest: float) -> float:
    return doubts[one.key] * (1.0 - NOVELTY_SHARE + NOVELTY_SHARE * far[one.key] / widest)


def _why(one: Candidate, own_doubt: float, most_doubt: float) -> AskedFor:
    """Novelty, where another frame was more doubtful and yet came after it."""
    if one.differs:
        return AskedFor.shadow
    return AskedFor.novelty if own_doubt < most_doubt else AskedFor.doubt
