"""The model in use, as the database names it; this process never loads weights."""

from dataclasses import dataclass

from pipeline.ports import UnitsOfWork


@dataclass(frozen=True, slots=True)
class ModelInUse:
    model: str
    """Content hash of the weights."""
    name: str
    classes: tuple[str, ...]
    note: str
    """What its card says of its limits."""


def model_in_use(units: UnitsOfWork) -> ModelInUse | None:
    """None where no model was ever the champion."""
    with units.reading() as uow:
        promotion = uow.models.current()
        if promotion is None:
            return None
        version = uow.models.get(promotion.model)
    return ModelInUse(version.hash12, version.name, version.classes, version.note)
