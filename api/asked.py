"""What a list is asked for in the query string, by programs and by people's forms alike; blank means any."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.adapters.patrol_queries import ViewFilter
from pipeline.adapters.queries import TicketFilter
from pipeline.adapters.ticket_cuts import TicketCut
from pipeline.domain.category import Kind
from pipeline.domain.patrol import Outcome
from pipeline.domain.ticket import Status

EARLIEST, LATEST = datetime(2004, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
LARGEST_ID = 2**31 - 1
LARGEST_PAGE = 100
CUT_FIELDS = (
    "kind", "created_from", "created_before", "overdue_at", "on_course_at", "put_right", "recurring", "reworked",
    "unitless",
)  # fmt: skip


def _reachable(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"a time between {EARLIEST:%Y} and {LATEST:%Y} is meant")
    return at


Words = Annotated[str | None, Field(max_length=80, pattern=r"^[^\x00]*$")]
Sort = Literal["-created_at", "created_at", "-updated_at", "updated_at", "due_at"]
Due = Literal["overdue", "soon"]
Moment = Annotated[AwareDatetime, AfterValidator(_reachable)]
Attention = Literal["in_vain", "never", "looked_at"]


class PageAsked(BaseModel):
    """One page of a list."""

    model_config = ConfigDict(frozen=True)

    cursor: str | None = Field(None, max_length=400, description="`next` of the page before; opaque")
    size: int | None = Field(None, ge=1, le=LARGEST_PAGE, description="rows a page")
    since: int | None = Field(None, ge=0, description="change sequence that a page shows already", exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _blank_is_any(cls, given: Any) -> Any:  # Any: not validated yet
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value not in ("", [""])}


class TicketsAsked(PageAsked):
    status: list[Status] = Field([], description="any of these")
    category: Words = Field(None, description="code of a category", examples=["litter"])
    site: Words = None
    unit: Words = None
    view: int | None = Field(None, ge=1, le=LARGEST_ID)
    text: Words = Field(None, description="part of a number, site, unit, view or category name")
    due: Due | None = Field(None, description="overdue, or warned and due soon; what a unit is at work on")
    sort: Sort = Field("-created_at", description="by `due_at` only what has a running deadline is listed")
    kind: Kind | None = None
    created_from: Moment | None = Field(None, description="created then or later")
    created_before: Moment | None = None
    overdue_at: Moment | None = Field(None, description="due before then and not put right yet")
    on_course_at: Moment | None = Field(None, description="not overdue then")
    put_right: Literal["in_time", "late"] | None = None
    recurring: Literal[True] | None = Field(None, description="only what returned after it had cleared (反复)")
    reworked: Literal[True] | None = Field(None, description="only what was sent back at least once")
    unitless: Literal[True] | None = Field(None, description="only what no unit answers for yet")

    @field_validator("recurring", "reworked", "unitless", mode="before")
    @classmethod
    def _from_words(cls, given: Any) -> Any:  # Any: not validated yet
        return True if given in ("true", "1", True) else given

    @property
    def narrowed(self) -> list[str]:
        """Names of what narrows the list beyond the form's own choices."""
        return [name for name in CUT_FIELDS if getattr(self, name)]

    @property
    def cut(self) -> TicketCut:
        return TicketCut(
            self.kind, self.created_from, self.created_before, self.overdue_at, self.on_course_at, self.put_right,
            bool(self.recurring), bool(self.reworked), bool(self.unitless),
        )  # fmt: skip

    @property
    def filter(self) -> TicketFilter:
        """Without the time that `due` is asked for: the route adds it."""
        return TicketFilter(
            tuple(self.status), self.category, self.site, self.unit, self.view, self.text, due=self.due, cut=self.cut
        )  # fmt: skip


class RoundsAsked(PageAsked):
    plan: Words = None


class VisitsAsked(PageAsked):
    outcome: Outcome | None = None


class ViewsAsked(PageAsked):
    attention: Attention | None = Field(None, description="looked at in vain, never looked at, or looked at")
    site: Words = None
    text: Words = Field(None, description="part of a view's, camera's or site's name")

    @property
    def filter(self) -> ViewFilter:
        return ViewFilter(self.attention, self.site, self.text)
