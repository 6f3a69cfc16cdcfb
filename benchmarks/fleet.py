"""A thousand HTTP views in one round of the real flow: 5 % dead, 5 % hanging, a fifth of the rest changed.

The cameras are one server process of its own, whose CPU is left out; so is that of Prefect's server. Everything else
is the product as it ships: flow, batches, capture, the whole way of a frame, SQLite, local files.
"""

import argparse
import json
import os
import pickle
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SCENES = 40
CHANGED_SHARE = 0.2
DEAD_EVERY, HANGING_EVERY = 20, 20
SMALL, LARGE = 100, 1000


def main() -> None:
    arguments = _arguments()
    if arguments.part == "serve":
        _serve(Path(arguments.stock), arguments.port)
        return
    if arguments.part == "patrol":
        print(json.dumps(_patrol(Path(arguments.scratch), arguments.views, arguments.port, arguments.rounds)))
        return
    with tempfile.TemporaryDirectory() as folder:
        stock = Path(folder) / "stock"
        stock.write_bytes(pickle.dumps(_make_stock(Path(arguments.shared))))
        results = {count: _measure(count, stock, Path(folder), arguments.rounds) for count in (SMALL, arguments.views)}
    _report(results, arguments.views)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", default=str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--views", type=int, default=LARGE)
    parser.add_argument("--rounds", type=int, default=2, help="measured rounds, after one that sees every view first")
    for name in ("--part", "--stock", "--scratch"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _make_stock(shared: Path) -> list[list[bytes]]:
    """By scene: two versions of the unchanged scene with other noise, then a changed one."""
    import cv2
    import numpy as np

    from benchmarks.street_frames import jpeg, views

    rng = np.random.default_rng(3)
    stock = []
    for base, changed in views(shared, SCENES, 2):
        frame = np.asarray(cv2.imdecode(np.frombuffer(base, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        stock.append([base, jpeg(frame, rng), changed])
    return stock


def _serve(stock_file: Path, port: int) -> None:
    """`/ROUND/VIEW.jpg` is asked for as `/VIEW.jpg`; the round is told by `/round/N`. Every 20th view hangs."""
    import asyncio

    stock = pickle.loads(stock_file.read_bytes())
    now = {"round": 0}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            if path.startswith("/round/"):
                now["round"] = int(path.rsplit("/", 1)[1])
                body = b"ok"
            else:
                number = int(path.strip("/").split(".")[0])
                if number % HANGING_EVERY == 1:
                    await asyncio.sleep(60)
                changed = now["round"] > 0 and (number * 7 + now["round"]) % 10 < CHANGED_SHARE * 10
                body = stock[number % SCENES][2 if changed else now["round"] % 2]
            head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n"
            head += "Connection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=512)
        await server.serve_forever()

    asyncio.run(run())


def _measure(count: int, stock: Path, folder: Path, rounds: int) -> dict[str, float]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here = [sys.executable, __file__, "--port", str(port), "--stock", str(stock)]
    cameras = subprocess.Popen([*here, "--part", "serve"], cwd=ROOT)
    try:
        scratch = folder / f"home{count}"
        command = [*here, "--part", "patrol", "--scratch", str(scratch), "--views", str(count), "--rounds", str(rounds)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    finally:
        cameras.kill()
        cameras.wait()
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def _patrol(home: Path, count: int, port: int, rounds: int) -> dict[str, float]:
    """One process: set-up, a first round that sees every view anew, then the measured ones."""
    os.environ |= {"STREETPATROL_CAPTURES_PER_HOST": "64", "STREETPATROL_HOME": str(home)}
    from benchmarks.patrol_bench import link_exports
    from flows.installing import install
    from flows.wiring import adopt_environment
    from pipeline.settings import load_settings

    link_exports(home)
    install(home, "bench", lambda _line: None)
    settings = load_settings(home)
    adopt_environment(settings, with_server=False)
    _import_views(home, count, port)
    from flows.inspection import ALL_VIEWS, inspect, standing

    inspect(str(home), ALL_VIEWS)
    database = home / "streetpatrol.db"
    before = _database_bytes(home, database)
    started, used = time.perf_counter(), time.process_time()
    outcomes: dict[str, int] = {}
    for number in range(1, rounds + 1):
        _tell_round(port, number)
        round_id = inspect(str(home), ALL_VIEWS)
        for outcome, views in standing(str(home)).town.rounds.outcomes(round_id).items():
            outcomes[outcome] = outcomes.get(outcome, 0) + views
    visits = count * rounds
    return {
        "visits_per_s": visits / (time.perf_counter() - started),
        "cpu_s_per_1000": (time.process_time() - used) / visits * 1000,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "db_bytes_per_visit": (_database_bytes(home, database) - before) / visits,
        **{f"outcome_{name}": float(views) for name, views in outcomes.items()},
    }


def _import_views(home: Path, count: int, port: int) -> None:
    from flows.wiring import open_town
    from pipeline.adapters.camera_lists import CameraRow
    from pipeline.domain.site import Site, SiteKind
    from pipeline.settings import load_settings

    site = Site("点位", SiteKind.main_road, False, True, "", None, {})
    dead = port + 1 if port < 65_000 else port - 1
    rows = [
        CameraRow(
            f"相机{number}", site, f"http://127.0.0.1:{dead if number % DEAD_EVERY == 2 else port}/{number}.jpg", None
        )
        for number in range(count)
    ]
    with open_town(load_settings(home)) as town:
        town.fleet.import_cameras(rows, {}, town.clock.now())


def _tell_round(port: int, number: int) -> None:
    import httpx

    httpx.get(f"http://127.0.0.1:{port}/round/{number}", trust_env=False).raise_for_status()


def _database_bytes(home: Path, database: Path) -> int:
    from flows.inspection import standing

    with standing(str(home)).town.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    return database.stat().st_size


def _report(results: dict[int, dict[str, float]], large: int) -> None:
    for count, figures in results.items():
        outcomes = ", ".join(f"{figures[key]:.0f} {key[8:]}" for key in sorted(figures) if key.startswith("outcome_"))
        print(
            f"{count:5} views: {figures['visits_per_s']:.1f} visits/s, {figures['cpu_s_per_1000']:.1f} s CPU a thousand"
        )
        print(f"      peak {figures['peak_mib']:.0f} MiB, {figures['db_bytes_per_visit']:.0f} database bytes a visit")
        print(f"      {outcomes}")
    summary = {
        name: results[large][name] for name in ("visits_per_s", "cpu_s_per_1000", "peak_mib", "db_bytes_per_visit")
    }
    summary["growth_100_to_1000"] = results[large]["cpu_s_per_1000"] / results[SMALL]["cpu_s_per_1000"]
    print(json.dumps({name: round(value, 3) for name, value in summary.items()}))


if __name__ == "__main__":
    main()
