"""What a frame is worth, from what was measured in it: not looked at is not clean."""

from dataclasses import dataclass, replace
from datetime import timedelta

from pipeline.domain.camera import SourceKind
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import COVERAGE, Assessment, Outcome


@dataclass(frozen=True, slots=True)
class AssessRules:
    """Limits on what the gauge reads; greys run from 0 to 255."""

    longest_unchanged: timedelta = timedelta(minutes=30)
    """Since the last detected frame: after that it is looked at anew whatever it shows."""
    stale_after: timedelta = timedelta(minutes=30)
    weak_proof_factor: int = 4
    """A stream's clock or a page's date that moved is no proof of a living sensor, but buys time."""
    pulse_floor: float = 0.8
    """A frozen picture that is encoded as JPEG again stays below this; noise of 2 grey levels lies above."""
    stream_pulse_floor: float = 1.3
    """The same for video, whose keyframes differ more from one another."""
    inner_from: float = 0.18
    """Share of the height that is border: what changes there may be a clock."""
    dark_brightness: float = 14.0
    dark_contrast: float = 8.0
    flat_contrast: float = 4.0
    lowest_sharpness_share: float = 0.2
    blinded_share: float = 0.6
    lowest_pose_share: float = 0.32
    largest_shift: float = 0.03


DEFAULT = AssessRules()


def assess(reading: Reading, frame: Frame, memory: ViewMemory, under: str, rules: AssessRules = DEFAULT) -> Assessment:
    """`under` is the hash of the configuration in force; a frame detected under another one is looked at anew."""
    if why := _blinded(reading, rules):
        return Assessment(Outcome.blinded, memory.mode or reading.mode, blind=reading.blind, why=why)
    mode_changed = memory.mode is not None and memory.mode.is_colour != reading.mode.is_colour
    if why := _stale(reading, frame, memory, rules):
        outcome = Outcome.stale
    elif why := _moved(reading, memory, rules):
        outcome = Outcome.moved
    elif not mode_changed and _unchanged(reading, frame, memory, under, rules):
        outcome = Outcome.unchanged
    else:
        outcome = Outcome.seen
    return Assessment(outcome, reading.mode, mode_changed, reading.blind, why)


def remember(  # noqa: PLR0913, PLR0917 - everything that one visit leaves behind
    memory: ViewMemory, frame: Frame, reading: Reading, assessment: Assessment, detected: bool, under: str,
    rules: AssessRules = DEFAULT,
) -> ViewMemory:  # fmt: skip
    """What the next visit compares with. The pulse kept is the one that proved life last, not the last visit's:
    so slow light adds up to a proof where a picture has little noise, while a frozen one never comes to one."""
    kept = replace(
        memory,
        stream_s=frame.stream_s if frame.stream_s is not None else memory.stream_s,
        modified_at=frame.modified_at or memory.modified_at,
        moved_in_a_row=_moved_in_a_row(memory, assessment),
        last_outcome=assessment.outcome,
    )
    if memory.alive_at is None or lives(reading, frame, memory, rules):
        kept = replace(kept, alive_at=frame.received_at, pulse=reading.pulse)
    if assessment.outcome not in COVERAGE:
        return kept
    kept = replace(kept, mode=reading.mode, text_areas=reading.text_areas)
    if reading.mode not in memory.references:
        kept = replace(kept, references={**memory.references, reading.mode: reading.print})
    if detected:
        kept = replace(
            kept, detected_print=reading.print, detected_at=frame.received_at, detected_under=under
        )  # fmt: skip
    return kept


def lives(reading: Reading, frame: Frame, memory: ViewMemory, rules: AssessRules = DEFAULT) -> bool:
    """Whether this frame proves that the sensor lives: by noise, or by a change since the last visit away from where
    clocks run (a change counts only if the last visit showed what the last detected frame does)."""
    floor = rules.stream_pulse_floor if frame.source_kind is SourceKind.rtsp else rules.pulse_floor
    if reading.pulse_change is not None and reading.pulse_change > floor:
        return True
    return memory.last_outcome in COVERAGE and any(_is_inner(box, rules) for box in reading.changed or ())


def _is_inner(box: Box, rules: AssessRules) -> bool:
    return rules.inner_from <= box.top and box.bottom <= 1 - rules.inner_from


def _blinded(reading: Reading, rules: AssessRules) -> str:
    if reading.brightness < rules.dark_brightness and reading.contrast < rules.dark_contrast:
        return "dark"
    if reading.contrast < rules.flat_contrast or reading.blind_share > rules.blinded_share:
        return "covered"
    if reading.sharpness_share is not None and reading.sharpness_share < rules.lowest_sharpness_share:
        return "blurred"
    return ""


def _stale(reading: Reading, frame: Frame, memory: ViewMemory, rules: AssessRules) -> str:
    if frame.source_kind is SourceKind.replay or memory.alive_at is None or lives(reading, frame, memory, rules):
        return ""
    limit = rules.stale_after * (rules.weak_proof_factor if _is_weakly_proven(frame, memory) else 1)
    still = frame.received_at - memory.alive_at
    return f"no sign of life for {int(still.total_seconds() // 60)} min" if still > limit else ""


def _is_weakly_proven(frame: Frame, memory: ViewMemory) -> bool:
    flowed = None not in (frame.stream_s, memory.stream_s) and frame.stream_s != memory.stream_s
    if frame.modified_at is None or memory.modified_at is None:
        return flowed
    return flowed or frame.modified_at > memory.modified_at


def _moved(reading: Reading, memory: ViewMemory, rules: AssessRules) -> str:
    if reading.shift is not None and reading.shift > rules.largest_shift:
        return f"shifted by {reading.shift:.0%} of the width"
    # Against another mode's reference few tiles may agree though the pose is the same: lamps light other edges.
    has_reference = reading.mode in memory.references
    if has_reference and reading.pose_share is not None and reading.pose_share < rules.lowest_pose_share:
        return f"{reading.pose_share:.0%} of the reference found again"
    return ""


def _unchanged(reading: Reading, frame: Frame, memory: ViewMemory, under: str, rules: AssessRules) -> bool:
    if memory.detected_at is None or memory.detected_under != under:
        return False
    return reading.changed == () and frame.received_at - memory.detected_at <= rules.longest_unchanged


def _moved_in_a_row(memory: ViewMemory, assessment: Assessment) -> int:
    if assessment.outcome is Outcome.moved:
        return memory.moved_in_a_row + 1
    return 0 if assessment.outcome in COVERAGE else memory.moved_in_a_row
