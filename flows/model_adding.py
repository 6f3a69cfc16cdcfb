"""Weights that were trained here become a version: the file in the registry, where it comes from in the database."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from flows.wiring import ROOT, Town, version_of
from models.card import ModelCard
from pipeline.domain.audit import JsonValue
from pipeline.domain.model_version import ModelVersion
from pipeline.steps import promotion


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where weights come from; of such as came from outside only who brought them is known."""

    created_by: str
    dataset: str | None = None
    """Hash of the frozen samples; must be known already."""
    parents: tuple[str, ...] = ()
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    figures: Mapping[str, JsonValue] = field(default_factory=dict)
    """Beside those of the card, which takes plain values only."""


def add_version(town: Town, weights: Path, card: ModelCard | None, lineage: Lineage) -> ModelVersion:
    """Copy weights in and write down their lineage, without letting them look; the same file again changes nothing.

    `card` tells name, thresholds and figures; hash and classes are read from the file. Raises WeightsRefused.
    """
    own = town.registry.add(weights, card)
    version = replace(
        version_of(own, lineage.created_by, town.clock.now()),
        dataset=lineage.dataset,
        parents=lineage.parents,
        code=program_version() if lineage.dataset else "",
        parameters=lineage.parameters,
        figures={**own.figures, **lineage.figures},
    )
    return promotion.add_version(town.units, version)


def program_version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
