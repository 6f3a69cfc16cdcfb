"""Choose the frames that people are asked about, a daily number of them, and put them before the reviewers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.domain.asking import AskedFrame, Candidate, DoubtfulFrame, choose, doubt
from pipeline.ports import FrameRead, FrameReader, UnitsOfWork

SAME_NIGHT = timedelta(hours=20)
"""What was chosen since then counts towards this night's number: run twice, it does not ask for twice as much."""
BACKLOG_NIGHTS = 3
"""Where reviewers do not get to what was asked, no more than so many nights' worth waits."""
MOST_RANKED = 600
"""The most doubtful ones, so that a night on two cores is long enough."""
REMEMBERED = 200
"""Frames asked about last, of which new ones shall be unlike."""
MOST_OF_A_VIEW = 3
WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one night came to."""

    doubtful: int
    """Stored frames there were to choose from."""
    why: Counter[str]
    waiting: int


def queue_frames(units: UnitsOfWork, reader: FrameReader, daily: int, at: datetime) -> Asked:
    """Rank what is doubtful and unread by doubt and novelty, and ask about the first `daily` of them."""
    with units.reading() as uow:
        waiting = uow.asked.waiting()
        room = min(daily - uow.asked.chosen_since(at - SAME_NIGHT), BACKLOG_NIGHTS * daily - waiting)
        doubtful = uow.asked.doubtful(at - WITHIN)
        before = uow.asked.newest(REMEMBERED)
    chosen = _chosen(doubtful, before, reader, room, at) if room > 0 and doubtful else []
    with units.writing() as uow:
        uow.asked.add(chosen)
        if chosen:
            uow.bump("models")
        waiting = uow.asked.waiting()
    return Asked(len(doubtful), Counter(frame.why.value for frame in chosen), waiting)


def _chosen(
    doubtful: Sequence[DoubtfulFrame], before: Sequence[str], reader: FrameReader, number: int, at: datetime
) -> list[AskedFrame]:
    ranked = sorted(doubtful, key=lambda frame: (-doubt(frame.guesses), frame.image))[:MOST_RANKED]
    frames = {frame.image: frame for frame in ranked}
    read = reader.read([*frames, *before])
    known = [read[image].features for image in before if image in read and read[image].features]
    candidates = [_candidate(frame, read) for frame in ranked if frame.image in read]
    return [
        AskedFrame(one.key, frames[one.key].view_id, frames[one.key].at, at, one.why, one.worth)
        for one in choose(candidates, number, known, MOST_OF_A_VIEW)
    ]


def _candidate(frame: DoubtfulFrame, read: Mapping[str, FrameRead]) -> Candidate:
    seen = read[frame.image]
    return Candidate(frame.image, frame.view_id, frame.guesses, seen.features, seen.differs)


def state_of(units: UnitsOfWork, at: datetime) -> Mapping[str, int]:
    """How many frames are stored and unasked, were asked about lately, and wait."""
    with units.reading() as uow:
        return {
            "doubtful": len(uow.asked.doubtful(at - WITHIN)),
            "asked": uow.asked.chosen_since(at - SAME_NIGHT),
            "waiting": uow.asked.waiting(),
        }
