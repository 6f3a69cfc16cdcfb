"""What the camera and plan routes are asked and answer. Polygons are corners in shares of the picture."""

from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.asked import PageAsked, Words
from api.schemas import Answer, Digest, Share
from pipeline.adapters.camera_queries import CameraFilter
from pipeline.adapters.fleet import Came
from pipeline.domain.camera import PermittedHours, ViewThreshold, Zone, ZoneKind
from pipeline.domain.geometry import Polygon
from pipeline.domain.patrol import Mode, Outcome, Plan
from pipeline.domain.site import SiteKind

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=PRINTABLE)]
Text = Annotated[str, Field(max_length=80, pattern=PRINTABLE)]
Said = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$", examples=["street_business"])]
Point = Annotated[list[float], Field(min_length=2, max_length=2)]
DigestIn = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FOUR: list[Any] = [[0.1, 0.6], [0.9, 0.6], [0.9, 0.95], [0.1, 0.95]]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CamerasAsked(PageAsked):
    text: Words = Field(None, description="part of a view's, camera's or site's name, or of the address")
    site: Words = None
    unit: Words = None
    attention: Literal["in_vain", "never", "looked_at", "off"] | None = None

    @property
    def filter(self) -> CameraFilter:
        return CameraFilter(self.text, self.site, self.unit, self.attention)


class RepairsAsked(PageAsked):
    closed: bool = False


class CameraRow(Answer):
    id: int = Field(description="of the view")
    name: str
    camera_id: int
    camera: str
    active: bool
    source_kind: str
    has_password: bool
    site: str
    site_kind: SiteKind
    key_point: bool
    core_zone: bool
    unit: str | None
    last_outcome: Outcome | None
    last_fault: str | None
    last_visit_at: datetime | None
    last_good_at: datetime | None
    last_image: Digest | None
    zones: int
    references_approved: int
    own_thresholds: int
    repairs_open: int


class CameraIn(Given):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"name": "东门相机", "site": "东门", "source": "rtsp://10.0.0.8/stream1"}]},
    )
    name: Name
    site: Name = Field(description="known, or new")
    keep_site: bool = Field(False, description="the site is known and stays as it is; the fields on it are not read")
    site_kind: SiteKind = SiteKind.main_road
    key_point: bool = False
    core_zone: bool = False
    address: Annotated[str, Field(max_length=200, pattern=PRINTABLE)] = ""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    datum: Literal["WGS-84", "GCJ-02"] = "WGS-84"
    leader: Text = ""
    department: Text = ""
    community: Text = ""
    source: Annotated[str, Field(max_length=1000)] = Field(
        "", description="address or path; blank on a change: as it is. A user name and password in it are sealed"
    )
    username: Text = ""
    password: Annotated[SecretStr, Field(max_length=200)] = SecretStr("")


class CameraAdded(Answer):
    view_id: int


class ActiveIn(Given):
    active: bool


class RowOut(Answer):
    number: int = Field(description="as a spreadsheet shows it")
    name: str
    came: Came
    why: str


class ImportOut(Answer):
    dry_run: bool
    added: int
    updated: int
    refused: int
    rows: list[RowOut]


class HoursIO(Given):
    start: time = Field(alias="from", examples=["18:00"])
    end: time = Field(alias="to", description="not after `from`: on the next day", examples=["23:00"])
    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)] = Field(
        list(range(7)), description="0 is Monday"
    )
    categories: Annotated[list[Code], Field(max_length=40)] = Field([], description="empty: all of the zone's")

    @property
    def value(self) -> PermittedHours:
        start, end = (moment.replace(tzinfo=None, second=0, microsecond=0) for moment in (self.start, self.end))
        return PermittedHours(start, end, frozenset(self.days), frozenset(self.categories))


def corners_of(polygon: list[Point]) -> Polygon:
    return tuple((x, y) for x, y in polygon)


class ZoneIO(Given):
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"kind": "pavement", "polygon": FOUR}]}
    )
    kind: Literal["pavement", "road", "wall", "ignore"]
    name: Annotated[str, Field(max_length=40, pattern=PRINTABLE)] = ""
    polygon: Annotated[list[Point], Field(min_length=3, max_length=60)]
    categories: Annotated[list[Code], Field(max_length=40)] = Field([], description="it speaks of; empty: all")
    permitted: Annotated[list[HoursIO], Field(max_length=14)] = Field([], description="外摆时段")

    @property
    def value(self) -> Zone:
        permitted = tuple(hours.value for hours in self.permitted)
        return Zone(ZoneKind(self.kind), corners_of(self.polygon), frozenset(self.categories), permitted, self.name)


Version = Annotated[
    str | None, Field(max_length=40, description="what was read: refused with 409 if it has changed since")
]


class ZonesIn(Given):
    zones: Annotated[list[ZoneIO], Field(max_length=60)]
    version: Version = None


class ZonesOut(Answer):
    version: str
    zones: list[ZoneIO]


class MasksIn(Given):
    masks: Annotated[list[Annotated[list[Point], Field(min_length=3, max_length=60)]], Field(max_length=60)] = Field(
        examples=[[FOUR]]
    )
    version: Version = None


class MasksOut(Answer):
    version: str
    masks: list[list[Point]] = Field(description="drawn by people; their bounding boxes are masked")
    found: list[list[Point]] = Field(description="found by itself; gone once somebody saves masks")


class ThresholdIO(Given):
    category: Code
    threshold: Annotated[float, Field(gt=0, lt=1)] = Field(examples=[0.5])
    fine_threshold: Annotated[float, Field(gt=0, lt=1)] | None = Field(None, description="null: the same")

    @property
    def value(self) -> ViewThreshold:
        return ViewThreshold(self.category, self.threshold, self.fine_threshold)


class ThresholdsIn(Given):
    thresholds: Annotated[list[ThresholdIO], Field(max_length=60)] = Field(description="what differs from the table")


class ThresholdRow(Answer):
    category: str
    threshold: Share
    fine_threshold: Share | None
    set_by: str
    at: datetime


class TrialOut(Answer):
    category: str
    sightings: int
    sightings_kept: int
    findings: int
    findings_kept: int
    confirmed: int = Field(description="findings whose ticket a person confirmed")
    confirmed_kept: int
    dismissed: int
    dismissed_kept: int


class ReferenceIn(Given):
    image: DigestIn = Field(description="a stored picture of this view")
    mode: Mode | None = Field(None, description="null: as the picture shows")
    moved: bool = Field(False, description="a new pose: references of the old one go")


class ReferenceOut(Answer):
    mode: Mode
    image: Digest | None = Field(description="null: taken from the patrol by itself, approved by nobody")
    approved_by: str | None
    at: datetime | None


class PictureIn(Given):
    image: DigestIn


class Asked(Answer):
    errand: int = Field(description="its state is at /api/v1/errands/{errand}")


class RepairIn(Given):
    words: Said = Field(examples=["被风吹偏，需要重新固定"])


class RepairRow(Answer):
    id: int
    view_id: int
    view: str
    site: str
    outcome: Outcome | None
    words: str
    image: Digest | None
    opened_by: str
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    closing_words: str | None


class RepairOpened(Answer):
    id: int


class PlanIn(Given):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"cron": "*/5 6-22 * * *", "core_zone_only": True}]},
    )
    cron: Annotated[str, Field(max_length=60, pattern=PRINTABLE)] = Field(description="five fields, in the town's zone")
    core_zone_only: bool = False
    site_names: Annotated[list[Name], Field(max_length=500)] = Field([], description="empty: any")
    fine_every_s: Annotated[float, Field(ge=60, le=604_800)] = 3600.0
    active: bool = True

    def plan(self, name: str) -> Plan:
        return Plan(
            name, self.cron, self.core_zone_only, tuple(self.site_names), timedelta(seconds=self.fine_every_s),
            self.active,
        )  # fmt: skip


class NewPlanIn(PlanIn):
    name: Annotated[str, Field(min_length=1, max_length=40, pattern=PRINTABLE)]


class PlanOut(Answer):
    name: str
    cron: str
    core_zone_only: bool
    site_names: list[str]
    fine_every_s: float
    active: bool
    views: int = Field(description="views that it looks at now")
    next_runs: list[datetime] = Field(description="empty while it is paused")
