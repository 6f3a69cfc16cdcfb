"""Templates in two languages: what every page is given, and how times and words are shown."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

from babel.dates import format_datetime, format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api import words
from api.addresses import here_with
from api.pages.crop import FRAME_ASPECT, crop_of
from api.permissions import may
from pipeline.settings import Settings

API = Path(__file__).parent.parent
LANGUAGES = {"zh": "zh_Hans_CN", "en": "en_GB"}
THEMES = ("light", "dark")
YEAR_S = 365 * 24 * 3600
VERSION_LENGTH = 10
SECONDS_FORMAT = {"zh": "y-MM-dd HH:mm:ss", "en": "d MMM y HH:mm:ss"}
MINUTES_FORMAT = {"zh": "MM-dd HH:mm", "en": "d MMM HH:mm"}


def messages_of(language: str) -> Catalog:
    """The texts of one language from all its files: one for each area of the pages."""
    whole = Catalog(locale=language)
    for path in sorted((API / "locale" / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    whole[message.id] = message
    return whole


def catalogue(language: str) -> NullTranslations:
    """Read from its sources, so that no compiled file can be out of date."""
    messages = messages_of(language)
    if not len(messages):
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


class Drawing:
    """One template environment a language."""

    def __init__(self, settings: Settings, static: Path) -> None:
        self._settings = settings
        self._versions = {
            path.relative_to(static).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:VERSION_LENGTH]
            for path in static.rglob("*")
            if path.is_file()
        }
        self._environments = {language: self._environment(language) for language in LANGUAGES}

    def page(self, request: Request, template: str, status: int = 200, **shown: object) -> HTMLResponse:
        language, theme = self._language(request), self._theme(request)
        common = {
            "request": request,
            "language": language,
            "theme": theme,
            "person": (person := getattr(request.state, "person", None)),
            "may_ask": partial(may, person.role) if person else _nothing,
            "here_with": partial(here_with, request),
        }
        drawn = self._environments[language].get_template(template).render(**common, **shown)
        answer = HTMLResponse(drawn, status)
        for name, value in (("lang", language), ("theme", theme)):
            if request.query_params.get(name) == value:
                answer.set_cookie(name, value, max_age=YEAR_S, samesite="lax", httponly=True)
        return answer

    def problem(self, request: Request, status: int, detail: str) -> HTMLResponse:
        title = words.PROBLEMS.get(status, words.OTHER_PROBLEM)
        return self.page(request, "problem.html", status, problem=title, code=status, detail=detail)

    def _language(self, request: Request) -> str:
        wanted = request.query_params.get("lang") or request.cookies.get("lang") or ""
        return wanted if wanted in LANGUAGES else self._settings.language

    def _theme(self, request: Request) -> str:
        """Empty: as the person's system has it."""
        wanted = request.query_params.get("theme") or request.cookies.get("theme") or ""
        return wanted if wanted in THEMES else ""

    def _environment(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(API / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        translations = catalogue(language)
        environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
        environment.globals.update(
            town=self._settings.town,
            static=self._static,
            crop_of=crop_of,
            frame_aspect=FRAME_ASPECT,
            pick=lambda chinese, english: chinese if language == "zh" else english,
            word=partial(_word, language, translations.gettext),
            history_word=partial(_history_word, language, translations.gettext),
            words=words,
        )
        environment.filters.update(
            when=partial(self._when, MINUTES_FORMAT[language], language),
            when_exactly=partial(self._when, SECONDS_FORMAT[language], language),
            ago=partial(_ago, language),
            lasting=partial(_lasting, language),
            percent=_percent,
            score=_score,
        )
        return environment

    def _static(self, name: str) -> str:
        return f"/static/{name}?v={self._versions.get(name, '0')}"

    def _when(self, pattern: str, language: str, at: datetime) -> str:
        return format_datetime(at, pattern, tzinfo=self._settings.town_zone, locale=LANGUAGES[language])


def _nothing(_route: str) -> bool:
    return False


def _ago(language: str, at: datetime, now: datetime) -> str:
    return format_timedelta(at - now, add_direction=True, locale=LANGUAGES[language])


def _lasting(language: str, seconds: float) -> str:
    return format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=LANGUAGES[language])


def _percent(share: float) -> str:
    """Rounded down: only what is whole is shown as 100 %."""
    return f"{int(share * 1000) / 10:g}%"


def _score(share: float) -> str:
    return f"{share:.0%}"


def _word(language: str, translate: Callable[[str], str], kind: str, code: str | None) -> str:
    """The name of a code; an unknown one is shown as it is."""
    if code is None:
        return ""
    pairs: Mapping[str, tuple[str, str]] = words.PAIRS.get(kind, {})
    if code in pairs:
        return pairs[code][0 if language == "zh" else 1]
    known = words.LISTS.get(kind, {}).get(code)
    return translate(known) if known else code


def _history_word(language: str, translate: Callable[[str], str], what: str) -> str:
    if what in words.HISTORY:
        return translate(words.HISTORY[what])
    return _word(language, translate, "status", what)


def drawing_of(request: Request) -> Drawing:
    drawing = request.app.state.drawing
    assert isinstance(drawing, Drawing)
    return drawing


Drawn = Annotated[Drawing, Depends(drawing_of)]
Shown = dict[str, Any]  # Any: what templates are given
