"""Load OpenVINO without its analytics; import OpenVINO through here only."""

import sys
from functools import cache
from typing import Any


@cache
def load_openvino() -> Any:
    """The openvino module; loads no torch.

    OpenVINO reports its import to an analytics host unless a consent file in the home folder says no; no
    environment variable stops it. A None in `sys.modules` makes that import fail, for which OpenVINO has a stub.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None is meant: "cannot be imported"
    import openvino

    return openvino
