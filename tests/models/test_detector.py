"""The detector port: one contract over OpenVINO and ultralytics, and what only the first promises."""

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from models.card import ModelCard
from models.detector import OpenVinoDetector, decoded
from models.registry import Registry
from models.ultralytics_detector import UltralyticsDetector
from pipeline.adapters.picture import Bgr, encode_jpeg
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import CaptureFailed, WeightsRefused
from pipeline.ports import Detector
from tests.models.conftest import ROOT, broken_frame, frame_of

SURE_SCORE = 0.3
FAINT_SCORE = 0.02
"""Drawings are no photographs: the network is unsure of them, and two forms of it must be so alike."""
F32_IOU, F32_SCORE_CHANGE = 0.99, 0.005
BF16_IOU, BF16_SCORE_CHANGE, BF16_AGREEING_SHARE = 0.8, 0.06, 0.97
"""bf16 has 8 bits of mantissa: boxes move by a pixel, and near-ties between doubles may fall the other way."""

QUIET_RUN = """
import sys
from pathlib import Path
reached = []
REACHING = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname")
sys.addaudithook(lambda name, args: reached.append((name, args)) if name in REACHING else None)
from models.card import read_card
from pipeline.adapters.picture import Picture
from pipeline.domain.camera import SourceKind
from pipeline.domain.detection import Pass
from pipeline.domain.frame import Frame
from datetime import datetime, UTC
kind, weights, folder, jpeg = sys.argv[1:]
card = read_card(Path(weights).with_suffix(".yaml"))
if kind == "openvino":
    from models.detector import OpenVinoDetector
    detector = OpenVinoDetector(Path(folder), card)
else:
    from models.ultralytics_detector import UltralyticsDetector
    detector = UltralyticsDetector(Path(weights), card.hash12, card.image_size, Path.home() / "config")
picture = Picture.from_bytes(Path(jpeg).read_bytes())
at = datetime(2026, 6, 1, tzinfo=UTC)
frame = Frame(picture, picture.width, picture.height, at, at, SourceKind.replay)
detector.detect([frame], Pass.fine, 0.3)
assert not reached, reached
heavy = {"torch", "ultralytics"} & set(sys.modules)
assert kind != "openvino" or not heavy, heavy
"""


@pytest.fixture(scope="module")
def bf16_or_better(exported_folder: Path, default_card: ModelCard) -> OpenVinoDetector:
    return OpenVinoDetector(exported_folder, default_card)


@pytest.fixture(scope="module")
def f32(exported_folder: Path, default_card: ModelCard) -> OpenVinoDetector:
    return OpenVinoDetector(exported_folder, default_card, precision="f32")


@pytest.fixture(scope="module")
def reference(
    registry: Registry, default_card: ModelCard, tmp_path_factory: pytest.TempPathFactory
) -> UltralyticsDetector:
    config = tmp_path_factory.mktemp("ultralytics")
    return UltralyticsDetector(registry.weights(default_card), default_card.hash12, default_card.image_size, config)


@pytest.fixture(params=["bf16_or_better", "f32", "reference"])
def detector(request: pytest.FixtureRequest) -> Detector:
    found: Detector = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("found_by", list(Pass))
def test_every_frame_gets_its_boxes_in_order_and_best_first(
    detector: Detector, drawn_frames: list[Bgr], found_by: Pass
) -> None:
    frames = [frame_of(bgr) for bgr in drawn_frames]
    together = detector.detect(frames, found_by, FAINT_SCORE)
    assert len(together) == len(frames)
    assert any(together)
    alone = [detector.detect([frame], found_by, FAINT_SCORE)[0] for frame in frames]
    assert [[one.category for one in boxes] for boxes in together] == [
        [one.category for one in boxes] for boxes in alone
    ]
    for found in together:
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        assert all(
            one.score >= FAINT_SCORE and one.found_by is found_by and one.model == detector.model for one in found
        )
        assert all(0 <= one.box.left < one.box.right <= 1 and 0 <= one.box.top < one.box.bottom <= 1 for one in found)


def test_the_classes_are_those_of_the_card(detector: Detector, default_card: ModelCard) -> None:
    assert detector.classes == default_card.classes
    assert detector.model == default_card.hash12


def test_no_frames_give_no_boxes(detector: Detector) -> None:
    assert detector.detect([], Pass.fast, 0.5) == []


@pytest.mark.parametrize("found_by", list(Pass))
def test_a_damaged_frame_is_said_and_the_next_one_is_detected(
    detector: Detector, drawn_frames: list[Bgr], found_by: Pass
) -> None:
    good = frame_of(drawn_frames[0])
    with pytest.raises(CaptureFailed):
        detector.detect([good, broken_frame(drawn_frames[1])], found_by, FAINT_SCORE)
    assert detector.detect([good], found_by, FAINT_SCORE)[0]


def test_two_threads_get_what_one_would(detector: Detector, drawn_frames: list[Bgr]) -> None:
    def look(bgr: Bgr) -> list[tuple[Detection, ...]]:
        return [detector.detect([frame_of(bgr)], Pass.fast, FAINT_SCORE)[0] for _ in range(4)]

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(look, drawn_frames))
    for bgr, answer in zip(drawn_frames, answers, strict=True):
        alone = detector.detect([frame_of(bgr)], Pass.fast, FAINT_SCORE)[0]
        assert alone
        for found in answer:  # sums may be taken in another order: no bit for bit
            assert len(found) == len(alone)
            assert all(has_peer(box, alone, (F32_IOU, F32_SCORE_CHANGE)) for box in found)


@pytest.mark.parametrize("found_by", list(Pass))
def test_openvino_in_f32_finds_the_same_boxes_as_ultralytics_on_drawn_frames(
    f32: OpenVinoDetector, reference: UltralyticsDetector, drawn_frames: list[Bgr], found_by: Pass
) -> None:
    assert agreeing_share(f32, reference, drawn_frames, found_by, FAINT_SCORE, (F32_IOU, F32_SCORE_CHANGE)) == 1.0


@pytest.mark.shared
@pytest.mark.parametrize("found_by", list(Pass))
def test_openvino_in_f32_finds_the_same_boxes_as_ultralytics_on_real_frames(
    f32: OpenVinoDetector, reference: UltralyticsDetector, real_frames: list[Bgr], found_by: Pass
) -> None:
    assert agreeing_share(f32, reference, real_frames, found_by, SURE_SCORE, (F32_IOU, F32_SCORE_CHANGE)) == 1.0


@pytest.mark.shared
@pytest.mark.parametrize("found_by", list(Pass))
def test_openvino_as_shipped_finds_nearly_the_same_boxes_as_ultralytics(
    bf16_or_better: OpenVinoDetector, reference: UltralyticsDetector, real_frames: list[Bgr], found_by: Pass
) -> None:
    share = agreeing_share(bf16_or_better, reference, real_frames, found_by, SURE_SCORE, (BF16_IOU, BF16_SCORE_CHANGE))
    assert share >= BF16_AGREEING_SHARE


def agreeing_share(
    one: Detector, other: Detector, pixels: Sequence[Bgr], found_by: Pass, sure: float, tolerance: tuple[float, float]
) -> float:
    """Share of the sure boxes of either detector for which the other has one within `tolerance` (IoU, score)."""
    frames = [frame_of(bgr) for bgr in pixels]
    floor = max(sure - 2 * tolerance[1], sure / 2)
    pairs = zip(one.detect(frames, found_by, floor), other.detect(frames, found_by, floor), strict=True)
    verdicts = [
        verdict
        for first, second in pairs
        for boxes, others in ((first, second), (second, first))
        for verdict in [has_peer(box, others, tolerance) for box in boxes if box.score >= sure]
    ]
    assert verdicts, "the frames must show something"
    return sum(verdicts) / len(verdicts)


def has_peer(box: Detection, others: Sequence[Detection], tolerance: tuple[float, float]) -> bool:
    iou, change = tolerance
    return any(
        other.category == box.category and other.box.iou(box.box) >= iou and abs(other.score - box.score) <= change
        for other in others
    )


@pytest.mark.parametrize("kind", ["openvino", "ultralytics"])
def test_detecting_reaches_for_no_network_prints_nothing_and_with_openvino_loads_no_torch(
    kind: str,
    registry: Registry,
    exported_folder: Path,
    default_card: ModelCard,
    drawn_frames: list[Bgr],
    tmp_path: Path,
) -> None:
    jpeg = tmp_path / "frame.jpg"
    jpeg.write_bytes(encode_jpeg(drawn_frames[0]))
    home = tmp_path / "home"
    home.mkdir()
    answer = subprocess.run(
        [sys.executable, "-c", QUIET_RUN, kind, str(registry.weights(default_card)), str(exported_folder), str(jpeg)],
        cwd=ROOT, env={**os.environ, "HOME": str(home)}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert not (home / "intel").exists(), "OpenVINO's analytics left their mark"


def test_a_network_that_does_not_load_is_refused(
    default_card: ModelCard, exported_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "network.xml").write_text("<net/>", encoding="utf-8")
    with pytest.raises(WeightsRefused, match="does not load"):
        OpenVinoDetector(tmp_path, default_card)
    fewer = default_card.model_copy(update={"classes": default_card.classes[:-1]})
    with pytest.raises(WeightsRefused, match="does not fit"):
        OpenVinoDetector(exported_folder, fewer)
    larger = default_card.model_copy(update={"image_size": (736, 1280)})
    with pytest.raises(WeightsRefused, match="its card differs"):
        OpenVinoDetector(exported_folder, larger)


def test_a_double_of_the_same_class_goes_and_one_of_another_class_stays() -> None:
    output = np.zeros((6, 4), np.float32)
    output[:4] = np.array([[100, 101, 100, 300], [100, 100, 100, 300], [50, 50, 50, 50], [40, 40, 40, 40]])
    output[4] = [0.9, 0.8, 0.0, 0.2]
    output[5] = [0.0, 0.0, 0.7, 0.1]
    rows = decoded(output, threshold=0.5)
    assert rows.tolist() == [
        pytest.approx([75, 80, 125, 120, 0.9, 0]),
        pytest.approx([75, 80, 125, 120, 0.7, 1]),
    ]


def test_a_threshold_of_nought_and_an_empty_output_are_no_special_case() -> None:
    output = np.zeros((6, 5040), np.float32)
    output[2:4] = 10
    assert decoded(output, threshold=0.5).shape == (0, 6)
    assert decoded(output, threshold=0.0).shape[1] == 6
