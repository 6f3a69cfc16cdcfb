"""Export weights to OpenVINO, in a process of its own: nobody who asks for an export loads torch.

`python -m models.export write WEIGHTS.pt FOLDER --height 384 --width 640`, `… classes WEIGHTS.pt`,
`… slim WEIGHTS.pt OUT.pt`
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import typer
import yaml

from models.torch_runtime import class_names, load_weights
from pipeline.domain.errors import WeightsRefused

MARKER_FILE = "marker.json"
NETWORK_NAME = "network"
EXPORT_LIMIT_S = 600
ROOT = Path(__file__).resolve().parent.parent
REFUSED_EXIT = 3
"""The child has said on its last line why the weights are refused."""
KEPT_OF_CHECKPOINT = ("version", "license", "docs")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def exported(weights: Path, sha256: str, image_size: tuple[int, int], folder: Path) -> Path:
    """`folder` with `network.xml`, `network.bin` and a marker; exported now unless it is there and whole.

    Safe to be killed and to be run twice at once. Raises WeightsRefused.
    """
    if is_whole(folder, sha256, image_size):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent) as scratch:
        fresh = Path(scratch) / folder.name
        _in_child("write", str(weights), str(fresh), "--height", str(image_size[0]), "--width", str(image_size[1]))
        _write_marker(fresh, sha256, image_size)
        _put_in_place(fresh, folder, Path(scratch))
    return folder


def is_whole(folder: Path, sha256: str, image_size: tuple[int, int]) -> bool:
    """Whether `folder` holds an export of these weights at this size, undamaged."""
    try:
        marker = json.loads((folder / MARKER_FILE).read_text(encoding="utf-8"))
        wanted = (marker["sha256"], tuple(marker["image_size"])) == (sha256, image_size)
        return wanted and all(sha256_of(folder / name) == digest for name, digest in marker["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def exported_classes(folder: Path) -> tuple[str, ...]:
    """The class table that was in the weights when they were exported."""
    names: dict[int, str] = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))["names"]
    return tuple(names[number] for number in sorted(names))


def class_table(weights: Path) -> tuple[str, ...]:
    """Read by a child process. Raises WeightsRefused."""
    return tuple(json.loads(_in_child("classes", str(weights)).splitlines()[-1]))


def _in_child(*arguments: str) -> str:
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "models.export", *arguments],
            cwd=ROOT, capture_output=True, text=True, timeout=EXPORT_LIMIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise WeightsRefused(f"reading the weights took longer than {EXPORT_LIMIT_S} s") from error
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
        told = last if answer.returncode == REFUSED_EXIT else f"the export failed ({last[:200]})"
        raise WeightsRefused(told)
    return answer.stdout


def _write_marker(fresh: Path, sha256: str, image_size: tuple[int, int]) -> None:
    marker = {
        "sha256": sha256,
        "image_size": image_size,
        "versions": {name: version(name) for name in ("ultralytics", "openvino")},
        "files": {path.name: sha256_of(path) for path in sorted(fresh.iterdir())},
    }
    (fresh / MARKER_FILE).write_text(json.dumps(marker, indent=1), encoding="utf-8")


def _put_in_place(fresh: Path, folder: Path, scratch: Path) -> None:
    if folder.exists():
        folder.rename(scratch / "damaged")
    try:
        fresh.rename(folder)
    except OSError:
        if not folder.exists():
            raise  # else another process was faster, with the same content


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def write(weights: Path, folder: Path, height: int = 384, width: int = 640) -> None:
    """Write the OpenVINO form into a new folder."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / weights.with_stem(NETWORK_NAME).name  # ultralytics writes beside it, under its name
        shutil.copyfile(weights, copy)
        network = load_weights(copy, Path(scratch))
        # nms=False keeps the head of networks that suppress doubles themselves; to others it makes no difference.
        written = network.export(
            format="openvino", imgsz=(height, width), dynamic=False, batch=1, nms=False, verbose=False
        )
        shutil.move(written, folder)


@app.command()
def classes(weights: Path) -> None:
    """Print the class table as JSON."""
    with tempfile.TemporaryDirectory() as scratch:
        typer.echo(json.dumps(class_names(load_weights(weights, Path(scratch)))))


@app.command()
def slim(weights: Path, out: Path) -> None:
    """Write the weights without optimizer state and without what they tell of the machine they were trained on.

    The same weights give the same bytes, whatever the files are called.
    """
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint: dict[str, Any] = load_weights(weights, Path(scratch)).ckpt
        network = (checkpoint.get("ema") or checkpoint["model"]).half()
        written = Path(scratch) / f"{NETWORK_NAME}.pt"  # torch writes the file's name into it
        network.args, network.pt_path = {"task": "detect"}, written.name
        import torch

        kept = {key: checkpoint[key] for key in KEPT_OF_CHECKPOINT if key in checkpoint}
        torch.save({**kept, "model": network, "train_args": network.args, "epoch": -1}, written)
        shutil.copyfile(written, out)


def _refuse(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    sys.exit(REFUSED_EXIT)


if __name__ == "__main__":
    try:
        app()
    except WeightsRefused as error:
        _refuse(str(error))
