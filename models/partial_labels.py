"""Training where a picture's source speaks of some classes only: what it does not label is not background there.

Import this module only after `models.torch_runtime.load_ultralytics`. A picture is known by its place
`…/<source>/<split>/images/<file>`; of mixed pictures ultralytics keeps the first one's place, so pictures are mixed
within one source only.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from ultralytics.data.augment import MixUp, Mosaic
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.utils.loss import v8DetectionLoss
from ultralytics.utils.torch_utils import unwrap_model

SPEAKS_KEY = "speaks"
"""In the data YAML: source name -> names of the classes that it labels."""
CANVAS_HEIGHT_KEY = "canvas_height"
"""In the data YAML: pixels of the training picture's height, where it is less than its width."""
LEAST_LEFT = 0.4
"""A box of which a cut leaves less than this share of its area is dropped."""


def source_of(picture: str) -> str:
    return Path(picture).parents[2].name


class PartialLabelLoss(v8DetectionLoss):
    """The detection loss without the classification terms of classes that a picture's source does not label.

    `speaks` maps a source's name to one flag a class, (classes,) float 0 or 1. Box terms stay: they rest on labelled
    boxes only.
    """

    def __init__(self, model: Any, speaks: Mapping[str, Tensor]) -> None:
        super().__init__(model)
        self._speaks = speaks
        self._heard: Tensor | None = None
        whole: Any = self.bce
        masked: Any = lambda scores, wanted: whole(scores, wanted) * self._heard  # noqa: E731  # takes its place
        self.bce = masked

    def loss(self, preds: Any, batch: dict[str, Any]) -> Any:
        rows = [self._speaks[source_of(picture)] for picture in batch["im_file"]]
        self._heard = torch.stack(rows).to(self.device)[:, None, :]
        return super().loss(preds, batch)


class _WithinSource:
    """Mixes a picture with others of its own source only."""

    dataset: Any
    pools: Mapping[str, Sequence[int]]
    _first: str

    def __call__(self, labels: dict[str, Any]) -> dict[str, Any]:
        self._first = labels["im_file"]
        return super().__call__(labels)  # type: ignore[misc, no-any-return]  # the mixed-in class's

    def _others(self, count: int) -> list[int]:
        return random.choices(self.pools[source_of(self._first)], k=count)  # noqa: S311  # augmentation, no secret


class MosaicWithinSource(_WithinSource, Mosaic):
    def get_indexes(self) -> list[int]:
        return self._others(self.n - 1)


class MixUpWithinSource(_WithinSource, MixUp):
    def get_indexes(self) -> int:
        return self._others(1)[0]


WITHIN = {Mosaic: MosaicWithinSource, MixUp: MixUpWithinSource}


def keep_within_source(transform: Any, pools: Mapping[str, Sequence[int]]) -> None:
    """Make each mixing step of an ultralytics transform, however deep, stay within one source; in place."""
    for step in getattr(transform, "transforms", ()):
        keep_within_source(step, pools)
    kind = WITHIN.get(type(transform))
    if kind is not None:
        transform.__class__, transform.pools = kind, pools
    before = getattr(transform, "pre_transform", None)
    if before is not None:
        keep_within_source(before, pools)


class LandscapeCut:
    """Cuts a band of the canvas' height out of ultralytics' square picture, where it shows something.

    A patrol's canvas is 384x640; a square training picture of a street spends two fifths of its pixels on padding.
    """

    def __init__(self, height: int) -> None:
        self._height = height

    def __call__(self, labels: dict[str, Any]) -> dict[str, Any]:
        picture = labels["img"]
        height, width = picture.shape[:2]
        if height <= self._height:
            return labels
        top = self._top(picture)
        boxes = labels["instances"]
        boxes.convert_bbox("xyxy")
        boxes.denormalize(width, height)
        whole = boxes.bbox_areas.copy()
        boxes.add_padding(0, -top)
        boxes.clip(width, self._height)
        kept = boxes.bbox_areas >= LEAST_LEFT * whole.clip(1e-6)
        labels["instances"], labels["cls"] = boxes[kept], labels["cls"][kept]
        labels["img"] = np.ascontiguousarray(picture[top : top + self._height])
        labels["resized_shape"] = (self._height, width)
        return labels

    def _top(self, picture: NDArray[np.uint8]) -> int:
        """By chance, but inside what is no padding (rows of one colour); all of that, where it is less than a band."""
        shown = np.flatnonzero((picture[:, :: picture.shape[1] // 64] != picture[:, :1]).any(axis=(1, 2)))
        first, last = (int(shown[0]), int(shown[-1]) + 1) if len(shown) else (0, picture.shape[0])
        least, most = sorted((first, last - self._height))
        top = random.randint(least, most)  # noqa: S311  # augmentation, no secret
        return min(max(top, 0), int(picture.shape[0]) - self._height)


class PartialLabelTrainer(DetectionTrainer):
    """ultralytics' trainer with the loss and the mixing above; its data YAML has a table `speaks`."""

    def build_dataset(self, img_path: Any, mode: str = "train", batch: int | None = None) -> Any:
        dataset: Any = super().build_dataset(img_path, mode, batch)
        if mode == "train":
            pools: dict[str, list[int]] = defaultdict(list)
            for index, picture in enumerate(dataset.im_files):
                pools[source_of(picture)].append(index)
            keep_within_source(dataset.transforms, pools)
            canvas_height = self.data.get(CANVAS_HEIGHT_KEY)
            if canvas_height is not None:
                dataset.transforms.insert(len(dataset.transforms.transforms) - 1, LandscapeCut(canvas_height))
        return dataset

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Also puts the loss in place, for ultralytics drops it when it recovers from a fault."""
        model: Any = unwrap_model(self.model)  # type: ignore[arg-type]  # a network by now
        if not isinstance(getattr(model, "criterion", None), PartialLabelLoss):
            model.criterion = PartialLabelLoss(model, self._speaks())
        prepared: dict[str, Any] = super().preprocess_batch(batch)
        return prepared

    def _speaks(self) -> dict[str, Tensor]:
        names = [self.data["names"][number] for number in range(self.data["nc"])]
        return {
            source: torch.tensor([float(name in labelled) for name in names])
            for source, labelled in self.data[SPEAKS_KEY].items()
        }
