"""How fast the whole way of a frame is, beside `ultralytics predict` and beside the bare limit, in one run.

The product decodes, assesses, runs the fast pass, tracks, redacts what is stored and writes; `ultralytics predict`
(torch, same weights and frames, batches of 8) and the limit (decode + OpenVINO alone) only detect. Each part is a
process of its own on two threads; the parts take turns, and the ratios are medians over the turns.
"""

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
VIEWS = 60
BATCH = 8
CORES = 2


@dataclass
class Stock:
    """JPEGs by view and round: the first round is warm-up, the last ones repeat a round with other noise."""

    changed: list[list[bytes]]
    unchanged: list[bytes]


def main() -> None:
    arguments = _arguments()
    if arguments.part:
        stock = pickle.loads(Path(arguments.stock).read_bytes())
        print(json.dumps(PARTS[arguments.part](stock, Path(arguments.scratch))))
        return
    with tempfile.TemporaryDirectory() as folder:
        stock_file = Path(folder) / "stock"
        stock_file.write_bytes(pickle.dumps(_make_stock(Path(arguments.shared), arguments.frames)))
        turns = [{part: _turn(part, stock_file, folder) for part in PARTS} for _ in range(arguments.turns)]
    _report(turns)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", default=str(ROOT.parent / "shared" / "data"), help="real pictures; drawn without")
    parser.add_argument("--frames", type=int, default=240, help="distinct changed frames")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="one turn")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--stock", help=argparse.SUPPRESS)
    parser.add_argument("--scratch", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.turns = 1
    return arguments


def _make_stock(shared: Path, frames: int) -> Stock:
    import numpy as np

    from benchmarks.street_frames import jpeg, views

    count = min(VIEWS, frames // 2)
    rounds = 1 + frames // count
    changed = views(shared, count, rounds)
    rng = np.random.default_rng(11)
    import cv2

    last = [cv2.imdecode(np.frombuffer(contents[-1], np.uint8), cv2.IMREAD_COLOR) for contents in changed]
    return Stock(changed, [jpeg(np.asarray(frame, np.uint8), rng) for frame in last])


def _turn(part: str, stock_file: Path, folder: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        command = [sys.executable, __file__, "--part", part, "--stock", str(stock_file), "--scratch", scratch]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def product(stock: Stock, scratch: Path) -> dict[str, float]:
    """The product's own steps and adapters on SQLite and local files; only the camera is a list in memory."""
    from benchmarks.patrol_bench import Bench

    with Bench(scratch, len(stock.changed), START) as bench:
        bench.round([contents[0] for contents in stock.changed])
        bench.settle()
        rounds = list(zip(*[contents[1:] for contents in stock.changed], strict=True))
        seconds, cpu, visits = _timed(bench.round, rounds)
        seen = bench.outcomes["seen"]
        bench.settle()
        still_seconds, still_cpu, still_visits = _timed(bench.round, [stock.unchanged])
        unchanged = bench.outcomes["unchanged"]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        fine_seconds, _, fine_visits = _timed(lambda frames: bench.round(frames, fine=True), [rounds[0][:16]])
        return {
            "visits_per_s": visits / seconds,
            "cpu_ms": cpu / visits * 1000,
            "unchanged_cpu_ms": still_cpu / still_visits * 1000,
            "unchanged_visits_per_s": still_visits / still_seconds,
            "fine_visits_per_s": fine_visits / fine_seconds,
            "peak_mib": peak,
            "seen_share": seen / visits,
            "unchanged_share": unchanged / still_visits,
            "kept_mib": bench.kept_bytes() / 2**20,
        }


def predict(stock: Stock, scratch: Path) -> dict[str, float]:
    """`ultralytics predict` from JPEG bytes, as its users write it: lists of 8, the same weights and input size."""
    import cv2
    import numpy as np
    import torch

    from flows.wiring import WEIGHTS
    from models.registry import Registry
    from models.torch_runtime import load_ultralytics

    registry = Registry(WEIGHTS, scratch / "exports")
    network = load_ultralytics(scratch / "config").YOLO(registry.weights(registry.default()))

    def run(contents: Sequence[bytes]) -> None:
        frames = [cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) for content in contents]
        network.predict(frames, imgsz=(384, 640), conf=0.25, verbose=False, device="cpu")

    frames = _flat(stock)
    run(frames[:BATCH])
    torch.set_num_threads(CORES)  # its first prediction set one thread
    run(frames[:BATCH])
    seconds, cpu, visits = _timed(run, [frames[at : at + BATCH] for at in range(0, len(frames), BATCH)])
    return {"visits_per_s": visits / seconds, "cpu_ms": cpu / visits * 1000}


def limit(stock: Stock, scratch: Path) -> dict[str, float]:
    """Decode and OpenVINO, nothing else: two threads that each feed the network."""
    from benchmarks.patrol_bench import bare_detector
    from pipeline.adapters.picture import Picture
    from pipeline.domain.camera import SourceKind
    from pipeline.domain.detection import Pass
    from pipeline.domain.frame import Frame

    detector = bare_detector()
    nothing = 0.99

    def run(contents: Sequence[bytes]) -> None:
        pictures = [Picture.from_bytes(content) for content in contents]
        frames = [Frame(one, one.width, one.height, START, START, SourceKind.http) for one in pictures]
        detector.detect(frames, Pass.fast, nothing)

    frames = _flat(stock)
    run(frames[:BATCH])
    chunks = [frames[at : at + BATCH] for at in range(0, len(frames), BATCH)]
    started, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(run, chunks))
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    return {"visits_per_s": len(frames) / seconds, "cpu_ms": cpu / len(frames) * 1000}


PARTS: dict[str, Callable[[Stock, Path], dict[str, float]]] = {"product": product, "predict": predict, "limit": limit}


def _flat(stock: Stock) -> list[bytes]:
    return [content for contents in zip(*[one[1:] for one in stock.changed], strict=True) for content in contents]


def _timed(run: Callable[[Sequence[bytes]], None], rounds: Sequence[Sequence[bytes]]) -> tuple[float, float, int]:
    """Seconds, CPU seconds and frames."""
    started, used = time.perf_counter(), time.process_time()
    for frames in rounds:
        run(frames)
    return time.perf_counter() - started, time.process_time() - used, sum(len(frames) for frames in rounds)


def _report(turns: list[dict[str, dict[str, float]]]) -> None:
    def over(part: str, name: str) -> float:
        return median(turn[part][name] for turn in turns)

    for part in PARTS:
        print(f"{part:8} {over(part, 'visits_per_s'):7.1f} frames/s  {over(part, 'cpu_ms'):6.1f} ms CPU a frame")
    print(f"unchanged: {over('product', 'unchanged_cpu_ms'):.1f} ms CPU a visit")
    print(f"fine pass: {over('product', 'fine_visits_per_s'):.1f} visits/s")
    shares = (
        f"seen {over('product', 'seen_share'):.0%} of the changed, unchanged {over('product', 'unchanged_share'):.0%}"
    )
    print(f"{shares} of the still frames; {over('product', 'kept_mib'):.0f} MiB of pictures kept")
    ratios = {
        "times_ultralytics": median(
            turn["product"]["visits_per_s"] / turn["predict"]["visits_per_s"] for turn in turns
        ),
        "share_of_limit": median(turn["product"]["visits_per_s"] / turn["limit"]["visits_per_s"] for turn in turns),
        "visits_per_s": over("product", "visits_per_s"),
        "fine_visits_per_s": over("product", "fine_visits_per_s"),
        "peak_mib": max(turn["product"]["peak_mib"] for turn in turns),
        "unchanged_cost_share": median(
            turn["product"]["unchanged_cpu_ms"] / turn["product"]["cpu_ms"] for turn in turns
        ),
    }
    print(json.dumps({name: round(value, 3) for name, value in ratios.items()}))


if __name__ == "__main__":
    main()
