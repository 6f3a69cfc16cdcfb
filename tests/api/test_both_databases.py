"""The same lists and pages on SQLite and on PostgreSQL."""

from pathlib import Path

from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from api.app import create_app
from pipeline.adapters.accounts import ensure_admin, hash_password, make_token
from pipeline.adapters.database import writing
from pipeline.settings import Settings
from tests.api.conftest import ADMIN, NOW, PASSWORD, SetClock
from tests.api.street import build_town

FIRST = "XJ-20261123-0001"
PATHS = (
    f"/api/v1/tickets/{FIRST}", "/api/v1/rounds/12", "/api/v1/views/5", "/api/v1/categories", "/api/v1/reasons",
    "/tickets?text=农贸", f"/tickets/{FIRST}", "/rounds", "/rounds/12?outcome=seen", "/views?attention=in_vain",
    "/views/5", "/suppressions", "/about", "/metrics", "/readyz",
)  # fmt: skip
LISTS = {
    "tickets": 14, "tickets?sort=created_at": 14, "tickets?sort=updated_at": 14, "tickets?sort=-updated_at": 14,
    "rounds": 12, "rounds/12/visits": 12, "views": 13, "views/5/health": 2, "suppressions": 2,
}  # fmt: skip


def test_lists_and_pages_answer_alike_on_both_databases(engine: Engine, tmp_path: Path) -> None:
    url = SecretStr(engine.url.render_as_string(hide_password=False))
    settings = Settings(home=tmp_path / "var", session_key=SecretStr("k" * 40), database_url=url)
    build_town(engine, settings, NOW)
    hashed = hash_password(PASSWORD)
    with writing(engine) as connection:
        ensure_admin(connection, ADMIN, hashed, NOW)
        token = make_token(connection, ADMIN, NOW)
    with TestClient(create_app(settings, SetClock(NOW))) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        for number, reason in ((1, "shadow"), (2, "licensed_stall")):
            verdict = client.post(f"/api/v1/tickets/XJ-20261123-{number:04d}/dismiss", json={"reason": reason})
            assert verdict.status_code == 200
        for path in PATHS:
            assert client.get(path).status_code == 200, path
        for path, expected in LISTS.items():
            assert len(_walked(client, path)) == expected, path


def _walked(client: TestClient, path: str) -> set[str]:
    """Every row of a list, one at a time; equal rows would count once."""
    rows: set[str] = set()
    joint = "&" if "?" in path else "?"
    cursor = ""
    while cursor is not None:
        page = client.get(f"/api/v1/{path}{joint}size=1&cursor={cursor}").json()
        rows |= {str(row) for row in page["rows"]}
        cursor = page["next"]
    return rows
