"""The application: a service, and the routers of every room that speaks HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from threading import Timer
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from occasion import __version__
from occasion.service.errors import add_error_handlers
from occasion.service.ingest.described import SECURITY_SCHEMES
from occasion.service.running import Service, Settings

__all__ = ["ROUTERS", "Service", "Settings", "make_app"]

WARM_AFTER = 1.0  # seconds from being ready to making ready what makes the first page quicker
# Each module has `router` (an APIRouter), or `mount(app)` for what is more than routes, or both. Routes of pages set
# include_in_schema=False: the OpenAPI document is for programs.
ROUTERS = (
    "occasion.service.health",
    "occasion.service.ingest.routes",
    "occasion.service.refused",
    "occasion.service.coach_api",
    "occasion.service.login",
    "occasion.service.oidc",
    "occasion.service.metrics_page",
    "occasion.service.live",
    "occasion.service.feeds",
    "occasion.service.pages.assets",
    "occasion.service.pages.today",
    "occasion.service.pages.party",
    "occasion.service.pages.coach",
    "occasion.service.pages.practice",
    "occasion.service.pages.touches",
    "occasion.service.pages.rights",
    "occasion.service.pages.moments",
    "occasion.service.pages.settings",
    "occasion.service.pages.find",
    "occasion.service.pages.house",
    "occasion.service.pages.small",
    "occasion.service.doors",  # last: it guards all that is there by then
)


def make_app(settings: Settings) -> FastAPI:
    """The server for a workspace; its Service is `app.state.service` and runs with the app's lifespan."""
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await asyncio.to_thread(service.start)
        except Exception as why:
            app.state.failed = why  # the command says it in one line
            raise
        warming = [Timer(WARM_AFTER, warm) for warm in app.state.warming]
        for timer in warming:
            timer.daemon = True
            timer.start()
        try:
            yield
        finally:
            for timer in warming:
                timer.cancel()
            await asyncio.to_thread(service.stop)

    app = FastAPI(
        title="Occasion",
        version=__version__,
        summary="Find, foresee, make and measure the moments that keep customers.",
        lifespan=lifespan,
        docs_url=None,  # its page would load scripts from another host
        redoc_url=None,
    )
    app.state.service = service
    app.state.warming = []
    add_error_handlers(app)
    for name in ROUTERS:
        module = import_module(name)
        if hasattr(module, "router"):
            app.include_router(module.router)
        if hasattr(module, "mount"):
            module.mount(app)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the ways to show a key."""
    if not app.openapi_schema:
        found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        found.setdefault("components", {}).setdefault("securitySchemes", {}).update(SECURITY_SCHEMES)
        app.openapi_schema = found
    return app.openapi_schema
