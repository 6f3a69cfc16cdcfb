"""Ten reviewers at once while a round of a thousand views writes, at 100,000 tickets and 1,000,000 findings.

The server is a process of its own as it ships (uvicorn), asked over HTTP on loopback; each reviewer is a thread with a
bearer token that asks for cards, looks for a moment and sends a verdict, and now and then opens a list. The round is a
process that writes visits, findings and sightings in chunks as a patrol does, again and again until the reviewers are
through. A verdict's time is that of its own request; asking for the next card is told beside it. Pictures are left out.
The machine's other work counts in: run it on one that does nothing else.
"""

import argparse
import json
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
START = datetime(2026, 11, 1, tzinfo=UTC)
REVIEWERS = 10
WARM_UP_VERDICTS = 3
AT_ONCE = 10_000
CHUNK_VIEWS = 16
LISTS = (
    "/api/v1/tickets?status=awaiting_review&size=24", "/api/v1/tickets?sort=-updated_at&size=24",
    "/api/v1/tickets?category=litter&size=24", "/tickets", "/api/v1/suppressions?size=24",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    views: int = 1000
    tickets: int = 100_000
    findings: int = 1_000_000


FULL, SMALL = Size(), Size(50, 2_000, 20_000)


@dataclass
class Taken:
    """Seconds of each request, by what it was."""

    verdict: list[float] = field(default_factory=list)
    cards: list[float] = field(default_factory=list)
    lists: list[float] = field(default_factory=list)
    refused: int = 0


def main() -> None:
    arguments = _arguments()
    if arguments.part == "serve":
        _serve(Path(arguments.home), arguments.port)
        return
    if arguments.part == "round":
        _write_rounds(Path(arguments.home), arguments.views)
        return
    size = SMALL if arguments.small else FULL
    seconds = 6.0 if arguments.small else arguments.seconds
    summary: dict[str, dict[str, float]] = {}
    for name in arguments.databases.split(","):
        summary[name] = _measured(name, size, seconds, arguments.pause)
    print(json.dumps(summary))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="2,000 tickets, 20,000 findings, a few seconds: a smoke")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--seconds", type=float, default=60.0, help="measured, for each database")
    parser.add_argument("--pause", type=float, default=1.5, help="that a reviewer looks at each card, in seconds")
    for name in ("--part", "--home"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    for name in ("--port", "--views"):
        parser.add_argument(name, type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(name: str, size: Size, seconds: float, pause_s: float) -> dict[str, float]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        url = stack.enter_context(_database(name, folder))
        home = folder / "home"
        home.mkdir()
        lines = ["STREETPATROL_SESSION_KEY=" + "k" * 40]
        (home / "settings.env").write_text("\n".join([*lines, f"STREETPATROL_DATABASE_URL={url}"] if url else lines))
        started = time.perf_counter()
        tokens = _fill(home, size)
        print(f"{name}: {size.tickets} tickets and {size.findings} findings in {time.perf_counter() - started:.0f} s")
        address = stack.enter_context(_server(home))
        stack.enter_context(_round(home, size.views))
        taken, lasted = _reviewed(address, tokens, seconds, pause_s)
    return _report(name, taken, lasted)


@contextmanager
def _database(name: str, folder: Path) -> Iterator[str | None]:
    if name == "sqlite":
        yield None
        return
    from tests.postgres import postgres_server

    cluster = folder / "postgres"
    cluster.mkdir()
    with postgres_server(cluster) as url:
        yield url


def _fill(home: Path, size: Size) -> list[str]:
    """Migrate, seed, and write the town in bulk; a bearer token for each reviewer."""
    import sqlalchemy as sa

    from pipeline.adapters import tables
    from pipeline.adapters.accounts import ensure_person, make_token
    from pipeline.adapters.database import open_engine, upgrade, writing
    from pipeline.adapters.seed import seed
    from pipeline.domain.ticket import Role
    from pipeline.settings import load_settings

    engine = open_engine(load_settings(home).sql_url)
    upgrade(engine)
    chance = random.Random(8)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        seed(connection)
        for table, rows in _places(size):
            connection.execute(sa.insert(table), rows)
    for table, made in ((tables.findings, _findings(size, chance)), (tables.tickets, _tickets(size, chance))):
        for rows in _in_parts(made):
            with writing(engine) as connection:
                connection.execute(sa.insert(table), rows)
    with writing(engine) as connection:
        names = [f"复核员{number}" for number in range(REVIEWERS)]
        for reviewer in names:
            ensure_person(connection, reviewer, Role.reviewer, "no login", now)
        tokens = [make_token(connection, reviewer, now) for reviewer in names]
    with engine.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    engine.dispose()
    return tokens


def _places(size: Size) -> list[tuple[Any, list[dict[str, Any]]]]:
    from pipeline.adapters import tables

    sites = [
        {"name": f"点位{number}", "kind": "main_road", "key_point": False, "core_zone": True, "address": "",
         "latitude": 30.0 + number / 1e4, "longitude": 120.0 + number / 1e4}
        for number in range(size.views)
    ]  # fmt: skip
    cameras = [
        {"site_id": number + 1, "name": f"相机{number}", "source_kind": "rtsp", "source": f"rtsp://127.0.0.1/{number}",
         "active": True, "created_at": START}
        for number in range(size.views)
    ]  # fmt: skip
    views = [
        {"camera_id": number + 1, "name": f"视角{number}", "preset": 0, "active": True} for number in range(size.views)
    ]
    return [(tables.sites, sites), (tables.cameras, cameras), (tables.views, views)]


def _findings(size: Size, chance: random.Random) -> Iterator[dict[str, Any]]:
    categories = ("litter", "street_business", "charging_cable", "illegal_ad")
    for number in range(size.findings):
        left, top = chance.random() * 0.8, chance.random() * 0.8
        at = START + timedelta(seconds=number)
        ticketed = number < size.tickets
        yield {
            "id": f"f{number}", "view_id": 1 + number % size.views, "category": categories[number // size.views % 4],
            "left": left, "top": top, "right": left + 0.1, "bottom": top + 0.1, "look": chance.randbytes(64),
            "score": 0.7, "state": "open" if ticketed and number % 20 == 0 else "cleared", "first_seen_at": at,
            "last_seen_at": at, "not_before": None, "marks": "sss", "sights": ["day:fast"], "born_on_switch": False,
            "noted_area": 0.01, "clear_in_a_row": 0, "opened_at": at, "cleared_at": at, "suppress_until": None,
            "recurs": None,
        }  # fmt: skip


def _tickets(size: Size, chance: random.Random) -> Iterator[dict[str, Any]]:
    statuses = ("awaiting_review", "dismissed", "closed", "dispatched")
    categories = ("litter", "street_business", "charging_cable", "illegal_ad")
    for number in range(size.tickets):
        at = START + timedelta(seconds=number)
        yield {
            "number": f"XJ-20261101-{number:06d}", "finding_id": f"f{number}", "view_id": 1 + number % size.views,
            "category": categories[number // size.views % 4], "kind": "clean_up",
            "site": f"点位{number % size.views}", "unit": None, "status": chance.choices(statuses, (4, 3, 2, 1))[0],
            "recurring": False, "created_at": at, "updated_at": at,
        }  # fmt: skip


def _in_parts(made: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in made:
        part.append(row)
        if len(part) == AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _serve(home: Path, port: int) -> None:
    import uvicorn

    from api.app import create_app
    from pipeline.settings import load_settings

    uvicorn.run(create_app(load_settings(home)), host="127.0.0.1", port=port, log_level="error")


@contextmanager
def _server(home: Path) -> Iterator[str]:
    import httpx

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, __file__, "--part", "serve", "--home", str(home), "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                httpx.get(f"{address}/healthz", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def _round(home: Path, views: int) -> Iterator[None]:
    command = [sys.executable, __file__, "--part", "round", "--home", str(home), "--views", str(views)]
    writer = subprocess.Popen(command, cwd=ROOT)
    try:
        time.sleep(1.0)
        yield
        if writer.poll() is not None:
            raise SystemExit("the round ended early: what was measured is not what was asked for")
    finally:
        writer.kill()
        writer.wait()


def _write_rounds(home: Path, count: int) -> None:
    """Rounds without end, a chunk of views a transaction, spread so that a thousand views take a minute."""
    from pipeline.adapters.database import open_engine
    from pipeline.adapters.rounds import SqlRounds
    from pipeline.adapters.unit_of_work import SqlUnitsOfWork
    from pipeline.settings import load_settings

    engine = open_engine(load_settings(home).sql_url)
    units, rounds = SqlUnitsOfWork(engine), SqlRounds(engine)
    pause_s = 60 * CHUNK_VIEWS / 1000
    while True:
        views = list(range(1, count + 1))
        ref = rounds.begin("bench", views, datetime.now(UTC)).ref
        for start in range(0, count, CHUNK_VIEWS):
            begun = time.perf_counter()
            _write_chunk(units, ref.id, views[start : start + CHUNK_VIEWS])
            time.sleep(max(0.0, pause_s - (time.perf_counter() - begun)))


def _write_chunk(units: Any, round_id: int, views: Sequence[int]) -> None:  # Any: imported in the process that runs it
    """As `pipeline.steps.write` does: visits, a finding and a sighting a view, a picture's row, the change sequence."""
    from dataclasses import replace

    from pipeline.domain.detection import Detection, Pass
    from pipeline.domain.finding import FindingState, Sighting
    from pipeline.domain.geometry import Box
    from pipeline.domain.patrol import Outcome, Visit
    from pipeline.ports import ImageKind, KeptImage
    from tests.builders import a_finding

    now = datetime.now(UTC)
    box = Box(0.1, 0.1, 0.2, 0.2)
    visits = [Visit(round_id, view, 1, Outcome.seen, now, now, frozenset({Pass.fast})) for view in views]
    plain = a_finding(state=FindingState.candidate, box=box)
    found = [
        replace(plain, id=f"r{round_id}v{view}", view_id=view, first_seen_at=now, last_seen_at=now) for view in views
    ]
    detection = Detection(box, "litter", 0.6, Pass.fast, "0123456789ab")
    images = [KeptImage(f"{round_id:032x}{view:032x}", ImageKind.sighting, view, 30_000, now) for view in views]
    with units.writing() as uow:
        uow.visits.revisions(views)
        uow.visits.add(visits)
        uow.findings.save(found)
        uow.keep_images(images)
        uow.findings.add_sightings([Sighting(finding.id, round_id, 1, now, detection) for finding in found])
        uow.bump("visits")


def _reviewed(address: str, tokens: Sequence[str], seconds: float, pause_s: float) -> tuple[list[Taken], float]:
    taken = [Taken() for _ in tokens]
    ready = threading.Barrier(len(tokens) + 1)
    until = [0.0]
    threads = [
        threading.Thread(target=_review, args=(address, token, one, (ready, until), pause_s, place))
        for place, (token, one) in enumerate(zip(tokens, taken, strict=True))
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.perf_counter()
    until[0] = started + seconds
    ready.wait()
    for thread in threads:
        thread.join()
    return taken, time.perf_counter() - started


def _review(
    address: str, token: str, taken: Taken, when: tuple[threading.Barrier, list[float]], pause_s: float, place: int
) -> None:
    import httpx

    chance = random.Random(place)
    ready, until = when
    with httpx.Client(
        base_url=address, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60
    ) as client:
        cards = _cards(client, 5, [])
        for number in range(WARM_UP_VERDICTS):
            _say(client, cards.pop(0), chance, f"warm{place:02d}-{number:08d}")
            cards += _cards(client, 1, cards)
        ready.wait()
        ready.wait()
        number = 0
        time.sleep(chance.random() * pause_s)
        while time.perf_counter() < until[0]:
            begun = time.perf_counter()
            answer = _say(client, cards.pop(0), chance, f"key{place:02d}-{number:08d}")
            said = time.perf_counter()
            taken.verdict.append(said - begun)
            taken.refused += answer != 200
            cards += _cards(client, 5 - len(cards), cards)
            taken.cards.append(time.perf_counter() - said)
            if number % 5 == place % 5:
                begun = time.perf_counter()
                client.get(LISTS[number // 5 % len(LISTS)], headers={"Accept": "text/html"}).raise_for_status()
                taken.lists.append(time.perf_counter() - begun)
            number += 1
            time.sleep(pause_s * (0.5 + chance.random()))


def _cards(client: Any, count: int, held: list[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: httpx and JSON
    wanted = {"count": count, "held": [card["token"] for card in held]}
    answer = client.post("/api/v1/desk/cards", json=wanted)
    answer.raise_for_status()
    return list(answer.json()["cards"])


def _say(client: Any, card: dict[str, Any], chance: random.Random, key: str) -> int:  # Any: httpx and JSON
    body: dict[str, Any] = {"key": key, "token": card["token"], "seconds": 1.5}
    drawn = chance.random()
    if card["kind"] == "sample":
        body["boxes"] = []
    elif drawn < 0.6:
        body["verdict"] = "confirmed"
    elif drawn < 0.9:
        body |= {"verdict": "dismissed", "reason": "shadow"}
    elif drawn < 0.95:
        body |= {"verdict": "relabelled", "category": "illegal_ad" if card["category"] != "illegal_ad" else "litter"}
    else:
        body |= {"verdict": "redrawn", "box": {"left": 0.1, "top": 0.1, "right": 0.3, "bottom": 0.3}}
    return int(client.post("/api/v1/desk/verdicts", json=body).status_code)


def _report(name: str, taken: Sequence[Taken], lasted: float) -> dict[str, float]:
    verdicts = [seconds for one in taken for seconds in one.verdict]
    cards = [seconds for one in taken for seconds in one.cards]
    lists = [seconds for one in taken for seconds in one.lists]
    slowest = min(len(one.verdict) for one in taken) / lasted * 3600
    print(f"{name:10}  {'count':>6} {'median':>8} {'p95':>8} {'p99':>8}")
    for words, times in (("verdict", verdicts), ("next card", cards), ("list", lists)):
        shown = [f"{_share(times, share) * 1000:5.0f} ms" for share in (0.5, 0.95, 0.99)]
        print(f"  {words:10}{len(times):6} {' '.join(shown)}")
    print(f"  slowest reviewer {slowest:.0f} verdicts an hour; {sum(one.refused for one in taken)} refused")
    return {
        "verdicts_per_hour": round(slowest),
        "verdict_p95_ms": round(_share(verdicts, 0.95) * 1000, 1),
        "list_p95_ms": round(_share(lists, 0.95) * 1000, 1),
    }


def _share(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


if __name__ == "__main__":
    main()
