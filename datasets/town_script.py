"""What happens in a drawn scene and when: things that come and go, people who stay, a camera that misbehaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from datasets.composer.ads import Ad
from datasets.composer.cables import Hang
from datasets.composer.stalls import Stall
from datasets.town_litter import Thing
from datasets.town_passing import Staying
from datasets.town_street import Place

FOREVER_S = float("inf")


class Decoy(StrEnum):
    """What looks like a finding and is none."""

    planter = "planter"
    bench = "bench"
    leaves = "leaves"
    wet = "wet"
    sign = "sign"
    notice = "notice"
    plate = "plate"
    wire = "wire"
    """Of the house or the grid: from wall to wall, to nothing that is charged."""


Painting = Thing | Stall | Ad | Hang | Decoy

CATEGORY_OF: Mapping[type[Painting], str | None] = {
    Thing: "litter", Stall: "street_business", Hang: "charging_cable", Ad: "illegal_ad", Decoy: None,
}  # fmt: skip


@dataclass(frozen=True)
class Staged:
    """One line of a scene's script: from `appears_s` to `goes_s` this is to be seen there. Ads and signs want a
    WallSpot, cables and wires a CableWay, all else a Spot."""

    appears_s: float
    goes_s: float
    painting: Painting
    place: Place
    seed: int = 0

    @property
    def category(self) -> str | None:
        """A category's code; None for what only looks like one."""
        return CATEGORY_OF[type(self.painting)]

    def is_there(self, elapsed_s: float) -> bool:
        return self.appears_s <= elapsed_s < self.goes_s


@dataclass(frozen=True)
class Turn:
    """From `at_s` on the camera points elsewhere."""

    at_s: float
    yaw_by_deg: float
    pitch_by_deg: float = 0.0


@dataclass(frozen=True)
class Script:
    """What happens in a scene and how its camera behaves."""

    staged: tuple[Staged, ...] = ()
    staying: tuple[Staying, ...] = ()
    turn: Turn | None = None
    frozen: bool = False
    """One picture for ever; only the clock runs."""
    number: str = ""
    """Written on the picture beside the place; empty for a camera that writes nothing."""
    light: str = "day"
