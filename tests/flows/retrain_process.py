"""A retraining to be killed: says each step as it is reached. `python -m tests.flows.retrain_process HOME HOURS`."""

import os
import sys
from pathlib import Path

from flows.retraining import BY_HAND, run_retraining
from flows.wiring import open_town
from pipeline.settings import load_settings
from tests.flows.judged_town import at_hour


def main(home: Path, hours: float) -> None:
    said = {""}

    def watch(step: str, done: int, of: int) -> None:
        if step not in said:
            said.add(step)
            os.write(1, f"step {step}\n".encode())

    with open_town(load_settings(home)) as opened:
        number = run_retraining(at_hour(opened, hours), BY_HAND, "王", watch)
    os.write(1, f"proposal {number}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
