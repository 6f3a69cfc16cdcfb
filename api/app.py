"""The application, wired from settings. Nothing opens at import."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from api.auth import ForeignFormGuard, LoginGate, SessionCookie
from api.dependencies import Services
from api.directory import Directory
from api.errors import ErrorAnswers
from api.guard import guard
from api.headers import SafeHeaders
from api.pages import about, account, login, view_setup
from api.pages import calendar as calendar_pages
from api.pages import cameras as camera_pages
from api.pages import desk as desk_pages
from api.pages import figures as figure_pages
from api.pages import life as life_pages
from api.pages import models as model_pages
from api.pages import patrol as patrol_pages
from api.pages import people as people_pages
from api.pages import photos as photo_pages
from api.pages import plans as plan_pages
from api.pages import tickets as ticket_pages
from api.pages.drawing import Drawing
from api.routes import (
    calendar,
    cameras,
    desk,
    figures,
    life,
    models,
    patrol,
    people,
    photos,
    plans,
    terms,
    tickets,
    view_settings,
    watch,
)
from api.schemas import Problem
from api.visit_tally import VisitTally
from pipeline.adapters.clock import SystemClock
from pipeline.adapters.database import open_engine
from pipeline.adapters.images import LocalImages
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.ports import Clock
from pipeline.settings import Settings

STATIC = Path(__file__).parent / "static"
ROUTERS = (
    watch.router, tickets.router, patrol.router, terms.router, people.router, life.router, calendar.router,
    desk.router, cameras.router, view_settings.router, plans.router, figures.router, photos.router,
    models.router,
)  # fmt: skip
PAGE_ROUTERS = (
    login.router, account.router, ticket_pages.router, patrol_pages.router, about.router, people_pages.router,
    life_pages.router, calendar_pages.router, desk_pages.router, camera_pages.router, view_setup.router,
    plan_pages.router, figure_pages.router, photo_pages.router, model_pages.router,
)  # fmt: skip
SMALLEST_ZIPPED_BYTES = 1024


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """Raises BadInput where the settings lack a secret."""
    engine = open_engine(settings.sql_url)
    services = Services(
        settings=settings,
        engine=engine,
        units=SqlUnitsOfWork(engine),
        images=LocalImages(settings.home / "images"),
        clock=clock or SystemClock(),
        gate=LoginGate(),
        cookie=SessionCookie.signed_with(settings.session_key.get_secret_value()),
        tally=VisitTally(),
        directory=Directory.configured(settings),
    )
    drawing = Drawing(settings, STATIC)
    app = FastAPI(
        title="StreetPatrol",
        version="1",
        summary="Tickets, rounds and views of the patrol",
        dependencies=[Depends(guard)],
        lifespan=_closing(services),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.services = services
    app.state.drawing = drawing
    for router in (*ROUTERS, *PAGE_ROUTERS):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    ErrorAnswers(drawing, (*ROUTERS, *PAGE_ROUTERS)).install(app)
    app.add_middleware(ForeignFormGuard)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_ZIPPED_BYTES)
    app.add_middleware(SafeHeaders)
    app.openapi = _described(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend the description
    return app


def _closing(services: Services) -> Callable[[FastAPI], Any]:  # Any: FastAPI's own type for lifespans
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        services.engine.dispose()

    return lifespan


def _described(app: FastAPI) -> Callable[[], dict[str, Any]]:  # Any: a JSON value
    """FastAPI's description, with the problem schema and the two ways to log in."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        page = plain()
        components = page.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        page["security"] = [{"token": []}]
        return page

    return described
