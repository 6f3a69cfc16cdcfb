"""A person's look at a ticket or a sampled frame: verdicts, and reasons that say what they teach and suppress."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

SMALLEST_SIDE = 0.002
"""Of a drawn box, as a share of the frame: four pixels of 1920."""


class VerdictKind(StrEnum):
    confirmed = "confirmed"
    dismissed = "dismissed"
    relabelled = "relabelled"
    redrawn = "redrawn"
    added = "added"
    """A further thing that a person drew: a label and nothing more."""


class ReviewKind(StrEnum):
    """What a review was asked for."""

    first = "first"
    """A ticket that awaits its verdict."""
    second = "second"
    """A ticket that somebody else has judged, read again without knowing how."""
    known = "known"
    """A ticket or sample whose answer an admin knows: it measures the reader."""
    sample = "sample"
    """A sampled frame in which nothing was found."""
    asked = "asked"
    """A frame whose answer teaches much: where the model is in doubt, or two models differ."""
    conflict = "conflict"
    """A ticket of which two readers said different things."""
    added = "added"
    """A box drawn on a ticket's frame beside what the ticket is about."""


class Teaches(StrEnum):
    negative = "negative"
    positive = "positive"
    nothing = "nothing"


class Suppresses(StrEnum):
    while_present = "while_present"
    until_date = "until_date"
    never = "never"


DISMISSED, NOTHING, MISSED = "dismissed", "nothing", "missed"
"""Answers beside the categories: no such thing; nothing in the sample; something in it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A row: why a ticket was dismissed."""

    code: str
    name_zh: str
    name_en: str
    teaches: Teaches
    suppresses: Suppresses
    days: int | None = None
    """For `until_date`: how long the suppression lasts."""
    retired_at: datetime | None = None
    """From then on it is offered no more; what it was used for still names it."""

    def __post_init__(self) -> None:
        if (self.suppresses is Suppresses.until_date) != (self.days is not None):
            raise BadInput(f"reason {self.code!r}: days belong to a suppression until a date, and only to that")


DEFAULT_REASONS: tuple[Reason, ...] = (
    Reason("wet_ground", "地面水渍", "Wet ground", Teaches.negative, Suppresses.while_present),
    Reason("shadow", "阴影", "Shadow", Teaches.negative, Suppresses.while_present),
    Reason("reflection", "反光", "Reflection", Teaches.negative, Suppresses.while_present),
    Reason("closed_bin", "加盖垃圾桶", "Closed bin", Teaches.negative, Suppresses.while_present),
    Reason("legal_sign", "合法标牌", "Legal sign", Teaches.negative, Suppresses.while_present),
    Reason("other_false", "其他误报", "Other false alarm", Teaches.negative, Suppresses.while_present),
    Reason("licensed_stall", "许可摊位", "Licensed stall", Teaches.positive, Suppresses.until_date, 30),
    Reason("bagged", "已装袋待收", "Bagged, awaiting collection", Teaches.positive, Suppresses.until_date, 1),
    Reason("permitted_works", "许可施工", "Permitted works", Teaches.nothing, Suppresses.until_date, 30),
    Reason("duplicate", "重复工单", "Duplicate", Teaches.nothing, Suppresses.while_present),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A box that a person drew, and what is in it."""

    category: str
    box: Box


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decides of a ticket, or of a sample."""

    kind: VerdictKind
    reason: str | None = None
    """Of a dismissal."""
    category: str | None = None
    """The new one, of a relabelling."""
    box: Box | None = None
    """The corrected one, of a redrawing."""

    def __post_init__(self) -> None:
        """Raises BadInput for a ruling that lacks a part, or bears one too many."""
        wanted = {
            VerdictKind.dismissed: "reason", VerdictKind.relabelled: "category", VerdictKind.redrawn: "box",
        }.get(self.kind)  # fmt: skip
        given = {name for name in ("reason", "category", "box") if getattr(self, name) is not None}
        if given != ({wanted} if wanted else set()):
            raise BadInput(f"a ticket that is {self.kind} needs {f'its {wanted}' if wanted else 'nothing more'}")
        if self.box is not None:
            checked_box(self.box)

    def answer(self, category: str) -> str:
        """What the reader says is there, for a ticket of `category`."""
        if self.kind is VerdictKind.dismissed:
            return DISMISSED
        return self.category or category


@dataclass(frozen=True, slots=True)
class Review:
    """One look by one person."""

    key: str
    """Chosen by who sends it, so that a verdict sent twice counts once."""
    who: str
    at: datetime
    kind: ReviewKind
    answer: str
    """A category, or DISMISSED, NOTHING or MISSED."""
    number: str | None = None
    image: str | None = None
    """Of a sample."""
    tickets: int = 1
    """How many it decided: look-alikes count too."""
    seconds: float | None = None
    """From picture to key."""
    known_id: int | None = None
    correct: bool | None = None
    """Of a known answer."""
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person decided; it is a label."""

    at: datetime
    who: str
    kind: VerdictKind
    teaches: Teaches
    category: str
    box: Box
    view_id: int | None
    image: str | None
    """The stored picture on which the box lies."""
    number: str | None = None
    """None: drawn on a sampled frame."""
    reason: str | None = None
    review: str | None = None
    """Key of the review that it belongs to."""


def checked_box(box: Box) -> Box:
    """Raises BadInput for a box that leaves the frame or is no box."""
    inside = 0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1
    if not inside or min(box.width, box.height) < SMALLEST_SIDE:
        raise BadInput("a box lies inside the frame and is not empty: left < right and top < bottom, from 0 to 1")
    return box
