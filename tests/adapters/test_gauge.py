"""The gauge and the verdicts drawn from it, on made scenes and, where they are at hand, on real pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.adapters.gauge import Gauge
from pipeline.adapters.gauge_text import MOST_HIDDEN
from pipeline.adapters.picture import Bgr, Picture, encode_jpeg
from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import CaptureFailed
from pipeline.domain.finding import similarity
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Assessment, Mode, Outcome
from pipeline.steps.assess import assess, remember

MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)
WIDTH, HEIGHT = 1920, 1080
VIDEOS = ("vtest.avi", "car-detection.mp4")


def street(seed: int = 1) -> Bgr:
    """A facade with windows above, a kerb and rough asphalt with markings below, 1920x1080."""
    rng = np.random.default_rng(seed)
    scene = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    scene[:600] = rng.integers(90, 170, 3)
    scene[600:] = (98, 102, 106)
    for size, strength in ((3, 6), (12, 7), (60, 9)):
        rough = rng.normal(0, strength, (HEIGHT // size + 1, WIDTH // size + 1)).astype(np.float32)
        scene += cv2.resize(rough, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)[..., None]
    for x in range(int(rng.integers(20, 90)), WIDTH - 120, int(rng.integers(170, 230))):
        for y in (210, 380):
            colour = rng.integers(30, 90, 3).tolist()
            cv2.rectangle(scene, (x, y), (x + 90, y + 120), colour, -1)
            cv2.rectangle(scene, (x, y), (x + 90, y + 120), (215, 210, 205), 5)
    cv2.rectangle(scene, (0, 590), (WIDTH, 612), (60, 66, 70), -1)
    for x in range(60, WIDTH, 420):
        cv2.line(scene, (x, 980), (x + 160, 800), (205, 208, 210), 14)
    for _ in range(14):
        x, y = int(rng.integers(40, WIDTH - 140)), int(rng.integers(520, 660))
        cv2.rectangle(scene, (x, y), (x + 60, y + 90), rng.integers(20, 230, 3).tolist(), -1)
    return np.asarray(np.clip(scene, 0, 255), np.uint8)


def with_noise(scene: Bgr, seed: int, grey_levels: float = 3.0) -> Bgr:
    noise = np.random.default_rng(seed).normal(0.5, grey_levels, scene.shape[:2]).astype(np.float32)
    return np.asarray(np.clip(scene + noise[..., None], 0, 255), np.uint8)


def with_clock(scene: Bgr, words: str) -> Bgr:
    written = scene.copy()
    for colour, thickness in (((0, 0, 0), 7), ((255, 255, 255), 3)):
        cv2.putText(written, words, (40, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.4, colour, thickness, cv2.LINE_AA)
    return written


def with_litter(scene: Bgr, left: int, top: int, contrast: int, wide_px: int = 20) -> Bgr:
    """A flat scrap of that contrast to the ground's own mean."""
    littered = scene.copy()
    patch = littered[top : top + wide_px, left : left + wide_px]
    patch[:] = np.clip(patch.mean(axis=(0, 1)) + contrast, 0, 255).astype(np.uint8)
    return littered


def in_light(scene: Bgr, gain: float, across: float = 0.0) -> Bgr:
    """`across` is how much less light falls on the right side than on the left."""
    shading = gain * (1 - across * np.linspace(0, 1, scene.shape[1], dtype=np.float32))
    return np.clip(scene * shading[None, :, None], 0, 255).astype(np.uint8)


def in_infra_red(scene: Bgr) -> Bgr:
    grey = 255 - cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY) // 2
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def turned(scene: Bgr, degrees: float = 0.0, right_share: float = 0.0) -> Bgr:
    height, width = scene.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    matrix[0, 2] += right_share * width
    return np.asarray(cv2.warpAffine(scene, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def frame_of(scene: Bgr, at: datetime = MORNING, kind: SourceKind = SourceKind.http, quality: int = 88) -> Frame:
    picture = Picture.from_bytes(encode_jpeg(scene, quality))
    return Frame(picture, picture.width, picture.height, at, at, kind)


@dataclass
class Patrol:
    """Visits to one view, each remembered for the next; what is seen is detected."""

    kind: SourceKind = SourceKind.http
    every: timedelta = FIVE_MINUTES
    masks: tuple[Box, ...] = ()
    at: datetime = MORNING
    memory: ViewMemory = field(default_factory=ViewMemory)
    reading: Reading | None = None
    gauge: Gauge = field(default_factory=Gauge)

    def visit(self, scene: Bgr, quality: int = 88, stream_s: float | None = None) -> Assessment:
        frame = replace(frame_of(scene, self.at, self.kind, quality), stream_s=stream_s)
        self.reading = self.gauge.read(frame, self.memory, self.masks)
        assessment = assess(self.reading, frame, self.memory, "v1")
        detected = assessment.outcome is Outcome.seen
        self.memory = remember(self.memory, frame, self.reading, assessment, detected, "v1")
        self.at += self.every
        return assessment


@pytest.fixture(scope="module")
def scene() -> Bgr:
    return street()


def test_the_first_look_is_seen_and_becomes_the_reference(scene: Bgr) -> None:
    patrol = Patrol()
    assert patrol.visit(scene).outcome is Outcome.seen
    assert set(patrol.memory.references) == {Mode.day}
    assert patrol.memory.detected_at == MORNING


def test_a_live_still_scene_is_unchanged(scene: Bgr) -> None:
    patrol = Patrol(every=timedelta(minutes=7))
    outcomes = [patrol.visit(with_noise(scene, seed)).outcome for seed in range(30)]
    assert set(outcomes) == {Outcome.seen, Outcome.unchanged}
    assert outcomes[:6] == [Outcome.seen] + [Outcome.unchanged] * 4 + [Outcome.seen], "30 minutes end a run"


def test_a_running_clock_over_a_frozen_scene_is_stale(scene: Bgr) -> None:
    patrol = Patrol()
    outcomes = [
        patrol.visit(with_clock(scene, f"2026-11-23 10:{5 * turn:02d}:{7 * turn:02d}")).outcome for turn in range(9)
    ]
    assert outcomes[1] is Outcome.unchanged, "the clock is masked from the comparison"
    assert outcomes[-1] is Outcome.stale


def test_stale_lasts_until_the_picture_lives_again(scene: Bgr) -> None:
    patrol = Patrol(every=timedelta(minutes=20))
    frozen = [patrol.visit(scene).outcome for _ in range(4)]
    assert frozen[2:] == [Outcome.stale, Outcome.stale]
    assert patrol.visit(with_noise(scene, 1)).outcome in (Outcome.seen, Outcome.unchanged)


def test_encoding_a_frozen_picture_again_is_no_sign_of_life(scene: Bgr) -> None:
    patrol = Patrol(every=timedelta(minutes=20))
    outcomes = [patrol.visit(with_noise(scene, 1), quality).outcome for quality in (88, 80, 88, 75)]
    assert outcomes[-1] is Outcome.stale


def test_someone_walking_through_a_noiseless_picture_is_a_sign_of_life(scene: Bgr) -> None:
    patrol = Patrol(every=timedelta(minutes=20))
    for turn in range(5):
        walked = scene.copy()
        cv2.rectangle(walked, (200 + 250 * turn, 640), (260 + 250 * turn, 820), (20, 20, 160), -1)
        assert patrol.visit(walked).outcome is Outcome.seen


def test_stream_time_that_moves_on_only_lengthens_the_limit(scene: Bgr) -> None:
    patrol = Patrol(kind=SourceKind.rtsp, every=timedelta(minutes=40))
    outcomes = [patrol.visit(scene, stream_s=float(turn)).outcome for turn in range(6)]
    assert Outcome.stale not in outcomes[:4]
    assert outcomes[4:] == [Outcome.stale, Outcome.stale]


def test_a_replay_is_never_stale(scene: Bgr) -> None:
    patrol = Patrol(kind=SourceKind.replay, every=timedelta(hours=3))
    assert {patrol.visit(scene).outcome for _ in range(4)} == {Outcome.seen}


@pytest.mark.parametrize("contrast", [-60, -25, 18, 40, 90])
def test_litter_20_px_wide_at_1080p_ends_unchanged(scene: Bgr, contrast: int) -> None:
    patrol = Patrol()
    patrol.visit(with_noise(scene, 1))
    assert patrol.visit(with_noise(scene, 2)).outcome is Outcome.unchanged
    assert patrol.visit(with_noise(with_litter(scene, 700, 760, contrast), 3)).outcome is Outcome.seen
    assert patrol.reading is not None and patrol.reading.changed
    where = Box(700 / WIDTH, 760 / HEIGHT, 720 / WIDTH, 780 / HEIGHT).grown(0.5)
    assert all(box.shared_area(where) for box in patrol.reading.changed)


def test_slow_dusk_does_not_end_unchanged(scene: Bgr) -> None:
    patrol = Patrol(every=timedelta(minutes=4))
    patrol.visit(with_noise(scene, 0))
    for turn in range(1, 7):
        dusk = with_noise(in_light(scene, 1 - 0.07 * turn, across=0.04 * turn), turn)
        assert patrol.visit(dusk).outcome is Outcome.unchanged, turn


def test_slow_drift_that_adds_up_is_compared_with_the_last_detected_frame(scene: Bgr) -> None:
    """Each step alone is too faint to count; what is compared is the sum."""
    patrol = Patrol(every=timedelta(minutes=2))
    outcomes = [patrol.visit(with_litter(scene, 700, 760, 3 * turn)).outcome for turn in range(9)]
    assert outcomes[1] is Outcome.unchanged
    assert Outcome.seen in outcomes[2:]


def test_a_change_under_an_edited_mask_does_not_count(scene: Bgr) -> None:
    masks = (Box(0.3, 0.6, 0.5, 0.8),)
    patrol = Patrol(masks=masks)
    patrol.visit(with_noise(scene, 1))
    assert patrol.visit(with_noise(with_litter(scene, 700, 760, 90), 2)).outcome is Outcome.unchanged


def test_a_switch_to_infra_red_is_told_both_ways(scene: Bgr) -> None:
    patrol = Patrol()
    dark = in_light(scene, 0.5)
    by_day, to_red, in_red, back = (patrol.visit(look) for look in (dark, in_infra_red(dark), in_infra_red(dark), dark))
    assert [by_day.mode_changed, to_red.mode_changed, in_red.mode_changed, back.mode_changed] == [
        False, True, False, True,
    ]  # fmt: skip
    assert to_red.mode is Mode.infra_red and back.mode.is_colour
    assert to_red.outcome is back.outcome is Outcome.seen
    assert in_red.outcome is Outcome.unchanged
    assert Mode.infra_red in patrol.memory.references


def test_a_grey_day_is_not_infra_red(scene: Bgr) -> None:
    grey = cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY)[..., None]
    faint = np.clip(grey + 0.2 * (scene.astype(np.float32) - grey), 0, 255).astype(np.uint8)
    assert Patrol().visit(with_noise(faint, 1)).mode is Mode.day


def test_falling_night_takes_a_reference_of_its_own_and_is_no_change_of_mode(scene: Bgr) -> None:
    patrol = Patrol()
    patrol.visit(scene)
    night = patrol.visit(in_light(scene, 0.35))
    assert night.mode is Mode.night and not night.mode_changed
    assert night.outcome in (Outcome.seen, Outcome.unchanged)
    assert set(patrol.memory.references) == {Mode.day, Mode.night}


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param(lambda scene: turned(scene, right_share=0.15), id="shifted by 15 %"),
        pytest.param(lambda scene: turned(scene, degrees=10), id="turned by 10 degrees"),
        pytest.param(lambda _: street(seed=77)[:, ::-1].copy(), id="another street"),
    ],
)
def test_one_turned_frame_is_moved_and_the_next_good_one_is_not(scene: Bgr, strange: Callable[[Bgr], Bgr]) -> None:
    patrol = Patrol()
    patrol.visit(with_noise(scene, 1))
    before = patrol.memory
    assert patrol.visit(with_noise(strange(scene), 2)).outcome is Outcome.moved
    assert patrol.memory.moved_in_a_row == 1
    assert patrol.memory.references == before.references
    assert patrol.memory.detected_print == before.detected_print
    assert patrol.visit(with_noise(scene, 3)).outcome is Outcome.unchanged
    assert patrol.memory.moved_in_a_row == 0


def test_sway_of_one_per_cent_is_not_moved(scene: Bgr) -> None:
    patrol = Patrol()
    patrol.visit(with_noise(scene, 1))
    assert patrol.visit(with_noise(turned(scene, right_share=0.01), 2)).outcome is Outcome.seen


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda scene: in_light(scene, 0.03), "dark"),
        (lambda scene: np.full_like(scene, 128), "covered"),
        (lambda scene: np.asarray(cv2.GaussianBlur(scene, (0, 0), 16), np.uint8), "blurred"),
    ],
    ids=["dark", "covered", "blurred"],
)
def test_a_spoilt_frame_is_blinded_and_no_reference(scene: Bgr, spoil: Callable[[Bgr], Bgr], why: str) -> None:
    patrol = Patrol()
    patrol.visit(with_noise(scene, 1))
    before = patrol.memory.references
    spoilt = patrol.visit(with_noise(spoil(scene), 2, grey_levels=1.5))
    assert (spoilt.outcome, spoilt.why) == (Outcome.blinded, why)
    assert patrol.memory.references == before


@pytest.mark.parametrize("grey", [3, 128, 252])
def test_an_even_first_frame_is_blinded_without_a_reference(grey: int) -> None:
    patrol = Patrol()
    even = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
    assert patrol.visit(with_noise(even, 1)).outcome is Outcome.blinded
    assert not patrol.memory.references


def test_a_third_covered_is_seen_with_its_blind_areas_named(scene: Bgr) -> None:
    patrol = Patrol()
    patrol.visit(with_noise(scene, 1))
    covered = scene.copy()
    covered[:, : WIDTH // 3] = 70
    partly = patrol.visit(with_noise(covered, 2))
    assert partly.outcome is Outcome.seen
    assert partly.blind and all(box.right <= 0.4 for box in partly.blind)
    assert 0.2 < sum(box.area for box in partly.blind) < 0.4


def test_a_camera_that_sends_another_size_is_still_compared(scene: Bgr) -> None:
    patrol = Patrol()
    patrol.visit(with_noise(scene, 1))
    smaller = np.asarray(cv2.resize(with_noise(scene, 2), (704, 576), interpolation=cv2.INTER_AREA), np.uint8)
    assert patrol.visit(smaller).outcome in (Outcome.seen, Outcome.unchanged)
    assert patrol.reading is not None
    assert patrol.reading.pose_share is not None and patrol.reading.pose_share > 0.7


@pytest.mark.parametrize("size", [(64, 48), (1, 1), (4000, 8), (352, 288)])
def test_odd_sizes_are_measured_without_a_fault(size: tuple[int, int]) -> None:
    small = np.asarray(cv2.resize(street(), size, interpolation=cv2.INTER_AREA), np.uint8)
    patrol = Patrol()
    assert patrol.visit(small).outcome in Outcome
    assert patrol.visit(small).outcome in Outcome


def test_damaged_pixels_are_refused(scene: Bgr) -> None:
    content = encode_jpeg(scene)
    cut = Picture.from_bytes(content[: len(content) // 3])
    with pytest.raises(CaptureFailed) as refused:
        Gauge().read(Frame(cut, WIDTH, HEIGHT, MORNING, MORNING, SourceKind.http), ViewMemory(), ())
    assert refused.value.fault == "corrupt"


@pytest.mark.parametrize("corner", [(40, 70), (1200, 70), (40, 1050), (1200, 1050)])
def test_a_clock_is_found_in_each_corner_and_little_else_is_hidden(scene: Bgr, corner: tuple[int, int]) -> None:
    written = scene.copy()
    words = "2026-11-23 10:15:42"
    for colour, thickness in (((0, 0, 0), 7), ((255, 255, 255), 3)):
        cv2.putText(written, words, corner, cv2.FONT_HERSHEY_SIMPLEX, 1.4, colour, thickness, cv2.LINE_AA)
    (wide, high), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 1.4, 3)
    clock = Box(corner[0] / WIDTH, (corner[1] - high) / HEIGHT, (corner[0] + wide) / WIDTH, corner[1] / HEIGHT)
    reading = Gauge().read(frame_of(written), ViewMemory(), ())
    assert clock.covered_by(reading.text_areas) > 0.95
    assert sum(box.area for box in reading.text_areas) <= MOST_HIDDEN


def test_a_clock_not_legible_at_first_is_found_when_it_ticks(scene: Bgr) -> None:
    patrol = Patrol()
    patrol.visit(with_noise(with_clock(scene, "2026-11-23 10:15:42"), 1))
    patrol.memory = replace(patrol.memory, text_areas=())
    assert patrol.visit(with_noise(with_clock(scene, "2026-11-23 10:20:57"), 2)).outcome is Outcome.unchanged
    assert patrol.memory.text_areas


def test_looks_tell_the_same_place_from_another(scene: Bgr) -> None:
    litter = Box(690 / WIDTH, 750 / HEIGHT, 730 / WIDTH, 790 / HEIGHT)
    window = Box(0.1, 0.2, 0.2, 0.3)
    gauge = Gauge()
    littered = with_litter(scene, 700, 760, 90)
    once = gauge.looks(frame_of(with_noise(littered, 1)), [litter, window])
    again = gauge.looks(frame_of(with_noise(in_light(littered, 0.8), 2)), [litter, window])
    assert [len(look) for look in once] == [64, 64]
    assert similarity(once[0], again[0]) > 0.8 and similarity(once[1], again[1]) > 0.8
    assert similarity(once[0], once[1]) < 0.6


@pytest.mark.parametrize(
    "box", [Box(0.5, 0.5, 0.5, 0.5), Box(-0.2, -0.1, 0.1, 0.1), Box(0.99, 0.99, 1.4, 1.2), Box(1, 1, 1, 1)]
)
def test_a_look_is_clipped_to_the_frame_and_at_least_a_pixel(scene: Bgr, box: Box) -> None:
    (look,) = Gauge().looks(frame_of(scene), [box])
    assert len(look) == 64


def test_no_boxes_have_no_looks(scene: Bgr) -> None:
    assert Gauge().looks(frame_of(scene), []) == []


def real_frames(shared: Path, name: str, every: int = 1) -> Iterator[Bgr]:
    video = cv2.VideoCapture(str(shared / "video" / name))
    number = 0
    while True:
        more, pixels = video.read()
        if not more:
            return
        if number % every == 0:
            yield np.asarray(pixels, np.uint8)
        number += 1


@pytest.mark.shared
@pytest.mark.parametrize("name", VIDEOS)
class TestRealVideos:
    def test_people_and_vehicles_neither_move_nor_blind_a_camera(self, shared: Path, name: str) -> None:
        patrol = Patrol(every=timedelta(seconds=1))
        outcomes = {patrol.visit(pixels).outcome for pixels in real_frames(shared, name, every=5)}
        assert outcomes <= {Outcome.seen, Outcome.unchanged}

    def test_a_turned_frame_is_moved(self, shared: Path, name: str) -> None:
        first, *_, last = list(real_frames(shared, name, every=40))
        for strange in (turned(last, degrees=10), turned(last, right_share=0.15)):
            patrol = Patrol()
            patrol.visit(first)
            assert patrol.visit(strange).outcome is Outcome.moved

    def test_the_same_real_frame_with_new_noise_is_unchanged(self, shared: Path, name: str) -> None:
        for pixels in real_frames(shared, name, every=100):
            patrol = Patrol()
            large = np.asarray(cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)
            patrol.visit(with_noise(large, 1))
            assert patrol.visit(with_noise(large, 2), quality=80).outcome is Outcome.unchanged

    def test_real_litter_20_px_wide_ends_unchanged(self, shared: Path, name: str) -> None:
        pieces = list(litter_cuts(shared, count=12))
        large = np.asarray(
            cv2.resize(next(real_frames(shared, name)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8
        )
        rng = np.random.default_rng(4)
        found = 0
        for piece in pieces:
            patrol = Patrol()
            patrol.visit(with_noise(large, 1))
            left, top = int(rng.integers(60, WIDTH - 60)), int(rng.integers(500, HEIGHT - 60))
            littered = large.copy()
            littered[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
            found += patrol.visit(with_noise(littered, 2)).outcome is Outcome.seen
        assert found >= len(pieces) - 1


def litter_cuts(shared: Path, count: int, wide_px: int = 20) -> Iterator[NDArray[np.uint8]]:
    """Boxes of real litter, about square, brought to that width."""
    for label in sorted((shared / "taco" / "val" / "labels").glob("*.txt"))[:count]:
        pixels = cv2.imread(str(shared / "taco" / "val" / "images" / f"{label.stem}.jpg"))
        assert pixels is not None
        height, width = pixels.shape[:2]
        _, x, y, across, down = (float(word) for word in label.read_text().split()[:5])
        top, left = int((y - down / 2) * height), int((x - across / 2) * width)
        cut = pixels[max(0, top) : top + int(down * height) + 1, max(0, left) : left + int(across * width) + 1]
        high_px = min(max(round(wide_px * cut.shape[0] / cut.shape[1]), 12), 40)
        yield np.asarray(cv2.resize(cut, (wide_px, high_px), interpolation=cv2.INTER_AREA), np.uint8)
