"""Addresses on this host: where to log in, and where a person may be sent afterwards."""

from urllib.parse import quote, urlencode, urlsplit

from fastapi import Request


def login_address(request: Request) -> str:
    """The log-in page that comes back to the page asked for."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return "/login" if request.method != "GET" or wanted == "/" else f"/login?next={quote(wanted, safe='')}"


def own_path(wanted: str) -> str:
    """`wanted` if it is a path on this host, else the front page."""
    parts = urlsplit(wanted)
    plain = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if plain and not parts.scheme and not parts.netloc else "/"


OF_THE_MOMENT = ("since", "lang", "theme")
"""Parameters that no link carries on."""


def here_with(request: Request, **changed: object) -> str:
    """This page's address with some parameters set; None takes one out."""
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in (*changed, *OF_THE_MOMENT) and value
    ]
    kept += [(name, str(value)) for name, value in changed.items() if value is not None]
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")
