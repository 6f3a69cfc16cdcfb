"""The model card: what weights claim to be, from which sources, and how well they were measured to do."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator

from pipeline.domain.detection import Pass
from pipeline.domain.errors import WeightsRefused

HASH_LENGTH = 12
"""Characters of the sha256 by which weights are named in files, detections and pages."""
NETWORK_STRIDE = 32


class Source(BaseModel, frozen=True, extra="forbid"):
    """What the weights learned from, and what is doubtful about it."""

    name: str
    licence: str
    doubt: str = ""


class ModelCard(BaseModel, frozen=True, extra="forbid"):
    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    classes: tuple[str, ...] = Field(min_length=1)
    """In the order of the network's class numbers."""
    image_size: tuple[int, int]
    """Height and width of the network's canvas in pixels."""
    thresholds: Mapping[str, Mapping[Pass, float]] = Field(default_factory=dict)
    """Measured operating points by category and pass; what is not named here is the category table's."""
    sources: tuple[Source, ...] = ()
    figures: Mapping[str, str | int | float] = Field(default_factory=dict)
    note: str = ""

    @field_validator("image_size")
    @classmethod
    def _fits_the_network(cls, size: tuple[int, int]) -> tuple[int, int]:
        if any(side <= 0 or side % NETWORK_STRIDE for side in size):
            raise ValueError(f"height and width must be multiples of {NETWORK_STRIDE}")
        return size

    @property
    def hash12(self) -> str:
        return self.sha256[:HASH_LENGTH]

    def threshold(self, category: str, found_by: Pass) -> float | None:
        """The measured threshold; None where none was measured."""
        return self.thresholds.get(category, {}).get(found_by)


def read_card(path: Path) -> ModelCard:
    """Raises WeightsRefused that names the file and its first fault."""
    try:
        return ModelCard.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the page"
        raise WeightsRefused(f"model card {path.name}: {where}: {fault['msg']}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WeightsRefused(f"model card {path.name} cannot be read: {type(error).__name__}") from error


def card_text(card: ModelCard) -> str:
    return str(yaml.safe_dump(card.model_dump(mode="json"), allow_unicode=True, sort_keys=False, width=110))
