"""What a reading is worth, by rule and time; the readings themselves are measured in tests/adapters/test_gauge.py."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.domain.camera import SourceKind
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode, Outcome
from pipeline.steps.assess import AssessRules, assess, lives, remember

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GROUND = Box(0.4, 0.5, 0.42, 0.52)
CLOCK = Box(0.02, 0.02, 0.3, 0.07)

GOOD = Reading(
    mode=Mode.day, brightness=110.0, contrast=45.0, sharpness_share=1.0, blind=(), blind_share=0.0, pose_share=0.9,
    shift=0.0, changed=(), pulse_change=1.5, print=b"now", pulse=b"beat", text_areas=(CLOCK,),
)  # fmt: skip
FROZEN = replace(GOOD, pulse_change=0.1)
KNOWN = ViewMemory(
    references={Mode.day: b"reference"}, detected_print=b"then", detected_at=START, detected_under="v1", pulse=b"old",
    alive_at=START, mode=Mode.day, text_areas=(CLOCK,), last_outcome=Outcome.seen,
)  # fmt: skip


def frame(minutes: float, kind: SourceKind = SourceKind.http, stream_s: float | None = None) -> Frame:
    at = START + minutes * MINUTE
    return Frame(object(), 1920, 1080, at, at, kind, stream_s)


def outcome(reading: Reading, at: Frame, memory: ViewMemory = KNOWN, under: str = "v1") -> Outcome:
    return assess(reading, at, memory, under).outcome


def test_what_equals_the_last_detected_frame_is_unchanged() -> None:
    assert outcome(GOOD, frame(5)) is Outcome.unchanged


@pytest.mark.parametrize("changed", [None, (GROUND,)])
def test_what_differs_or_cannot_be_compared_is_seen(changed: tuple[Box, ...] | None) -> None:
    assert outcome(replace(GOOD, changed=changed), frame(5)) is Outcome.seen


def test_other_weights_thresholds_or_zones_end_unchanged() -> None:
    assert outcome(GOOD, frame(5), under="v2") is Outcome.seen


def test_a_run_of_unchanged_ends_after_the_longest_time() -> None:
    assert outcome(GOOD, frame(30)) is Outcome.unchanged
    assert outcome(GOOD, frame(31)) is Outcome.seen
    rules = AssessRules(longest_unchanged=timedelta(minutes=3))
    assert assess(GOOD, frame(4), KNOWN, "v1", rules).outcome is Outcome.seen


def test_without_a_detected_frame_nothing_is_unchanged() -> None:
    assert outcome(GOOD, frame(5), replace(KNOWN, detected_at=None)) is Outcome.seen


def test_no_sign_of_life_is_stale_only_after_the_limit() -> None:
    assert outcome(FROZEN, frame(30)) is Outcome.unchanged
    late = assess(FROZEN, frame(31), KNOWN, "v1")
    assert late.outcome is Outcome.stale and late.why == "no sign of life for 31 min"


def test_stale_comes_before_moved_and_changes_of_text() -> None:
    ticked = replace(FROZEN, changed=(CLOCK,), pose_share=0.1)
    assert outcome(ticked, frame(40)) is Outcome.stale


@pytest.mark.parametrize(
    ("reading", "kind", "alive"),
    [
        (replace(GOOD, pulse_change=1.0), SourceKind.http, True),
        (replace(GOOD, pulse_change=1.0), SourceKind.rtsp, False),
        (replace(GOOD, pulse_change=1.4), SourceKind.rtsp, True),
        (replace(FROZEN, changed=(GROUND,)), SourceKind.http, True),
        (replace(FROZEN, changed=(CLOCK,)), SourceKind.http, False),
        (replace(FROZEN, pulse_change=None), SourceKind.http, False),
    ],
    ids=["noise", "re-encoding of video", "noise of video", "a change on the ground", "a change of clock", "no pulse"],
)
def test_what_proves_life(reading: Reading, kind: SourceKind, alive: bool) -> None:
    assert lives(reading, frame(5, kind), KNOWN) is alive


def test_a_difference_left_from_before_a_moved_visit_proves_nothing() -> None:
    assert not lives(replace(FROZEN, changed=(GROUND,)), frame(5), replace(KNOWN, last_outcome=Outcome.moved))


def test_weak_proofs_lengthen_the_limit_and_no_more() -> None:
    streamed = replace(KNOWN, stream_s=10.0)
    assert outcome(FROZEN, frame(90, stream_s=99.0), streamed) is not Outcome.stale
    assert outcome(FROZEN, frame(121, stream_s=99.0), streamed) is Outcome.stale
    assert outcome(FROZEN, frame(90, stream_s=10.0), streamed) is Outcome.stale
    dated = replace(KNOWN, modified_at=START)
    newer = replace(frame(90), modified_at=START + 80 * MINUTE)
    assert outcome(FROZEN, newer, dated) is not Outcome.stale
    assert outcome(FROZEN, replace(newer, modified_at=START), dated) is Outcome.stale


def test_a_replay_is_never_stale() -> None:
    assert outcome(FROZEN, frame(5000, SourceKind.replay)) is Outcome.seen


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (replace(GOOD, brightness=6.0, contrast=3.0), "dark"),
        (replace(GOOD, contrast=2.0), "covered"),
        (replace(GOOD, blind_share=0.7), "covered"),
        (replace(GOOD, sharpness_share=0.1), "blurred"),
    ],
)
def test_what_shows_nothing_is_blinded_even_where_it_is_stale_or_moved(reading: Reading, why: str) -> None:
    spoilt = assess(replace(reading, pulse_change=0.0, pose_share=0.0), frame(500), KNOWN, "v1")
    assert (spoilt.outcome, spoilt.why, spoilt.mode_changed) == (Outcome.blinded, why, False)


def test_a_dim_street_with_lamps_is_not_blinded() -> None:
    assert outcome(replace(GOOD, brightness=10.0, contrast=20.0), frame(5)) is Outcome.unchanged


def test_part_of_the_picture_lost_is_seen_with_its_areas() -> None:
    partly = assess(replace(GOOD, blind=(GROUND,), blind_share=0.3, changed=(GROUND,)), frame(5), KNOWN, "v1")
    assert (partly.outcome, partly.blind) == (Outcome.seen, (GROUND,))


@pytest.mark.parametrize("reading", [replace(GOOD, pose_share=0.1), replace(GOOD, shift=0.05)])
def test_another_pose_is_moved(reading: Reading) -> None:
    assert outcome(reading, frame(5)) is Outcome.moved


def test_few_tiles_found_in_another_modes_reference_is_not_moved() -> None:
    """Else a camera first seen at night after an outage would never get its night reference."""
    by_night = replace(GOOD, mode=Mode.night, pose_share=0.1, shift=None, changed=(GROUND,))
    assert outcome(by_night, frame(5)) is Outcome.seen
    assert outcome(replace(by_night, shift=0.1), frame(5)) is Outcome.moved


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        (None, Mode.infra_red, False),
        (Mode.day, Mode.infra_red, True),
        (Mode.infra_red, Mode.night, True),
        (Mode.day, Mode.night, False),
    ],
)
def test_only_crossing_between_colour_and_infra_red_is_a_change_of_mode(
    before: Mode | None, now: Mode, changed: bool
) -> None:
    assessment = assess(replace(GOOD, mode=now), frame(5), replace(KNOWN, mode=before), "v1")
    assert assessment.mode_changed is changed
    if changed:
        assert assessment.outcome is Outcome.seen


def visited(reading: Reading, memory: ViewMemory, detected: bool = False, minutes: float = 5) -> ViewMemory:
    at = frame(minutes)
    return remember(memory, at, reading, assess(reading, at, memory, "v1"), detected, "v1")


def test_only_a_detected_frame_is_compared_with_later() -> None:
    kept = visited(replace(GOOD, changed=(GROUND,)), KNOWN)
    assert (kept.detected_print, kept.detected_at) == (b"then", START)
    kept = visited(replace(GOOD, changed=(GROUND,)), KNOWN, detected=True)
    assert (kept.detected_print, kept.detected_at, kept.detected_under) == (b"now", START + 5 * MINUTE, "v1")


def test_a_mode_keeps_its_first_reference() -> None:
    assert visited(GOOD, KNOWN).references == {Mode.day: b"reference"}
    by_night = replace(GOOD, mode=Mode.night)
    assert visited(by_night, KNOWN).references == {Mode.day: b"reference", Mode.night: b"now"}


@pytest.mark.parametrize(
    "reading",
    [replace(GOOD, contrast=1.0), replace(GOOD, shift=0.2), replace(FROZEN, mode=Mode.infra_red)],
    ids=["blinded", "moved", "stale"],
)
def test_a_bad_frame_teaches_neither_pose_nor_mode_nor_text(reading: Reading) -> None:
    kept = visited(replace(reading, text_areas=()), replace(KNOWN, references={}), detected=True, minutes=45)
    assert (kept.references, kept.mode, kept.text_areas) == ({}, Mode.day, (CLOCK,))
    assert (kept.detected_print, kept.detected_at) == (b"then", START)


def test_the_pulse_is_kept_until_life_is_proven_anew() -> None:
    still = visited(FROZEN, KNOWN)
    assert (still.pulse, still.alive_at) == (b"old", START)
    alive = visited(GOOD, KNOWN)
    assert (alive.pulse, alive.alive_at) == (b"beat", START + 5 * MINUTE)


def test_the_first_frame_counts_as_alive() -> None:
    first = visited(replace(FROZEN, pulse_change=None), ViewMemory())
    assert (first.pulse, first.alive_at, first.mode) == (b"beat", START + 5 * MINUTE, Mode.day)


def test_moved_visits_in_a_row_are_counted_until_one_is_good() -> None:
    turned = replace(GOOD, pose_share=0.0)
    once = visited(turned, KNOWN)
    twice = visited(turned, once)
    covered = visited(replace(GOOD, contrast=1.0), twice)
    assert [memory.moved_in_a_row for memory in (once, twice, covered)] == [1, 2, 2]
    assert visited(GOOD, covered).moved_in_a_row == 0
    assert covered.last_outcome is Outcome.blinded
