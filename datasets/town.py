"""Street scenes drawn by this project itself, for the demo, for tests and as training pictures with labels.

`python -m datasets.town --out FOLDER --count N --seed S` writes a source folder of drawn scenes;
`python -m datasets.town --cast --at 300 --out FOLDER` writes each view of the demo as it is 300 s after its start.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from datasets.town_pictures import write_cast, write_pictures
from pipeline.domain.errors import BadInput


def main(
    out: Annotated[Path, typer.Option(help="the source folder to write: source.yaml, images and labels of the split")],
    count: Annotated[int, typer.Option(min=1, help="how many pictures")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="the same seed draws the same pictures")] = 1,
    split: Annotated[str, typer.Option(help="train, val or test; give each split another seed")] = "train",
    cast: Annotated[bool, typer.Option("--cast", help="the demo's views in place of random scenes")] = False,
    at: Annotated[float, typer.Option(min=0, help="with --cast: seconds after the demo's start")] = 300.0,
) -> None:
    """Write drawn street scenes with exact boxes; about a quarter of the random ones shows nothing that counts."""
    try:
        if cast:
            write_cast(out, at)
        else:
            write_pictures(out, count, seed, split, _watched)
    except BadInput as error:
        sys.exit(str(error))


def _watched(numbers: range) -> Iterable[int]:
    return track(numbers, description="scenes")


if __name__ == "__main__":
    typer.run(main)
