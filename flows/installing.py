"""Set-up: secrets, tables, the model's export and the first login."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flows.starting_model import start_model
from flows.wiring import open_town, set_up_database
from pipeline.adapters.accounts import ensure_admin, hash_password, make_token
from pipeline.adapters.database import writing
from pipeline.adapters.secrets import new_key
from pipeline.domain.errors import NotFound, StoreFailed
from pipeline.settings import PREFIX, load_settings

SETTINGS_FILE = "settings.env"
PASSWORD_BYTES = 9
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """What `init` shows once; password and token are None where the account was there already."""

    name: str
    password: str | None
    token: str | None


def install(home: Path, admin: str, say: Callable[[str], None], must_change: bool = True) -> Secrets:
    """Idempotent; `must_change`: the first login must change its password.

    Raises BadInput, StoreFailed, WeightsRefused with one clear line.
    """
    _write_settings(home)
    settings = load_settings(home)
    with open_town(settings) as town:
        set_up_database(town)
        try:
            start_model(town)
        except NotFound as error:
            say(f"no model yet: {error}")
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        now = town.clock.now()
        with writing(town.engine) as connection:
            if not ensure_admin(connection, admin, hash_password(password), now, must_change):
                return Secrets(admin, None, None)
            token = make_token(connection, admin, now)
    return Secrets(admin, password, token)


def _write_settings(home: Path) -> None:
    """Keys that only this installation knows, readable by its owner alone."""
    path = home / SETTINGS_FILE
    if path.exists():
        return
    lines = (
        "# Keys of this installation. Keep a copy: without SECRET_KEYS the camera passwords cannot be read.",
        f"{PREFIX}SECRET_KEYS={new_key()}",
        f"{PREFIX}SESSION_KEY={secrets.token_urlsafe(KEY_BYTES)}",
        f"{PREFIX}PREFECT_AUTH=patrol:{secrets.token_urlsafe(KEY_BYTES)}",
    )
    try:
        home.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise StoreFailed(f"{path} cannot be written: {error.strerror}") from error
