"""Camera credentials at rest: encrypted and authenticated, with keys that can be changed one after another."""

import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from pipeline.adapters.addresses import Credentials
from pipeline.domain.errors import BadInput, StoreFailed


def new_key() -> str:
    """Fresh, for the front of the list of keys."""
    return Fernet.generate_key().decode("ascii")


class SecretBox:
    """`keys` by comma, newest first: the first seals, all of them open. Raises BadInput for a malformed key."""

    __slots__ = ("_box",)

    def __init__(self, keys: str) -> None:
        self._box = MultiFernet(_ciphers([key.strip() for key in keys.split(",") if key.strip()]))

    def seal(self, credentials: Credentials) -> bytes:
        plain = json.dumps([credentials.username, credentials.password]).encode()
        return self._box.encrypt(plain)

    def open(self, sealed: bytes) -> Credentials:
        """Raises StoreFailed where no key fits."""
        try:
            username, password = json.loads(self._box.decrypt(sealed))
        except (InvalidToken, ValueError):
            raise StoreFailed("camera credentials cannot be opened: no key fits; put the former key back") from None
        return Credentials(username, password)

    def sealed_anew(self, sealed: bytes) -> bytes:
        """The same credentials under the newest key. Raises StoreFailed where no key fits."""
        try:
            return self._box.rotate(sealed)
        except InvalidToken:
            raise StoreFailed("camera credentials cannot be sealed anew: no key in the settings fits") from None


def _ciphers(keys: list[str]) -> list[Fernet]:
    if not keys:
        raise BadInput("no key for camera credentials is set; make one and put it into the settings")
    ciphers = []
    for place, key in enumerate(keys, 1):
        try:
            ciphers.append(Fernet(key))
        except ValueError:
            raise BadInput(f"key {place} for camera credentials is not 32 bytes in URL-safe base64") from None
    return ciphers
