"""What share of what could be seen was found, estimated from sampled frames in which nothing was found."""

from dataclasses import dataclass

from pipeline.domain.errors import BadInput
from pipeline.domain.intervals import Interval, wilson


@dataclass(frozen=True, slots=True)
class Recall:
    found: int
    """Frames with something that was found and that a person confirmed."""
    read: int
    """Sampled empty frames that a person has read."""
    missed: int
    """Those of them that hold something."""
    sampling_share: float
    """Of the empty frames, the share that was read."""
    share: float | None
    """None where nothing was read, or nothing is there to be found."""
    interval: Interval | None
    """95 %; None where nothing was read."""


def recall(found: int, read: int, missed: int, sampling_share: float) -> Recall:
    """found / (found + missed / sampling_share), all counted in frames that were looked at with the detector.

    The interval is that of the share of read frames that hold something (Wilson), carried through the formula; what
    was found is taken as known. Raises BadInput for counts that cannot be.
    """
    if not 0 <= missed <= read or found < 0 or not 0 < sampling_share <= 1:
        raise BadInput("of the frames that were read, 0 to all hold something, and a share lies between 0 and 1")
    spread = wilson(missed, read)
    if spread is None:
        return Recall(found, read, missed, sampling_share, None, None)
    empty = read / sampling_share
    low, high = _share(found, spread[1] * empty), _share(found, spread[0] * empty)
    interval = None if low is None else (low, 1.0 if high is None else high)
    return Recall(found, read, missed, sampling_share, _share(found, missed / sampling_share), interval)


def _share(found: int, missed: float) -> float | None:
    return found / (found + missed) if found + missed > 0 else None
