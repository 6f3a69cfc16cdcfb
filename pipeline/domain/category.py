"""What is looked for, and how long it must stay before people hear of it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.detection import Pass


class Kind(StrEnum):
    works = "works"
    clean_up = "clean_up"
    enforcement = "enforcement"
    management = "management"


KIND_NAMES = {
    Kind.works: ("工程", "Works"),
    Kind.clean_up: ("整治", "Clean-up"),
    Kind.enforcement: ("执法", "Enforcement"),
    Kind.management: ("管理", "Management"),
}


@dataclass(frozen=True, slots=True)
class Persistence:
    """A finding opens when it was seen in `seen` of the last `of` visits that count and for `dwell` in frame times."""

    seen: int
    of: int
    dwell: timedelta
    clear_after: int = 3
    """Clear visits in a row that end a finding or a suppression."""


@dataclass(frozen=True, slots=True)
class Category:
    """A row of the category table. `city_code` is the 数字城管 code where one is known; `deadline` is how long a unit
    has where no rule of its own says otherwise."""

    code: str
    name_zh: str
    name_en: str
    kind: Kind
    persistence: Persistence
    threshold: float
    city_code: str | None = None
    merge_gap: float = 0.5
    """Boxes nearer than this share of their mean side are one finding."""
    fine_threshold: float | None = None
    """For the fine pass, which finds more and is wrong more often; None: the same."""
    deadline: Deadline | None = None

    def threshold_of(self, found_by: Pass) -> float:
        """The score from which a box of this pass is a sighting."""
        return self.threshold if found_by is Pass.fast or self.fine_threshold is None else self.fine_threshold


DEFAULT_CATEGORIES: tuple[Category, ...] = (
    Category(
        "litter", "暴露垃圾", "Litter", Kind.clean_up, Persistence(3, 5, timedelta(minutes=2)), 0.45, "0102",
        deadline=Deadline(4, DeadlineClock.working_hours),
    ),
    Category(
        "street_business", "占道/跨门经营", "Street business", Kind.enforcement,
        Persistence(2, 4, timedelta(minutes=2)), 0.45, "0504", deadline=Deadline(2, DeadlineClock.working_hours),
    ),
    Category(
        "charging_cable", "飞线充电", "Charging cable", Kind.management, Persistence(3, 5, timedelta(minutes=30)), 0.45,
        deadline=Deadline(1, DeadlineClock.working_days),
    ),
    Category(
        "illegal_ad", "非法小广告", "Illegal ad", Kind.clean_up, Persistence(3, 5, timedelta(minutes=30)), 0.45, "0201",
        deadline=Deadline(1, DeadlineClock.working_days),
    ),
)  # fmt: skip
"""What a new installation starts with; towns change the rows (`./patrol category`). The deadlines are our guess."""

HELPER_CLASSES = ("person", "two_wheeler", "car", "truck", "umbrella", "bin")
"""Classes of the weights that are no category: for redaction and for covered places."""

PERSON_CLASSES = frozenset({"person"})
VEHICLE_CLASSES = frozenset({"two_wheeler", "car", "truck"})
COVERING_CLASSES = PERSON_CLASSES | VEHICLE_CLASSES | {"umbrella"}
