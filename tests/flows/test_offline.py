"""Set-up and a round make no connection that nobody asked for, and need none: only loopback is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.wiring import ROOT, WEIGHTS, open_town
from models.registry import DEFAULT_FILE
from pipeline.settings import load_settings
from tests.flows.town import add_cameras
from tests.flows.watched import Watch
from tests.street_servers import make_clip, street_jpeg

LONGEST_S = 400
ALONE = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
"""In a network of its own, in which there is nothing but loopback."""


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("no unshare and ip on this machine")
    if subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no network of one's own")
    return Watch(tmp_path / "watch")


def patrol(watch: Watch, home: Path, *words: str) -> str:
    """A command of ours without any network but loopback; gives what it said."""
    command = [sys.executable, "-W", "ignore::FutureWarning", "-m", "flows", *words, "--home", str(home)]
    done = subprocess.run(
        [*ALONE, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command],
        cwd=ROOT,
        env=watch.environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_set_up_and_rounds_call_nobody(tmp_path: Path, watch: Watch) -> None:
    if not (WEIGHTS / DEFAULT_FILE).exists():
        pytest.skip("no weights are shipped")
    home = tmp_path / "home"
    said = patrol(watch, home, "init")
    assert "password" in said and "no model yet" not in said
    (tmp_path / "street.jpg").write_bytes(street_jpeg())
    add_cameras(home, [str(make_clip(tmp_path / "clip.mp4")), str(tmp_path / "street.jpg"), "http://127.0.0.1:9/a.jpg"])
    assert "2 of 3 views covered" in patrol(watch, home, "round", "--times", "2", "--every", "0")
    assert "no ticket yet" in patrol(watch, home, "tickets")
    patrol(watch, home, "housekeeping")
    with open_town(load_settings(home)) as town:
        assert town.rounds.unfinished() == []
    assert watch.calls(), "the watch saw nothing at all"
    assert watch.calls_abroad() == []
