"""Text in crops of a frame: rapidocr's models on ONNX Runtime, from the installed package alone."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np

from pipeline.adapters.picture import Bgr
from pipeline.domain.errors import WeightsRefused
from pipeline.domain.second_look import TextLine

DETECTION, RECOGNITION = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
LONGEST_SIDE_PX = 640
"""Lines are looked for at no more than this, so that a crop costs about 0.15 s of one core and not 0.6."""


class TextReader(Protocol):
    def read(self, crop: Bgr) -> Sequence[TextLine]:
        """Lines from top to bottom of an upright BGR crop (h, w, 3); empty where nothing is read."""
        ...


class RapidReader:
    """Loads ONNX Runtime and the networks (60 MB) at the first crop, and never asks the network for a file.

    Safe for use by several threads: they read one after another.
    """

    def __init__(self, folder: Path | None = None, threads: int = 1) -> None:
        """`folder` holds the model files (default: the installed package's own)."""
        self._folder = folder
        self._threads = threads
        self._engine: Any = None
        self._lock = Lock()

    def read(self, crop: Bgr) -> Sequence[TextLine]:
        """Raises WeightsRefused where rapidocr or one of its model files is missing."""
        with self._lock:
            if self._engine is None:
                self._engine = self._opened()
            found = self._engine(np.ascontiguousarray(crop))
        if found.boxes is None:
            return ()
        placed = zip(found.boxes, found.txts, found.scores, strict=True)
        by_row = sorted(placed, key=lambda one: float(one[0][:, 1].mean()))
        return tuple(
            TextLine(text, float(score), float(np.ptp(corners[:, 1])) / crop.shape[0])
            for corners, text, score in by_row
        )

    def _opened(self) -> Any:
        folder = self._folder or _installed_models()
        # Given by path, a model is not looked up in the catalogue, which would download what is missing or differs.
        paths = {f"{part}.model_path": _there(folder / name) for part, name in _PARTS.items()}
        from rapidocr import RapidOCR

        settings = {
            "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
            "Global.log_level": "error",
            "Global.use_cls": False,  # cameras hang upright
            "Det.limit_side_len": LONGEST_SIDE_PX,
            "Det.limit_type": "max",
        }
        return RapidOCR(params={**settings, **paths})


_PARTS = {"Det": DETECTION, "Rec": RECOGNITION}


def _installed_models() -> Path:
    found = importlib.util.find_spec("rapidocr")
    if found is None or found.origin is None:
        raise WeightsRefused("rapidocr is not installed, so small ads cannot be read: run ./patrol install")
    return Path(found.origin).parent / "models"


def _there(path: Path) -> str:
    if not path.is_file():
        raise WeightsRefused(
            f"the reading model {path.name} is missing from {path.parent}: install rapidocr anew; it is never fetched"
        )
    return str(path)
