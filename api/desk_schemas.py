"""What the review desk's routes take and answer."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas import Answer, BoxOut, Digest, Number, Share
from pipeline.domain.desk import KnownAnswer, Said
from pipeline.domain.geometry import Box
from pipeline.domain.review import Drawn, Reason, Ruling, Suppresses, Teaches, VerdictKind

MOST_HELD = 60
MOST_BOXES = 20
TICKET = r"^[A-Z]{2}-[0-9]{8}-[0-9]{4,8}$"
DIGEST = r"^[0-9a-f]{64}$"
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,40}$", examples=["pS0mVw0bF2Kk1yZr3hQ9xA"])]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,40}$", examples=["3f0c2f0e9b8a4c6d8e21"])]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$", examples=["wet_ground"])]
TicketNumberIn = Annotated[str, Field(pattern=TICKET, examples=["XJ-20261123-0007"])]
Words = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]*$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BoxIn(Body):
    """Shares of the frame, from its top left corner."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"left": 0.2, "top": 0.5, "right": 0.3, "bottom": 0.7}]}
    )
    left: Share
    top: Share
    right: Share
    bottom: Share

    @property
    def box(self) -> Box:
        return Box(self.left, self.top, self.right, self.bottom)


class DrawnIn(Body):
    category: Code
    box: BoxIn

    @property
    def drawn(self) -> Drawn:
        return Drawn(self.category, self.box.box)


class CardsIn(Body):
    count: int = Field(4, ge=0, le=8, description="new cards wanted")
    held: list[Token] = Field([], max_length=MOST_HELD, description="cards still on the desk: their lease is renewed")


class TokensIn(Body):
    tokens: list[Token] = Field(max_length=MOST_HELD)


class SaidIn(Body):
    """`verdict` and its part for a ticket; `boxes` (maybe empty) for a sampled frame."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"key": "3f0c2f0e9b8a4c6d8e21", "token": "pS0mVw0bF2Kk1yZr3hQ9xA", "verdict": "dismissed",
                 "reason": "wet_ground", "seconds": 1.9}
            ]
        },
    )  # fmt: skip
    key: Key = Field(description="new for each verdict; sent again with the same key it counts once")
    token: Token
    verdict: Literal["confirmed", "dismissed", "relabelled", "redrawn"] | None = None
    reason: Code | None = Field(None, description="with `dismissed`")
    category: Code | None = Field(None, description="with `relabelled`")
    box: BoxIn | None = Field(None, description="with `redrawn`")
    boxes: list[DrawnIn] = Field([], max_length=MOST_BOXES, description="of a sampled frame: what was missed")
    alike: list[TicketNumberIn] = Field([], max_length=50, description="look-alikes that the verdict is for too")
    seconds: float | None = Field(None, ge=0, le=86400, description="from picture to key")

    def said(self) -> Said:
        """Raises BadInput where parts do not belong together."""
        ruling = None
        if self.verdict is not None:
            box = self.box.box if self.box else None
            ruling = Ruling(VerdictKind(self.verdict), self.reason, self.category, box)
        drawn = tuple(one.drawn for one in self.boxes)
        return Said(self.key, self.token, ruling, drawn, tuple(self.alike), self.seconds)


class RulingIn(Body):
    """A verdict on a ticket outside the desk: another category, or a corrected box."""

    category: Code | None = None
    box: BoxIn | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.category is None) == (self.box is None):
            raise ValueError("give a category or a box")
        return self

    @property
    def ruling(self) -> Ruling:
        if self.box is not None:
            return Ruling(VerdictKind.redrawn, box=self.box.box)
        return Ruling(VerdictKind.relabelled, category=self.category)


class FurtherIn(Body):
    key: Key
    number: TicketNumberIn
    category: Code
    box: BoxIn


class UndoIn(Body):
    key: Key | None = Field(None, description="the review to take back; without it, the last one that stands")


class PrecisionOut(Answer):
    confirmed: int
    dismissed: int
    share: Share | None
    interval: tuple[float, float] | None = Field(description="95 %, Wilson")


class CardFrame(Answer):
    role: Literal["reference", "first", "last"]
    image: Digest
    at: datetime
    box: BoxOut | None


class CardOut(Answer):
    token: Token
    kind: Literal["ticket", "sample", "conflict"] = Field(description="second and planted readings say `ticket` too")
    number: Number | None
    category: str | None = Field(description="as the detector has it")
    category_zh: str | None
    category_en: str | None
    score: Share | None
    box: BoxOut | None
    others: list[BoxOut] = Field(description="further findings of the view that were there then")
    image: Digest | None = Field(description="the frame, without anything drawn on it")
    taken_at: datetime
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    recurring: bool
    view_id: int
    view: str
    camera: str
    site: str
    site_kind: str
    address: str
    latitude: float | None = Field(description="WGS-84")
    longitude: float | None
    unit: str | None
    strip: list[CardFrame]
    precision: PrecisionOut | None = Field(description="verdicts so far in this view and category")
    alike: list[Number] = Field(description="look-alikes at the same place, which one verdict may decide too")
    opinions: list[str] = Field(description="of a conflict: what the two readers said")


class ProgressOut(Answer):
    done: int = Field(description="reviews of yours today")
    tickets: int = Field(description="tickets that they decided")
    an_hour: float | None = Field(description="over the last hour, or since you began")


class CardsOut(Answer):
    cards: list[CardOut]
    held: list[Token] = Field(description="of those asked about, the ones that are still yours")
    waiting: int = Field(description="tickets that await review, counted up to 1,000")
    progress: ProgressOut


class CountedOut(Answer):
    review: str
    numbers: list[Number] = Field(description="tickets that it decided")
    left: list[Number] = Field(description="look-alikes that stay: judged, leased or changed meanwhile")


class UndoneOut(Answer):
    review: str
    answer: str
    number: Number | None
    image: str | None
    card: CardOut | None = Field(description="back on your desk; null for a box drawn beside a ticket")


class ReviewRow(Answer):
    key: str
    at: datetime
    answer: str = Field(examples=["litter"])
    number: Number | None
    image: str | None
    tickets: int
    site: str | None


class AgreementOut(Answer):
    pairs: int
    agreed: int
    kappa: float | None = Field(description="Cohen's; null without a pair, or where only one answer ever occurs")
    interval: tuple[float, float] | None = Field(description="95 %")


class ReaderOut(Answer):
    who: str
    done: int
    seconds: float | None
    known: int = Field(description="planted answers met")
    correct: int
    accuracy: Share | None
    interval: tuple[float, float] | None


class RecallOut(Answer):
    found: int = Field(description="frames with something found and confirmed")
    read: int = Field(description="sampled empty frames read")
    missed: int = Field(description="those that hold something")
    sampling_share: float = Field(description="of empty frames, the share that was read")
    share: Share | None
    interval: tuple[float, float] | None


class QualityOut(Answer):
    days: int
    agreement: AgreementOut
    second_readings: dict[str, int] = Field(description="by state", examples=[{"waiting": 3, "conflict": 1}])
    readers: list[ReaderOut]
    recall: RecallOut | None


class KnownIn(Body):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"number": "XJ-20261123-0007", "answer": "dismissed"}]}
    )
    number: TicketNumberIn | None = None
    image: Annotated[str, Field(pattern=DIGEST)] | None = Field(None, description="digest of a sampled frame")
    answer: Code = Field(description="a category or `dismissed`; of a sample `nothing` or `missed`")

    @property
    def known(self) -> KnownAnswer:
        return KnownAnswer(self.answer, self.number, None if self.number else self.image)


class KnownRow(Answer):
    id: int
    number: Number | None
    image: str | None
    answer: str
    marked_by: str
    at: datetime
    retired_at: datetime | None
    site: str | None
    read: int
    correct: int


class ReasonIn(Body):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name_zh": "施工围挡", "name_en": "Site hoarding", "teaches": "negative", "suppresses": "until_date",
                 "days": 90}
            ]
        },
    )  # fmt: skip
    name_zh: Words
    name_en: Words
    teaches: Teaches
    suppresses: Suppresses
    days: int | None = Field(None, ge=1, le=3650, description="with `until_date`, and only with it")

    def reason(self, code: str) -> Reason:
        """Raises BadInput where days and suppression do not fit."""
        return Reason(code, self.name_zh.strip(), self.name_en.strip(), self.teaches, self.suppresses, self.days)


class NewReasonIn(ReasonIn):
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$", examples=["site_hoarding"])]


class OrderIn(Body):
    codes: list[Code] = Field(max_length=200, description="the first ten are on the number keys")


class ReasonRow(Answer):
    code: str
    name_zh: str
    name_en: str
    teaches: Teaches
    suppresses: Suppresses
    days: int | None
    position: int
    retired_at: datetime | None
    used: int = Field(description="verdicts that name it")
