"""A training's recipe: which pictures, which classes, which hyper-parameters; one YAML file."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, ValidationError

from datasets.source import MODEL_CLASSES
from pipeline.domain.errors import BadInput


class RecipeSource(BaseModel, frozen=True, extra="forbid"):
    """One source folder, and how far it is trusted."""

    folder: str
    """Its name inside the folder of sources that is given at the start."""
    labelled: tuple[str, ...] | None = None
    """Classes it speaks of, in place of what its source.yaml says."""
    also: Mapping[str, str] = Field(default_factory=dict)
    """Own class names that mean a helper class: `garbage_bin: bin`."""
    leave_out: frozenset[str] = frozenset()
    """Stems of pictures that are not trained on: copies of what a figure is measured on, say."""
    times: int = Field(default=1, ge=1)
    """How often an epoch looks at each of its pictures."""


class Recipe(BaseModel, frozen=True, extra="forbid"):
    name: str
    classes: tuple[str, ...] = MODEL_CLASSES
    sources: tuple[RecipeSource, ...] = Field(min_length=1)
    teacher_score: float = Field(default=0.35, gt=0, lt=1)
    """From here up the teacher's boxes are labels of the helper classes."""
    teacher_size: int = 640
    canvas_height: int | None = Field(default=None, gt=0, multiple_of=32)
    """A band of this height is cut from each square training picture of `imgsz`; none: the square."""
    train: Mapping[str, str | int | float | bool] = Field(default_factory=dict)
    """ultralytics' hyper-parameters, by its names."""


def read_recipe(path: Path) -> Recipe:
    """Raises BadInput that names the file and its first fault."""
    try:
        return Recipe.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the page"
        raise BadInput(f"{path}: {where}: {fault['msg']}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path} cannot be read: {' '.join(str(error).split())}") from None
