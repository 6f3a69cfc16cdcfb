"""Weights and frames for the tests of models: the shipped default, tiny untrained ones, real and drawn frames."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.card import ModelCard
from models.registry import Registry
from models.torch_runtime import load_ultralytics
from pipeline.adapters.picture import Bgr, Picture, encode_jpeg
from pipeline.domain.camera import SourceKind
from pipeline.domain.frame import Frame

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
BROKEN_JPEG_SHARE = 0.3
SLIGHTLY = 0.02
BIN_COLOURS = ((60, 140, 40), (160, 90, 30), (50, 50, 60), (40, 60, 170))


def frame_of(bgr: Bgr) -> Frame:
    return Frame(Picture.from_bytes(encode_jpeg(bgr)), bgr.shape[1], bgr.shape[0], AT, AT, SourceKind.replay)


def broken_frame(bgr: Bgr) -> Frame:
    """A frame whose JPEG header is right and whose pixels are not."""
    whole = encode_jpeg(bgr)
    cut = whole[: int(len(whole) * BROKEN_JPEG_SHARE)]
    return Frame(Picture.from_bytes(cut), bgr.shape[1], bgr.shape[0], AT, AT, SourceKind.replay)


def drawn_street(seed: int, width: int = 1920, height: int = 1080) -> Bgr:
    """A pavement before a wall with wheeled bins on it."""
    chance = np.random.default_rng(seed)
    street = np.full((height, width, 3), (150, 155, 160), np.uint8)
    street[: height // 2] = (120, 140, 165)
    for _ in range(6):
        half = int(chance.integers(60, 160))
        x, y = int(chance.integers(200, width - 200)), int(chance.integers(height // 4, height - 2 * half))
        draw_bin(street, x, y, half, BIN_COLOURS[int(chance.integers(len(BIN_COLOURS)))])
    noisy = street.astype(np.int16) + chance.integers(-8, 9, street.shape)
    return np.asarray(cv2.GaussianBlur(noisy.clip(0, 255).astype(np.uint8), (5, 5), 0), np.uint8)


def draw_bin(street: Bgr, x: int, y: int, half: int, colour: tuple[int, int, int]) -> None:
    """A bin whose lid lies at `x`, `y` and that is 2 x `half` wide, all in pixels."""
    foot, narrow = y + int(1.7 * half), int(0.8 * half)
    corners = np.array([(x - half, y), (x + half, y), (x + narrow, foot), (x - narrow, foot)], np.int32)
    cv2.fillPoly(street, [corners], colour)
    lid = [int(value * 0.6) for value in colour]
    cv2.rectangle(street, (x - int(1.1 * half), y - half // 4), (x + int(1.1 * half), y), lid, -1)
    for wheel in (x - int(0.6 * half), x + int(0.6 * half)):
        cv2.circle(street, (wheel, foot), half // 6, (20, 20, 20), -1)
    cv2.rectangle(street, (x - half // 3, y + half // 2), (x + half // 3, y + half), (230, 230, 230), -1)


def save_untrained(
    path: Path, classes: Sequence[str], network: str = "yolo11n.yaml", reach: float | None = None
) -> Path:
    """Real YOLO weights with random numbers in them, lively enough to tell one place from another.

    `reach`: about how far boxes reach from their place, in strides. Left alone they are huge and lie upon each other,
    and which of them suppresses which hangs on the last bit.
    """
    load_ultralytics(path.parent / "config")
    import torch  # noqa: PLC0415  # two seconds, for those tests only that make weights
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415

    torch.manual_seed(7)
    untrained: Any = DetectionModel(network, nc=len(classes), verbose=False)  # type: ignore[no-untyped-call]
    for layer in untrained.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0  # one look sets the scale of every layer; without it all places score the same
    untrained.train()(torch.rand(2, 3, 192, 320))
    if reach is not None:
        for side in (*untrained.model[-1].cv2, *untrained.model[-1].one2one_cv2):
            side[-1].weight.data *= SLIGHTLY
            side[-1].bias.data.fill_(reach)
    untrained.names, untrained.args = dict(enumerate(classes)), {"task": "detect"}
    torch.save({"model": untrained.eval(), "train_args": untrained.args, "epoch": -1}, path)
    return path


@pytest.fixture(scope="session")
def drawn_frames() -> list[Bgr]:
    return [drawn_street(seed) for seed in range(3)]


@pytest.fixture(scope="session")
def real_frames() -> list[Bgr]:
    """Street pictures, three by two in a 1080p frame, and frames of a fixed camera."""
    pictures = sorted((SHARED / "street_garbage" / "val" / "images").glob("*.jpg"))[:24]
    if not pictures:
        pytest.skip("needs the real pictures beside the checkout")
    cells = [np.asarray(cv2.resize(cv2.imread(str(path)), (640, 540)), np.uint8) for path in pictures]  # type: ignore[arg-type]
    mosaics = [np.vstack([np.hstack(cells[at : at + 3]), np.hstack(cells[at + 3 : at + 6])]) for at in (0, 6, 12, 18)]
    return [*mosaics, *_video_frames(SHARED / "video" / "vtest.avi", 4)]


def _video_frames(path: Path, count: int) -> list[Bgr]:
    video = cv2.VideoCapture(str(path))
    frames = []
    for _ in range(count):
        read, bgr = video.read()
        assert read
        frames.append(np.asarray(bgr, np.uint8))
    video.release()
    return frames


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The shipped weights, exported once for all tests."""
    shipped = Registry(ROOT / "models" / "weights", tmp_path_factory.mktemp("var") / "models")
    if not (ROOT / "models" / "weights" / "DEFAULT").exists():
        pytest.skip("no default weights are shipped with this checkout")
    return shipped


@pytest.fixture(scope="session")
def default_card(registry: Registry) -> ModelCard:
    return registry.default()


@pytest.fixture(scope="session")
def exported_folder(registry: Registry, default_card: ModelCard) -> Path:
    return registry.exported(default_card)
