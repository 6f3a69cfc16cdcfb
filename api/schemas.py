"""The JSON answers. Times are UTC; boxes are shares of the frame; images are at /images/{digest}."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from pipeline.domain.category import Kind
from pipeline.domain.deadline import DeadlineClock
from pipeline.domain.detection import Pass
from pipeline.domain.finding import FindingState
from pipeline.domain.patrol import Mode, Outcome
from pipeline.domain.review import Suppresses, Teaches
from pipeline.domain.ticket import Status

Share = Annotated[float, Field(ge=0, le=1)]
Digest = Annotated[str, Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])]
Number = Annotated[str, Field(examples=["XJ-20261123-0007"])]
Row = TypeVar("Row", bound=BaseModel)


class Answer(BaseModel):
    """Read from flat rows by name."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Problem(Answer):
    """RFC 9457."""

    type: str = Field(examples=["urn:streetpatrol:problem:NotFound"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no ticket 'XJ-20261123-9999'"])


class Listing(Answer, Generic[Row]):
    rows: list[Row]
    next: str | None = Field(description="cursor of the next page; null at the end", examples=[None])


class BoxOut(Answer):
    left: float
    top: float
    right: float
    bottom: float


class TicketRow(Answer):
    number: Number
    status: Status
    category: str = Field(examples=["litter"])
    category_zh: str = Field(examples=["暴露垃圾"])
    category_en: str = Field(examples=["Litter"])
    kind: Kind
    site: str = Field(examples=["人民路口"])
    unit: str | None = Field(examples=["青禾社区"])
    view_id: int
    view: str
    camera: str
    recurring: bool = Field(description="returned after it had cleared (反复)")
    due_at: datetime | None = Field(description="bound at dispatch; see its life for how the clock stands")
    amber_at: datetime | None
    reworked: int = Field(description="how often it was sent back")
    score: Share = Field(description="the model's highest score")
    finding_id: str
    finding_state: FindingState
    first_seen_at: datetime
    last_seen_at: datetime
    created_at: datetime
    updated_at: datetime
    thumb: Digest | None


class TicketImage(Answer):
    role: str = Field(examples=["outlined"])
    digest: Digest
    at: datetime


class HistoryLine(Answer):
    at: datetime
    who: str
    what: str = Field(examples=["filed_for_review"])
    reason: str | None
    reason_zh: str | None
    reason_en: str | None
    detail: str | None
    words: str | None = Field(description="why, as a person wrote it")
    hash: str = Field(description="of this entry and the one before it: a changed history does not hold")


class StripFrame(BoxOut):
    at: datetime
    round_id: int
    attempt: int
    score: Share
    found_by: Pass
    model: str
    image: Digest


class FindingOut(BoxOut):
    id: str
    state: FindingState
    score: Share
    not_before: datetime | None = Field(description="last look without it: it came between this and first_seen_at")
    first_seen_at: datetime
    last_seen_at: datetime
    opened_at: datetime | None
    cleared_at: datetime | None
    suppress_until: datetime | None
    recurs: str | None = Field(description="the cleared finding that this one repeats")
    sightings: int
    rounds: int
    model: str | None
    strip: list[StripFrame]


class TicketOut(TicketRow):
    images: list[TicketImage]
    history: list[HistoryLine]
    finding: FindingOut


class DismissIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "wet_ground"}]})
    reason: str = Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_]+$", description="code of a reason")


class VerdictOut(Answer):
    number: Number
    status: Status


class RoundRow(Answer):
    id: int
    plan: str
    started_at: datetime
    finished_at: datetime | None
    planned: int
    visited: dict[Outcome, int] = Field(description="views by outcome", examples=[{"seen": 40, "unreachable": 2}])
    covered: int = Field(description="views that were looked at: seen or unchanged")
    coverage: Share | None = Field(description="covered as a share of planned; null where nothing was planned")
    findings_opened: int


class VisitRow(Answer):
    view_id: int
    view: str
    camera: str
    site: str
    attempt: int
    outcome: Outcome
    fault: str | None
    why: str
    mode: Mode | None
    passes: str = Field(examples=["fast"])
    found: int
    inference_s: float
    started_at: datetime
    frame_at: datetime | None
    skew_s: float | None


class ViewRow(Answer):
    id: int
    name: str
    camera: str
    site: str
    core_zone: bool
    preset: int
    active: bool
    source_kind: str
    source: str = Field(description="without credentials", examples=["rtsp://10.0.0.8/stream1"])
    last_outcome: Outcome | None = Field(description="null: never looked at, which is not clean")
    last_fault: str | None
    failures: int
    next_try_at: datetime | None
    last_visit_at: datetime | None
    last_good_at: datetime | None
    last_image: Digest | None
    skew_s: float | None
    tickets_waiting: int


class HealthRow(Answer):
    at: datetime
    outcome: Outcome
    fault: str | None
    why: str


class SuppressionRow(Answer):
    id: str = Field(description="the finding")
    number: Number
    view_id: int
    view: str
    site: str
    category: str
    category_zh: str
    category_en: str
    reason: str | None
    reason_zh: str | None
    reason_en: str | None
    who: str | None
    at: datetime | None
    suppress_until: datetime | None = Field(description="null: until it is gone")
    clear_in_a_row: int = Field(description="clear visits so far")
    clear_after: int = Field(description="clear visits that end it")
    first_seen_at: datetime
    last_seen_at: datetime


class CategoryOut(Answer):
    code: str
    name_zh: str
    name_en: str
    kind: Kind
    city_code: str | None
    seen: int = Field(description="opens when seen in this many of the last `of` visits that count")
    of: int
    dwell_s: float
    clear_after: int
    threshold: Share
    fine_threshold: Share | None = Field(description="for the fine pass; null: the same")
    deadline: int | None = Field(description="how long a unit has, in what `deadline_clock` counts", examples=[4])
    deadline_clock: DeadlineClock | None
    detected: bool = Field(description="whether the model in use looks for it; false: no model yet (暂无模型)")


class ModelOut(Answer):
    model: str
    name: str
    classes: tuple[str, ...]
    note: str = Field(description="what its card says of its limits")


class CategoriesOut(Answer):
    model: ModelOut | None = Field(description="null: no model is in use")
    categories: list[CategoryOut]


class ReasonOut(Answer):
    code: str
    name_zh: str
    name_en: str
    teaches: Teaches
    suppresses: Suppresses
    days: int | None


class Alive(Answer):
    status: str = Field(examples=["ok"])


class Ready(Alive):
    warnings: list[str] = Field(description="what works today and needs somebody soon, a line each")
