"""Which samples are held out: whole cameras and weeks that no training sees, the same ones on every machine."""

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

TRAIN, VAL = "train", "val"
Name = TypeVar("Name", str, int)
HOLD_OUT_SHARE = 0.15
CAMERA_PART = 0.5
"""Of what is held out, so much by whole cameras; the rest by weeks of cameras that training sees too."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Where and when a sample's frame was taken, and what it looks like."""

    camera_id: int
    at: datetime
    scene: int
    """Samples of one scene look alike; they never lie in two splits."""

    @property
    def week(self) -> str:
        year, week, _ = self.at.isocalendar()
        return f"{year}-W{week:02d}"


def split_of(taken: Sequence[Taken], share: float = HOLD_OUT_SHARE) -> list[str]:
    """TRAIN or VAL for each. With `share` above 0 and two groups or more neither is empty.

    A group is a week of a camera, with all that share a scene with it, however far apart; its name alone decides, so
    that a group stays where it is as more come.
    """
    groups = _groups(taken)
    names = sorted(set(groups))
    held = {name for name in names if share > 0 and _is_held(name, share)}
    if share > 0 and len(names) > 1:
        by_chance = sorted(names, key=lambda name: _draw("order", name))
        held = held or {by_chance[0]}
        held = held if len(held) < len(names) else held - {by_chance[-1]}
    return [VAL if name in held else TRAIN for name in groups]


def _is_held(name: str, share: float) -> bool:
    camera = name.split("/", maxsplit=1)[0]
    return _draw("camera", camera) < share * CAMERA_PART or _draw("week", name) < share * (1 - CAMERA_PART)


def _groups(taken: Sequence[Taken]) -> list[str]:
    """A name for each sample's group: that of its first camera and week."""
    own = [f"{one.camera_id:06d}/{one.week}" for one in taken]
    together = joined(own, ((name, one.scene) for name, one in zip(own, taken, strict=True)))
    return [together[name] for name in own]


def joined(names: Iterable[Name], shared: Iterable[tuple[Name, Hashable]]) -> Mapping[Name, Name]:
    """The least name of each one's set, where names that share something are one set."""
    root = {name: name for name in names}

    def top(name: Name) -> Name:
        while root[name] != name:
            name = root[name]
        return name

    first: dict[Hashable, Name] = {}
    for name, thing in shared:
        one, other = top(first.setdefault(thing, name)), top(name)
        root[max(one, other)] = min(one, other)
    return {name: top(name) for name in root}


def _draw(what: str, name: str) -> float:
    """A fixed number from 0 to 1."""
    return int.from_bytes(hashlib.sha256(f"{what} {name}".encode()).digest()[:6], "big") / 256**6
