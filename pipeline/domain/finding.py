"""The same thing over time at one place of one view, and the rules by which it opens, stays and clears."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import sqrt

from pipeline.domain.category import Category, Persistence
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode

SAME_PLACE_OVERLAP = 0.3
"""Boxes that share this much of the smaller one are at one place."""
SAME_LOOK = 0.9
"""Similarity from which a place looks as it did: what is missed there has not gone."""
OTHER_LOOK = 0.2
"""Similarity below which a place certainly looks different."""
PASSING_LOOK = 0.5
"""Similarity below which what is seen where a candidate was is something else: two cars that happened to pass."""
GROWTH = 2.0
"""A note is due when the area reaches this multiple of the area last noted."""


class FindingState(StrEnum):
    candidate = "candidate"
    open = "open"
    dismissed = "dismissed"
    """A person said no: suppressed at this place while it looks like this."""
    cleared = "cleared"
    lapsed = "lapsed"
    """A candidate that never became a finding, or that joined its neighbour."""


LIVE = frozenset({FindingState.candidate, FindingState.open, FindingState.dismissed})


class Mark(StrEnum):
    """What one counting visit said of a finding."""

    seen = "s"
    absent = "a"


@dataclass(frozen=True, slots=True)
class Sight:
    """One mode and pass: what was found by the fine pass alone is not absent in a fast one."""

    mode: Mode
    found_by: Pass


@dataclass(frozen=True, slots=True)
class Finding:
    id: str
    view_id: int
    category: str
    box: Box
    look: bytes
    """Small grey picture of the place when the thing was last seen; see `similarity`."""
    score: float
    state: FindingState
    first_seen_at: datetime
    last_seen_at: datetime
    not_before: datetime | None
    """Frame time of the last covered visit without it: the onset lies between this and `first_seen_at`."""
    marks: tuple[Mark, ...]
    """Newest last, of the visits that count; at most the `of` of its rule."""
    sights: frozenset[Sight]
    born_on_switch: bool
    """First seen in the visit in which the camera changed its mode."""
    noted_area: float
    clear_in_a_row: int = 0
    opened_at: datetime | None = None
    cleared_at: datetime | None = None
    suppress_until: datetime | None = None
    recurs: str | None = None
    """The cleared finding that this one repeats at the same place (反复)."""

    def seen_again(self, detection: Detection, look: bytes, mode: Mode, at: datetime, rule: Persistence) -> "Finding":
        return replace(
            self._marked(Mark.seen, rule),
            box=detection.box,
            look=look,
            score=max(self.score, detection.score),
            last_seen_at=at,
            sights=self.sights | {Sight(mode, detection.found_by)},
            clear_in_a_row=0,
        )

    def carried_on(self, at: datetime, rule: Persistence) -> "Finding":
        """An unchanged visit after one that saw it: it still lies there."""
        return replace(self._marked(Mark.seen, rule), last_seen_at=at, clear_in_a_row=0)

    def missed(self, rule: Persistence, looks_different: bool) -> "Finding":
        """Counts against k of n; on the way to clearing only where the place no longer looks as it did."""
        clear = self.clear_in_a_row + 1 if looks_different else 0
        return replace(self._marked(Mark.absent, rule), clear_in_a_row=clear)

    def _marked(self, mark: Mark, rule: Persistence) -> "Finding":
        return replace(self, marks=(*self.marks, mark)[-rule.of :])

    def fulfils(self, rule: Persistence) -> bool:
        """k of the last n visits that count, and the dwell time."""
        often = sum(mark is Mark.seen for mark in self.marks) >= rule.seen
        return often and self.last_seen_at - self.first_seen_at >= rule.dwell and not self.held_since_switch

    def is_due(self, rule: Persistence) -> bool:
        """A candidate that this very visit makes an open finding."""
        return self.state is FindingState.candidate and self.seen_last_time and self.fulfils(rule)

    def is_gone(self, rule: Persistence) -> bool:
        """Clear visits in a row; a candidate also when none of its last n visits saw it."""
        faded = len(self.marks) >= rule.of and Mark.seen not in self.marks
        return self.clear_in_a_row >= rule.clear_after or (self.state is FindingState.candidate and faded)

    def suppression_over(self, at: datetime) -> bool:
        return self.state is FindingState.dismissed and self.suppress_until is not None and at >= self.suppress_until

    @property
    def is_going(self) -> bool:
        """Something that people know of has not been seen lately: every visit looks until that is settled."""
        return self.state is not FindingState.candidate and self.clear_in_a_row > 0

    @property
    def held_since_switch(self) -> bool:
        """What stood there when the mode changed opens only once it was seen in the other mode too."""
        return self.born_on_switch and len({sight.mode.is_colour for sight in self.sights}) == 1

    @property
    def wants_another_look(self) -> bool:
        return self.state is FindingState.candidate and self.seen_last_time and not self.held_since_switch

    def opened(self, at: datetime) -> "Finding":
        return replace(self, state=FindingState.open, opened_at=at, noted_area=self.box.area)

    def cleared(self, at: datetime) -> "Finding":
        """A candidate lapses; an open or dismissed finding is cleared, and with it any suppression."""
        ended = FindingState.lapsed if self.state is FindingState.candidate else FindingState.cleared
        return replace(self, state=ended, cleared_at=at)

    def dismissed(self, until: datetime | None) -> "Finding":
        return replace(self, state=FindingState.dismissed, suppress_until=until)

    @property
    def has_grown(self) -> bool:
        return self.state is FindingState.open and self.box.area >= GROWTH * self.noted_area

    @property
    def seen_last_time(self) -> bool:
        return bool(self.marks) and self.marks[-1] is Mark.seen


@dataclass(frozen=True, slots=True)
class Sighting:
    """A detection of a finding in one visit, with the stored image it can be seen in, if one was kept."""

    finding_id: str
    round_id: int
    attempt: int
    at: datetime
    detection: Detection
    image: str | None = None


def same_place(one: Box, other: Box, category: Category) -> bool:
    """Overlapping enough, or nearer than the category's merge gap."""
    side = (sqrt(one.area) + sqrt(other.area)) / 2
    return one.overlap_of_smaller(other) >= SAME_PLACE_OVERLAP or one.gap(other) <= category.merge_gap * side


def similarity(one: bytes, other: bytes) -> float:
    """Normalised correlation of two looks, -1 to 1; flat looks are alike only to flat ones.

    A look is 64 grey values (8x8) of the place, so that light and gain drop out.
    """
    if not one or len(one) != len(other):
        return 0.0
    mean_one, mean_other = sum(one) / len(one), sum(other) / len(other)
    first = [value - mean_one for value in one]
    second = [value - mean_other for value in other]
    power_one, power_other = sum(v * v for v in first), sum(v * v for v in second)
    if not power_one or not power_other:
        return 1.0 if power_one == power_other else 0.0
    return sum(a * b for a, b in zip(first, second, strict=True)) / sqrt(power_one * power_other)
