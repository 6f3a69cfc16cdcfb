"""`./patrol demo`: a town to look at within minutes; the worker of the demo is this module too."""

import csv
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from api.assets import fetch_assets
from flows.console import log_as_json, out
from flows.installing import install
from flows.supervision import prepare_worker, run_all
from flows.wiring import open_town
from pipeline.adapters.camera_lists import COLUMNS, read_camera_list
from pipeline.adapters.clock import SystemClock
from pipeline.domain.errors import BadInput, StreetPatrolError
from pipeline.settings import PREFIX, load_settings

ROUND_EVERY_S = 15.0
MADE_ANEW = (
    "images",
    "quarantine",
    "prints",
    "prefect",
    "streetpatrol.db",
    "streetpatrol.db-wal",
    "streetpatrol.db-shm",
    "settings.env",
)
QUICKER = {
    "DWELL_SCALE": "0.1",
    "STALE_AFTER_S": "90",
    "CAPTURES_PER_HOST": "16",
    "TOWN": "青禾镇（演示）",
}
"""What takes minutes in a town takes seconds here; the console says so."""

log = structlog.get_logger()


def run_demo(home: Path, sources: Sequence[str]) -> int:
    """Blocks until Ctrl-C. Raises BadInput for a source that is none of ours."""
    _clear(home)
    os.environ.update({PREFIX + name: value for name, value in QUICKER.items()})
    os.environ[f"{PREFIX}HOME"] = str(home)
    out.print("[bold]巡街 StreetPatrol[/] · 演示 demo: preparing (the first time some 30 s)")
    made = install(home, "demo", out.print, must_change=False)
    fetch_assets()
    with _rows(home, sources) as rows:
        _import(home, rows)
        settings = load_settings(home)
        out.print(f"  页面 page      [bold]http://{settings.host}:{settings.port}[/]", highlight=False)
        out.print(f"  账号 login     [bold]{made.name}[/]   密码 password [bold]{made.password}[/]", highlight=False)
        out.print(f"  令牌 token     {made.token}", highlight=False, soft_wrap=True)
        out.print(f"  {len(rows)} views, a round every {ROUND_EVERY_S:.0f} s; dwell times are a tenth of a town's.")
        out.print("  The first ticket takes about two minutes. Ctrl-C stops everything.")
        return run_all(settings, worker="flows.demo")


def _clear(home: Path) -> None:
    """The demo's own folder starts empty; exported weights stay."""
    for name in MADE_ANEW:
        path = home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def _rows(home: Path, sources: Sequence[str]) -> Iterator[list[Mapping[str, str]]]:
    """Camera rows: of the sources given, else of the drawn town, which is served meanwhile."""
    if sources:
        yield [{"name": f"相机 {number}", "site": f"点位 {number}", "core_zone": "1", "source": source}
               for number, source in enumerate(sources, 1)]  # fmt: skip
        return
    from flows.demo_town import DemoTown  # noqa: PLC0415  # draws and encodes clips

    with DemoTown(SystemClock(), home / "town") as town:
        yield list(town.views())


def _import(home: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """The demo's cameras go in as anybody's do: by a CSV file, which stays there to look at."""
    path = home / "cameras.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, list(COLUMNS), restval="")
        writer.writeheader()
        writer.writerows(rows)
    good, bad = read_camera_list(path)
    if bad:
        raise BadInput("; ".join(f"source {line - 1}: {reason}" for line, reason in bad.items()))
    with open_town(load_settings(home)) as town:
        town.fleet.import_cameras(good, bad, town.clock.now())


def patrol_for_ever(home: Path) -> None:
    """Rounds in one process, so that the detector is loaded once; each is a real flow on the server."""
    log_as_json()
    settings = prepare_worker(home)
    from flows.inspection import ALL_VIEWS, inspect  # noqa: PLC0415  # prefect reads its settings when imported

    while True:
        started = time.monotonic()
        try:
            inspect(str(settings.home.resolve()), ALL_VIEWS)
        except StreetPatrolError as error:
            log.error("round_failed", reason=str(error))
        time.sleep(max(1.0, ROUND_EVERY_S - (time.monotonic() - started)))


if __name__ == "__main__":
    patrol_for_ever(Path(os.environ[f"{PREFIX}HOME"]))
