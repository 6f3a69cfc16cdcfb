"""Where pictures lie in the network's own space."""

from math import dist
from pathlib import Path

import numpy as np
import pytest

from flows.wiring import WEIGHTS
from models.embedding import Embedder

pytestmark = pytest.mark.slow


def test_pictures_of_one_street_lie_near_each_other_however_often_it_is_asked(tmp_path: Path) -> None:
    """More than one call and more than one batch: the network looks through a copy that is made anew each time."""
    weights = next(iter(sorted(WEIGHTS.glob("*.pt"))), None)
    if weights is None:
        pytest.skip("no weights are shipped")
    chance = np.random.default_rng(7)
    street = chance.integers(0, 255, (36, 64, 3)).repeat(10, 0).repeat(10, 1).astype(np.uint8)
    wall = np.full((360, 640, 3), 120, np.uint8)
    embedder = Embedder(weights, tmp_path)
    first, other = embedder.features([street, wall])
    (later,) = embedder.features([np.asarray(street * 0.9, np.uint8)])
    assert dist(first, (0.0,) * len(first)) == pytest.approx(1.0, abs=1e-3)
    assert dist(first, later) < dist(first, other) / 2
    assert len(embedder.features([wall] * 9)) == 9
