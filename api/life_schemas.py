"""JSON of a ticket's life: what a move is given, what it answers, and the rules of dispatch."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Answer, Digest, Number, Share
from pipeline.domain.category import Kind
from pipeline.domain.deadline import DeadlineClock
from pipeline.domain.dispatch import DispatchRule
from pipeline.domain.patrol import Outcome
from pipeline.domain.site import SiteKind, Tier
from pipeline.domain.ticket import Evidence, Status
from pipeline.domain.ticket_clock import Light
from pipeline.domain.verification import Opinion

MOST_UNITS = 6
NO_NUL = r"^[^\x00]*$"
UnitName = Annotated[str, Field(min_length=1, max_length=80, pattern=NO_NUL, examples=["青禾社区"])]
Why = Annotated[
    str, Field(min_length=1, max_length=300, pattern=NO_NUL, description="in words; the history keeps them for good")
]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DispatchIn(Given):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"units": ["城市管理办", "青禾社区"]}, {}]}
    )
    units: list[UnitName] = Field(default=[], max_length=MOST_UNITS, description="lead first; none: those of the rules")


class WordsIn(Given):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"words": "等待产权单位确认"}]})
    words: Why


class SignOffIn(Given):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}, {"words": "到现场看过，已清理"}]})
    words: str = Field(
        default="",
        max_length=300,
        pattern=NO_NUL,
        description="what you saw yourself; needed where no later frame shows it gone",
    )


class UnitIn(Given):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"unit": "城市管理办", "words": "属执法事项"}]}
    )
    unit: UnitName
    words: Why


class LookOut(Answer):
    at: datetime = Field(description="the frame's own time")
    outcome: Outcome
    opinion: Opinion = Field(description="the model's, of the place")
    image: Digest | None
    score: Share | None
    model: str
    why: str


class LifeOut(Answer):
    """Where a ticket stands in its life."""

    number: Number
    status: Status
    unit: str | None = Field(description="who answers for it: the lead once dispatched")
    units: list[str] = Field(description="dispatched to these, the lead first")
    deadline: int | None = Field(description="as bound at dispatch, in what `deadline_clock` counts")
    deadline_clock: DeadlineClock | None
    due_at: datetime | None
    amber_at: datetime | None = Field(description="warned from here on")
    left_s: float | None = Field(description="seconds left on its clock while that stands; null: it runs, or has none")
    light: Light
    reworked: int = Field(description="how often it was sent back")
    dispatched_at: datetime | None
    rectified_at: datetime | None
    verified_at: datetime | None
    closed_at: datetime | None
    evidence: Evidence | None = Field(description="on what it was verified")


class ProposalOut(Answer):
    units: list[str] = Field(description="lead first; empty: choose by hand", examples=[["城市管理办", "青禾社区"]])
    rule: int | None = Field(description="the rule that names them; null: the site's own unit")


RuleUnit = UnitName | Tier


class RuleIn(Given):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"site_kind": "shop", "kind": "enforcement", "units": ["城市管理办", 3], "note": "门前三包"}]
        },
    )
    units: list[RuleUnit] = Field(
        min_length=1, max_length=MOST_UNITS, description="lead first: a unit's name, or the tier of the site's own unit"
    )
    site: str | None = Field(None, min_length=1, max_length=80, pattern=NO_NUL, description="null: any")
    site_kind: SiteKind | None = None
    category: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]{1,39}$")
    kind: Kind | None = None
    note: str = Field("", max_length=200, pattern=NO_NUL)

    def rule(self, rule_id: int = 0) -> DispatchRule:
        return DispatchRule(
            rule_id, tuple(self.units), self.site, self.site_kind, self.category, self.kind, self.note
        )  # fmt: skip


class RuleOut(Answer):
    id: int
    units: list[str | int]
    site: str | None
    site_kind: SiteKind | None
    category: str | None
    kind: Kind | None
    note: str
    position: int = Field(description="breaks a tie between equally specific rules")


class MoveIn(Given):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"by": -1}]})
    by: int = Field(ge=-1000, le=1000, description="places down the table; up below zero")
