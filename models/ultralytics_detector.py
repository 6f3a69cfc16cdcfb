"""The detector for any YOLO weights on any device: for measuring, for a GPU, and where nothing was exported."""

import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from models.detector import MOST_BOXES_A_LOOK, SUPPRESSION_IOU
from models.tiles import Look, Rows, Seen, as_detections, looks, merged, seen_in
from models.torch_runtime import class_names, load_weights
from pipeline.adapters.picture import Bgr, picture_of
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.frame import Frame

LOOKS_A_BATCH = 16

Task = tuple[list[Seen], Look, Bgr]


class UltralyticsDetector:
    """Port Detector over a .pt file of the given `model` hash; threads take turns.

    Boxes are those of `OpenVinoDetector` up to the rounding of its bf16: the canvases are the same. `device` is
    torch's: "cpu", "cuda:0"; `config_dir` takes ultralytics' own settings file. Raises WeightsRefused.
    """

    def __init__(
        self, weights: Path, model: str, image_size: tuple[int, int], config_dir: Path, device: str = "cpu"
    ) -> None:
        self._network = load_weights(weights, config_dir)
        self._classes = class_names(self._network)
        self._model, self._size, self._device = model, image_size, device
        self._turn = threading.Lock()

    @property
    def model(self) -> str:
        return self._model

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        """See port Detector; boxes in shares of the frame. Raises CaptureFailed("corrupt") for a damaged frame."""
        found: list[list[Seen]] = [[] for _ in frames]
        tasks = self._tasks(frames, found, found_by)
        while batch := list(islice(tasks, LOOKS_A_BATCH)):
            answers = self._predicted([canvas for _, _, canvas in batch], threshold)
            for (seen, look, _), rows in zip(batch, answers, strict=True):
                seen.extend(seen_in(look, rows))
        return [as_detections(merged(seen), self._classes, found_by, self._model) for seen in found]

    def _tasks(self, frames: Sequence[Frame], found: list[list[Seen]], found_by: Pass) -> Iterator[Task]:
        for seen, frame in zip(found, frames, strict=True):
            for look, canvas in looks(picture_of(frame), found_by, self._size):
                yield seen, look, canvas

    def _predicted(self, canvases: list[Bgr], threshold: float) -> list[Rows]:
        with self._turn:
            answers: list[Any] = self._network.predict(
                canvases, imgsz=self._size, conf=threshold, iou=SUPPRESSION_IOU, max_det=MOST_BOXES_A_LOOK,
                device=self._device, batch=len(canvases), verbose=False,
            )  # fmt: skip
        return [np.asarray(answer.boxes.data.cpu().numpy(), np.float32) for answer in answers]
