"""A real PostgreSQL server for tests: own cluster in a temporary folder, on a free loopback port."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

STARTS_WITHIN_S = 30


def server_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """The URL of an empty database `patrol`; skips, or fails where the run is to be complete, without the server."""
    binaries = server_binaries()
    if binaries is None:
        if os.environ.get("PATROL_TEST_COMPLETE"):
            pytest.fail("PostgreSQL's server is not installed")
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    cluster = folder / "cluster"
    initdb: list[str | Path] = [
        binaries / "initdb",
        "--no-sync",
        "-A",
        "trust",
        "-U",
        "patrol",
        "-E",
        "UTF8",
        "-D",
        cluster,
    ]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
    port = free_port()
    command: list[str | Path] = [
        binaries / "postgres",
        "-F",
        "-D",
        cluster,
        "-p",
        str(port),
        "-c",
        "listen_addresses=127.0.0.1",
        "-k",
        folder,
    ]
    server = subprocess.Popen(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _create_database(port)
        yield f"postgresql+psycopg://patrol@127.0.0.1:{port}/patrol"
    finally:
        server.terminate()
        server.wait(20)


def _create_database(port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            with psycopg.connect(
                host="127.0.0.1", port=port, user="patrol", dbname="postgres", autocommit=True
            ) as link:
                link.execute("CREATE DATABASE patrol")
                return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
