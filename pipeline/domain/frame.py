"""A frame, what the gauge reads in it, and what a view remembers from visit to visit."""

from dataclasses import dataclass, field
from datetime import datetime

from pipeline.domain.camera import SourceKind
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode, Outcome

Pixels = object
"""Opaque here: `pipeline.adapters.picture.Picture` outside."""


@dataclass(frozen=True, slots=True)
class Frame:
    pixels: Pixels
    width: int
    height: int
    at: datetime
    """Frame time, aware UTC: the source's own where it can be trusted, else the time of receipt."""
    received_at: datetime
    source_kind: SourceKind
    stream_s: float | None = None
    """The stream's own time stamp, in seconds."""
    modified_at: datetime | None = None
    """HTTP's Last-Modified."""
    skew_s: float | None = None
    """The source's clock less ours, where it states a time."""
    codec: str = ""
    """Such as h264, hevc or jpeg, where it is known."""


@dataclass(frozen=True, slots=True)
class ViewMemory:
    """What the next visit to a view compares with. Prints are small grey pictures, opaque bytes of the gauge."""

    references: dict[Mode, bytes] = field(default_factory=dict)
    """Approved look of the pose, by mode."""
    backgrounds: dict[Mode, bytes] = field(default_factory=dict)
    """The view with nothing on its pavements, learned slowly; opaque bytes of the foreground gauge."""
    detected_print: bytes | None = None
    """Print of the last *detected* frame."""
    detected_at: datetime | None = None
    detected_under: str = ""
    """Hash of weights, thresholds, zones and categories in force then."""
    fine_at: datetime | None = None
    """When the fine pass last looked."""
    pulse: bytes | None = None
    """Patches of the frame that proved life last: against these the noise of a living sensor shows."""
    alive_at: datetime | None = None
    """When life was last proven."""
    stream_s: float | None = None
    modified_at: datetime | None = None
    mode: Mode | None = None
    text_areas: tuple[Box, ...] | None = None
    """On-screen text found automatically; None before the first look."""
    moved_in_a_row: int = 0
    last_outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the gauge measures in one frame against the view's memory; values only, no verdict."""

    mode: Mode
    brightness: float
    """Mean grey outside text, 0 to 255."""
    contrast: float
    """Standard deviation of grey outside text."""
    sharpness_share: float | None
    """Edge energy as a share of the reference's; None without a reference."""
    blind: tuple[Box, ...]
    """Tiles that have lost what the reference shows there."""
    blind_share: float
    pose_share: float | None
    """Share of the reference's textured tiles that are found again in place; None without a reference."""
    shift: float | None
    """Displacement against the reference as a share of the width; None where it cannot be told."""
    changed: tuple[Box, ...] | None
    """Areas that differ from the last detected frame; None where there is nothing to compare with."""
    pulse_change: float | None
    """Mean absolute grey difference of the pulse patches outside text against the last visit's."""
    print: bytes
    pulse: bytes
    text_areas: tuple[Box, ...]
