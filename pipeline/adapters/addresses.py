"""Where a source is, who may open it, and how long it is waited for. No message here shows an address's secrets."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import BadInput

KINDS_BY_SCHEME = {
    "rtsp": SourceKind.rtsp,
    "rtsps": SourceKind.rtsp,
    "http": SourceKind.http,
    "https": SourceKind.http,
}
"""The only schemes that are ever opened: FFmpeg itself would open files, pipes and playlists alike."""

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
"""At least two letters, so that `C:\\clips` is a path."""
ADDRESS = re.compile(r"(?P<scheme>[A-Za-z]+)://(?P<authority>[^/?#\\]*)(?P<rest>.*)")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
COVER = "***"


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of one capture: to connect, between two pieces of an answer, and for all of it."""

    connect_s: float
    read_s: float
    total_s: float


def source_kind_of(source: str) -> SourceKind:
    """The kind of an address or path. Raises BadInput for a scheme that is not allowed, or an address without host."""
    if not source.strip() or UNPRINTABLE.search(source):
        raise BadInput("a source is an address or a path in one line of printable characters")
    named = SCHEME.match(source)
    if named is None:
        return SourceKind.replay
    scheme = named[1].lower()
    if scheme not in KINDS_BY_SCHEME:
        raise BadInput(f"the scheme {scheme}: is not allowed; use {', '.join(KINDS_BY_SCHEME)} or a path")
    _check_authority(source)
    return KINDS_BY_SCHEME[scheme]


def split_credentials(source: str) -> tuple[str, Credentials | None]:
    """The source without user name and password, and those, percent-decoded. Raises BadInput as `source_kind_of`."""
    if source_kind_of(source) is SourceKind.replay:
        return source, None
    scheme, authority, rest = _parts(source)
    userinfo, at, host = authority.rpartition("@")
    if not at:
        return source, None
    username, _, password = userinfo.partition(":")
    return f"{scheme}://{host}{rest}", Credentials(unquote(username), unquote(password))


def join_credentials(source: str, credentials: Credentials | None) -> str:
    """The opposite of `split_credentials`. The answer is secret: keep it out of messages, logs and values."""
    if credentials is None or source_kind_of(source) is SourceKind.replay:
        return source
    scheme, authority, rest = _parts(source)
    host = authority.rpartition("@")[2]
    return f"{scheme}://{quote(credentials.username, safe='')}:{quote(credentials.password, safe='')}@{host}{rest}"


def host_of(source: str) -> str:
    """Name or address of the machine; empty for a path. An NVR is one host, however many ports it has."""
    return (urlsplit(source).hostname or "") if source_kind_of(source) is not SourceKind.replay else ""


def place_of(source: str) -> str:
    """What messages may show of a source: `host` or `host:port`, or the path of a replay.

    Never path or query of an address, where some cameras want their password.
    """
    if source_kind_of(source) is SourceKind.replay:
        return source
    return _parts(source)[1].rpartition("@")[2]


def hidden(text: str, credentials: Credentials | None) -> str:
    """`text` with the password, plain or percent-encoded, covered."""
    if credentials is None or not credentials.password:
        return text
    for secret in {credentials.password, quote(credentials.password, safe=""), quote(credentials.password)}:
        text = text.replace(secret, COVER)
    return text


def _parts(source: str) -> tuple[str, str, str]:
    """Scheme, authority and the rest."""
    found = ADDRESS.fullmatch(source)
    if found is None:
        raise BadInput("the address is not of the form scheme://host/path")
    return found["scheme"].lower(), found["authority"], found["rest"]


def _check_authority(source: str) -> None:
    _, authority, rest = _parts(source)
    if "@" in rest.partition("?")[0] and "@" not in authority:
        # A password with a bare slash would otherwise pass for host and path, and be shown.
        raise BadInput("write @ in a path as %40, and / ? # in a password as %2F %3F %23")
    try:
        split = urlsplit(source)
        host, _ = split.hostname, split.port
    except ValueError:
        raise BadInput("host or port cannot be read; write special characters of a password as %XX") from None
    if not host or " " in host:
        raise BadInput("the address names no host")
