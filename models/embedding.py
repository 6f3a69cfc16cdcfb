"""Where a picture lies in a network's own space: the mean of its last backbone layer, kept while the network looks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.torch_runtime import load_weights, use_threads

LAYER = 9
"""Of a YOLO11 network: the spatial pyramid at the end of the backbone."""

IMAGE_SIZE, BATCH = 416, 8
NO_BOX = 0.99
"""Only the features are wanted."""

Features = NDArray[np.float32]
Pixels = NDArray[np.uint8]


@contextmanager
def features_kept(network: Any, layer: int = LAYER) -> Iterator[list[Features]]:
    """While open, every picture that `network` (ultralytics) predicts on leaves a vector of length 1 in the list."""
    kept: list[Features] = []

    def keep(_layer: Any, _inputs: Any, output: Any) -> None:
        mean = output.mean(dim=(2, 3)).float()
        kept.extend(np.asarray((mean / mean.norm(dim=1, keepdim=True).clamp(min=1e-9)).cpu().numpy(), np.float32))

    network.predictor = None  # it looks through a copy of the network, made with the hooks of then
    hook = network.model.model[layer].register_forward_hook(keep)
    try:
        yield kept
    finally:
        hook.remove()
        network.predictor = None


class Embedder:
    """Pictures in, vectors out, through torch; safe to use from one thread."""

    def __init__(self, weights: Path, config_dir: Path) -> None:
        """Raises WeightsRefused."""
        self._network = load_weights(weights, config_dir)

    def features(self, pictures: Sequence[Pixels]) -> list[tuple[float, ...]]:
        """BGR pictures of any size, each (height, width, 3)."""
        found: list[tuple[float, ...]] = []
        with features_kept(self._network) as kept:
            for start in range(0, len(pictures), BATCH):
                use_threads()
                some = list(pictures[start : start + BATCH])
                self._network.predict(some, imgsz=IMAGE_SIZE, conf=NO_BOX, verbose=False)
                found += [tuple(vector.tolist()) for vector in kept[-len(some) :]]
                kept.clear()
        return found
