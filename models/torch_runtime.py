"""Make torch and ultralytics usable offline on a CPU-only machine; import ultralytics through here only.

PyPI's torchvision is a CUDA build whose extension does not load beside CPU torch. Only where that is so,
the two operators that ultralytics reaches are defined in Python.
"""

import os
import pickle
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.domain.errors import WeightsRefused

QUIET_ENVIRONMENT = {
    "YOLO_OFFLINE": "True",
    "YOLO_AUTOINSTALL": "False",
    "YOLO_VERBOSE": "False",
    "DO_NOT_TRACK": "1",
    # A .pt file is a pickle, which may run anything when it is loaded: rebuild known network classes only.
    "ULTRALYTICS_SAFE_LOAD": "True",
}

TOLD_TO_NOBODY = dict.fromkeys(("sync", "clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb"), False)
"""Callbacks of ultralytics that send trainings away, most of them on where their package is installed."""

LOAD_FAULTS = (
    *(AttributeError, EOFError, ImportError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError),
    *(AssertionError, NotImplementedError, pickle.PickleError),
)
"""What reading a file that is no checkpoint, or not of this kind, was seen to or may raise."""


@cache
def load_ultralytics(config_dir: Path) -> Any:
    """The ultralytics module, offline, with its settings under `config_dir`; loads torch (2 s)."""
    config_dir.mkdir(parents=True, exist_ok=True)
    os.environ.update(QUIET_ENVIRONMENT)
    os.environ["YOLO_CONFIG_DIR"] = str(config_dir)
    # ultralytics sets one thread when this is unset, also for training.
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # see models/openvino_runtime.py
    _mend_torchvision()
    import ultralytics

    ultralytics.settings.update(TOLD_TO_NOBODY)  # type: ignore[no-untyped-call]  # ultralytics is partly typed
    return ultralytics


def use_threads() -> None:
    """Let torch use every core; cheap to call again."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)


def load_weights(weights: Path, config_dir: Path) -> Any:
    """An ultralytics YOLO of detection weights. Raises WeightsRefused with the reason."""
    ultralytics = load_ultralytics(config_dir)
    try:
        network = ultralytics.YOLO(weights, task="detect")
        task, names = network.task, network.names
    except LOAD_FAULTS as error:
        raise WeightsRefused(f"{weights.name} does not load as YOLO weights ({type(error).__name__})") from error
    if task != "detect" or not names:
        raise WeightsRefused(f"{weights.name} holds a network for {task}, not for detection")
    return network


def class_names(network: Any) -> tuple[str, ...]:
    names: dict[int, str] = network.names
    return tuple(names[number] for number in sorted(names))


def _mend_torchvision() -> None:
    try:
        import torchvision.ops  # noqa: F401
    except (ImportError, RuntimeError, OSError):
        _define_operators()


def _define_operators() -> None:
    import torch

    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # torch is partly typed
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", _nms, "CPU")
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    import torchvision
    import torchvision.extension

    torchvision.extension._has_ops = lambda: True
    _KEEP.append(library)  # the definitions live as long as their library object


_KEEP: list[Any] = []


def _nms(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """Greedy suppression: boxes (n, 4) corners, scores (n,); indices kept, best first."""
    import torch

    order = scores.argsort(descending=True)
    x1, y1, x2, y2 = boxes.unbind(1)
    areas = (x2 - x1) * (y2 - y1)
    kept: list[int] = []
    while order.numel():
        best, order = order[0], order[1:]
        kept.append(int(best))
        width = (torch.minimum(x2[best], x2[order]) - torch.maximum(x1[best], x1[order])).clamp(min=0)
        height = (torch.minimum(y2[best], y2[order]) - torch.maximum(y1[best], y1[order])).clamp(min=0)
        shared = width * height
        order = order[shared / (areas[best] + areas[order] - shared) <= iou_threshold]
    return torch.tensor(kept, dtype=torch.int64)
