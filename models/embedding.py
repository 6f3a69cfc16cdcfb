"""Where a picture lies in a network's own space: the mean of its last backbone layer, kept while the network looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

LAYER = 9
"""Of a YOLO11 network: the spatial pyramid at the end of the backbone."""

Features = NDArray[np.float32]


@contextmanager
def features_kept(network: Any, layer: int = LAYER) -> Iterator[list[Features]]:
    """While open, every picture that `network` (ultralytics) predicts on leaves a vector of length 1 in the list."""
    kept: list[Features] = []

    def keep(_layer: Any, _inputs: Any, output: Any) -> None:
        mean = output.mean(dim=(2, 3)).float()
        kept.extend(np.asarray((mean / mean.norm(dim=1, keepdim=True).clamp(min=1e-9)).cpu().numpy(), np.float32))

    hook = network.model.model[layer].register_forward_hook(keep)
    try:
        yield kept
    finally:
        hook.remove()
