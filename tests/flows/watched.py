"""Processes that are watched for every connection and look-up they try, and an installation that runs whole."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx

from flows.wiring import ROOT

WATCH = '''
"""Notes each connection, look-up and datagram of this process, before it is made."""
import os, sys

def watch(what, arguments):
    if what in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        address = arguments[1] if what in ("socket.connect", "socket.sendto") else arguments[0]
        host = address[0] if isinstance(address, tuple) else address
        with open(os.environ["CALLS_NOTED_IN"], "a") as file:
            file.write(f"{what} {host!r} {' '.join(sys.orig_argv[1:5])}\\n")

sys.addaudithook(watch)
'''
STARTS_WITHIN_S = 120
STOPS_WITHIN_S = 30
ASKED_AT_MOST = 12
ASKED_AGAIN_AFTER_S = 2
AUTH = ("patrol", "test-auth")
"""As make_home writes it."""


@dataclass
class Watch:
    """Environment for child processes, and what was noted of them and their children."""

    folder: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "sitecustomize.py").write_text(WATCH)
        self._notes = self.folder / "calls.txt"
        self._notes.touch()
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "STREETPATROL_"))
        }
        self.environment = {
            **clean,
            "PYTHONPATH": f"{self.folder}:{ROOT}",
            "CALLS_NOTED_IN": str(self._notes),
        }

    def calls(self) -> list[str]:
        return self._notes.read_text().splitlines()

    def calls_abroad(self) -> list[str]:
        """Those that concern anything but this machine's loopback or a socket in a file."""
        return [line for line in self.calls() if not _is_here(line.split("'")[1] if "'" in line else "")]


def _is_here(host: str) -> bool:
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        return False


@dataclass
class Running:
    """`./patrol up`, running."""

    process: "subprocess.Popen[str]"
    home: Path
    watch: Watch
    api: str
    prefect: str
    log: Path

    def ask(self, path: str, **body: Any) -> Any:  # Any: JSON
        for _ in range(ASKED_AT_MOST):
            answer = httpx.post(f"{self.prefect}/api/{path}", json=body, auth=AUTH, timeout=60, trust_env=False)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break  # else its database is busy: its own client asks again too, after a while
            time.sleep(ASKED_AGAIN_AFTER_S)
        answer.raise_for_status()
        return answer.json()

    def processes(self) -> list[int]:
        """Every living process of this installation, by its place in the environment."""
        return processes_with(f"CALLS_NOTED_IN={self.watch.environment['CALLS_NOTED_IN']}")

    def interrupt(self) -> float:
        """Ctrl-C; gives the seconds until it had ended."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOPS_WITHIN_S)
        return time.monotonic() - started


def processes_with(variable: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def wait_until(what: Callable[[], bool], within_s: float = STARTS_WITHIN_S) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.25)


def answers(address: str, statuses: Iterable[int]) -> bool:
    try:
        return httpx.get(address, timeout=5, trust_env=False).status_code in set(statuses)
    except httpx.HTTPError:
        return False


@contextmanager
def running_up(home: Path, ports: Mapping[str, int], watch: Watch) -> Iterator[Running]:
    """`./patrol up` in a process group of its own; whatever is left of it afterwards is killed."""
    log = home / "up.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore::FutureWarning", "-m", "flows", "up", "--home", str(home)],
            cwd=ROOT,
            env=watch.environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    api, prefect = (f"http://127.0.0.1:{ports[name]}" for name in ("PORT", "PREFECT_PORT"))
    running = Running(process, home, watch, api, prefect, log)
    try:
        wait_until(lambda: answers(f"{prefect}/api/health", [200, 401]))
        yield running
    finally:
        process.kill()
        process.wait()
        for number in running.processes():
            os.kill(number, signal.SIGKILL)
