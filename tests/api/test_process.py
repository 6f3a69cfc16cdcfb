"""The process: starts, ends cleanly, loads nothing heavy; its scripts are fetched once."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from api import assets
from pipeline.domain.errors import BadInput
from pipeline.settings import Settings

HEAVY = ("torch", "ultralytics", "cv2", "prefect", "openvino", "numpy")


def test_the_application_loads_nothing_heavy() -> None:
    code = f"import sys, api.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def _environment(settings: Settings, port: int) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("STREETPATROL_")}
    key = settings.session_key.get_secret_value()
    return own | {
        "STREETPATROL_HOME": str(settings.home),
        "STREETPATROL_PORT": str(port),
        "STREETPATROL_SESSION_KEY": key,
    }


def test_the_server_starts_and_ends_when_told(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "api"], env=_environment(settings, port), stderr=subprocess.PIPE)
    try:
        assert _answers(f"http://127.0.0.1:{port}/readyz")
    finally:
        server.send_signal(signal.SIGTERM)
        _, complaints = server.communicate(timeout=15)
    assert server.returncode in (0, -signal.SIGTERM)
    assert b"Traceback" not in complaints


def _answers(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(200):
        try:
            with opener.open(address, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.1)
    return False


def test_a_missing_secret_is_one_clear_line(settings: Settings) -> None:
    environment = _environment(settings, 1) | {"STREETPATROL_SESSION_KEY": ""}
    ended = subprocess.run([sys.executable, "-m", "api"], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == ["STREETPATROL_SESSION_KEY is not set: run ./patrol init"]


@pytest.mark.skipif(not assets.is_current(), reason="needs the page's scripts: python -m api.assets")
def test_scripts_in_place_are_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_arguments: list[str]) -> int:
        raise AssertionError("npm was called")

    monkeypatch.setattr(assets, "npm", refuse)
    assert assets.fetch_assets() is False


def test_scripts_that_cannot_be_fetched_are_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(assets, "VENDOR", tmp_path_factory.mktemp("vendor"))
    monkeypatch.setattr(assets, "npm", lambda _arguments: 1)
    with pytest.raises(BadInput, match="network"):
        assets.fetch_assets()
