"""What the routes of models take and answer."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from api.asked import PageAsked
from api.desk_schemas import Body
from api.schemas import Answer, BoxOut, Digest, Number, Share
from pipeline.domain.detection import Pass
from pipeline.domain.model_version import PromotionKind, ProposalState
from pipeline.domain.shadow import Side
from pipeline.domain.threshold_proposal import Share as Counted
from pipeline.domain.threshold_proposal import ThresholdState

HASH12 = r"^[0-9a-f]{12}$"
LONGEST_SHADOW_DAYS = 30
Hash12 = Annotated[str, Field(examples=["4f1e3a9c0b7d"])]
Standing = Literal["champion", "challenger", "archived"]


class VersionOut(Answer):
    """Frozen weights, and where they come from."""

    hash12: Hash12
    name: str
    standing: Standing = Field(description="challenger: waits for a person's decision")
    classes: list[str]
    note: str
    thresholds: dict[str, dict[Pass, float]] = Field(description="by category and pass, measured with these weights")
    dataset: Digest | None = Field(description="what it was trained on; null: shipped, or from outside")
    parents: list[str] = Field(description="weights that it was trained from")
    code: str = Field(description="version of this program that trained it")
    parameters: dict[str, JsonValue]
    figures: dict[str, JsonValue]
    created_at: datetime
    created_by: str


class PromotionOut(Answer):
    id: int
    model: Hash12
    name: str
    previous: Hash12 | None
    kind: PromotionKind
    who: str
    words: str
    at: datetime
    taken_up_at: datetime | None = Field(description="when the first worker looked with it")
    refused_at: datetime | None = Field(description="it did not load: the one before it works on")
    refused_why: str | None


class GateRule(BaseModel):
    """One row of the gate's table."""

    model_config = ConfigDict(extra="ignore")
    code: str = Field(examples=["ap50"])
    category: str | None = None
    passed: bool
    zh: str = ""
    en: str = ""
    champion: float | None = None
    challenger: float | None = None


class ProposalOut(Answer):
    """A challenger that was measured against the champion on frames that neither ever saw."""

    id: int
    model: Hash12
    name: str
    champion: Hash12
    dataset: Digest | None
    labels: int | None = Field(description="verdicts there were when its training began")
    created_at: datetime
    passed: bool = Field(description="what the gate says; a person decides")
    rules: list[GateRule]
    report: str = Field(description="address of the report", examples=["/models/proposals/1/report/report.html"])
    state: ProposalState
    decided_by: str | None
    decided_at: datetime | None
    words: str


class TrainingOut(Answer):
    id: int
    trigger: str = Field(description="nightly, labels or hand")
    asked_by: str
    begun_at: datetime
    beat_at: datetime
    ended_at: datetime | None
    state: str = Field(description="running, done, failed or nothing_new")
    step: str = Field(description="build, train, evaluate or propose")
    labels: int
    dataset: Digest | None
    model: Hash12 | None
    proposal_id: int | None
    why: str = Field(description="how far it is, or why it ended so")


class SeenOut(BaseModel):
    both: int
    champion: int = Field(description="seen by the champion alone")
    challenger: int


class ShadowRunOut(Answer):
    """A challenger that looks beside the champion and opens nothing."""

    id: int
    model: Hash12
    champion: Hash12
    begun_at: datetime
    until: datetime
    ended_at: datetime | None
    visits: int
    seconds: float = Field(description="that it cost the rounds")
    tally: dict[str, SeenOut] = Field(description="by category")
    failed_why: str | None


class DifferenceOut(Answer):
    id: int
    round_id: int
    view_id: int
    view: str
    at: datetime
    image: Digest | None
    side: Side = Field(description="who alone saw it")
    category: str
    score: Share
    box: BoxOut
    read_at: datetime | None = Field(description="when a person answered for this frame")


class DatasetOut(Answer):
    hash: Digest
    created_at: datetime
    created_by: str
    counts: dict[str, JsonValue]
    replaced_by: str | None = Field(description="the version without frames that had to leave")
    why_replaced: str | None
    tickets: int = Field(description="tickets that it learned from")


class SampleOut(Answer):
    """One sample, and the verdict behind it."""

    sample: str
    number: Number
    verdict_id: int
    image: Digest
    view_id: int | None
    split: str
    teaches: str
    category: str | None
    who: str | None = Field(description="null: the verdict was taken back since")
    at: datetime | None
    kind: str | None
    reason: str | None


class LearnedOut(Answer):
    """Weights that learned from a ticket."""

    dataset: Digest
    split: str = Field(description="val: it measures and teaches nothing")
    teaches: str
    category: str | None
    hash12: Hash12 | None = Field(description="null: nothing was trained on this dataset yet")
    name: str | None
    standing: Standing | None


class WeekOut(Answer):
    """What reviewers said of tickets that came in one week, by the weights that found them."""

    week: date = Field(description="its Monday, in town")
    model: Hash12
    right: int
    wrong: int = Field(description="dismissed or relabelled")
    allowed: int = Field(description="of the wrong ones: really there, but permitted")
    share: Share | None
    low: Share | None = Field(description="95 % interval (Wilson)")
    high: Share | None


class LearningOut(Answer):
    """What labels were worth: both models on the same hold-out."""

    proposal_id: int
    model: Hash12
    champion: Hash12
    labels: int
    at: datetime
    state: ProposalState
    ap50_champion: Share | None = Field(description="mean over the categories of which the hold-out shows any")
    ap50: Share | None
    places: int = Field(description="places on the hold-out that reviewers dismissed")
    alarms_champion: int | None
    alarms: int | None


class CountedOut(BaseModel):
    part: int
    whole: int
    low: Share | None = Field(description="95 % interval (Wilson)")
    high: Share | None

    @classmethod
    def of(cls, counted: Counted) -> Self:
        low, high = counted.interval or (None, None)
        return cls(part=counted.part, whole=counted.whole, low=low, high=high)


class ThresholdProposalOut(BaseModel):
    """A higher threshold for one category in one view, as the verdicts speak for it."""

    id: int
    view_id: int
    view: str
    category: str
    found_by: Pass
    before: Share
    threshold: Share
    low: Share = Field(description="95 % of the thresholds that resampled verdicts give (bootstrap)")
    high: Share
    cut: CountedOut = Field(description="of the view's false alarms, those that would not have come")
    kept: CountedOut = Field(description="of the view's own true things")
    kept_in_town: CountedOut = Field(description="of this category's true things in all views")
    numbers_cut: list[Number]
    model: Hash12 = Field(description="whose scores these are")
    created_at: datetime
    state: ThresholdState
    decided_by: str | None
    decided_at: datetime | None


class AskedCountOut(Answer):
    why: str = Field(description="doubt, novelty or shadow")
    waiting: int
    read: int
    held_something: int


class AskedFrameOut(Answer):
    image: Digest
    view_id: int
    view: str
    frame_at: datetime
    asked_at: datetime
    why: str
    worth: float


class AskedOut(BaseModel):
    """Frames that people are asked about because their answer teaches most."""

    counts: list[AskedCountOut]
    next: list[AskedFrameOut]


class CurrentOut(BaseModel):
    """Which weights look now, and what has come since they were trained."""

    promotion: PromotionOut
    version: VersionOut
    labels: int = Field(description="verdicts and frames looked over, by now")
    labels_of_last_training: int
    retrain_after_labels: int = Field(description="so many new ones start a training; 0: never by their number")


class DecisionIn(Body):
    words: str = Field("", max_length=300, pattern=r"^[^\x00]*$", description="needed to take what the gate refused")


class ShadowIn(Body):
    model: str = Field(pattern=HASH12, examples=["4f1e3a9c0b7d"])
    days: int = Field(ge=1, le=LONGEST_SHADOW_DAYS)


class DecidedAsked(BaseModel):
    model_config = ConfigDict(frozen=True)
    state: ProposalState | None = Field(None, description="any, if none is named")

    @model_validator(mode="before")
    @classmethod
    def _blank_is_any(cls, given: object) -> object:
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given


class ThresholdsAsked(PageAsked):
    state: ThresholdState | None = Field(None, description="any, if none is named")
