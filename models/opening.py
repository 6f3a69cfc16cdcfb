"""Open any weights for measuring: registered ones as they patrol, or a bare `.pt` file."""

from dataclasses import dataclass
from pathlib import Path

from models.card import ModelCard, read_card
from models.detector import OpenVinoDetector
from models.export import class_table, exported, sha256_of
from models.registry import DEFAULT_IMAGE_SIZE, Registry
from pipeline.domain.errors import BadInput, WeightsRefused
from pipeline.ports import Detector

OPENVINO = "openvino"
CPU = "cpu"
UNMEASURED_NOTE = "no card: thresholds are the category table's"


@dataclass(frozen=True, slots=True)
class Opened:
    detector: Detector
    card: ModelCard


def open_registered(registry: Registry, hash_prefix: str | None, device: str | None, config_dir: Path) -> Opened:
    """Registered weights, the shipped default without a prefix; by OpenVINO unless `device` is one of torch's.

    Raises NotFound, WeightsRefused.
    """
    card = registry.card(hash_prefix) if hash_prefix else registry.default()
    if device in (None, OPENVINO):
        return Opened(OpenVinoDetector(registry.exported(card), card), card)
    return Opened(_by_torch(registry.weights(card), card, device or CPU, config_dir), card)


def open_file(weights: Path, image_size: tuple[int, int] | None, device: str | None, scratch: Path) -> Opened:
    """A `.pt` file with the card beside it, if one is; by torch on the CPU unless `device` says otherwise.

    `image_size` (height, width) overrides the card's canvas. `scratch` takes exports and ultralytics' settings.
    Raises BadInput, WeightsRefused.
    """
    if not weights.is_file():
        raise BadInput(f"{weights} is not a file: give a .pt file or the beginning of a hash (./patrol model list)")
    card = _card_of(weights, image_size)
    if device == OPENVINO:
        height, width = card.image_size
        folder = exported(weights, card.sha256, card.image_size, scratch / card.hash12 / f"{height}x{width}")
        return Opened(OpenVinoDetector(folder, card), card)
    return Opened(_by_torch(weights, card, device or CPU, scratch / "ultralytics"), card)


def _card_of(weights: Path, image_size: tuple[int, int] | None) -> ModelCard:
    sha256 = sha256_of(weights)
    beside = weights.with_suffix(".yaml")
    if not beside.exists():
        return ModelCard(
            name=weights.stem, sha256=sha256, classes=class_table(weights), note=UNMEASURED_NOTE,
            image_size=image_size or DEFAULT_IMAGE_SIZE,
        )  # fmt: skip
    card = read_card(beside)
    if card.sha256 != sha256:
        raise WeightsRefused(f"{beside} speaks of other weights ({card.hash12}) than {weights.name}: move it away")
    return card.model_copy(update={"image_size": image_size or card.image_size})


def _by_torch(weights: Path, card: ModelCard, device: str, config_dir: Path) -> Detector:
    from models.ultralytics_detector import UltralyticsDetector

    detector = UltralyticsDetector(weights, card.hash12, card.image_size, config_dir, device)
    if detector.classes != card.classes:
        raise WeightsRefused(f"weights {card.hash12}: their classes are not those of their card")
    return detector
