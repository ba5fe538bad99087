"""The application: a service, and the routers of every room that speaks HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

from fastapi import FastAPI

from occasion import __version__
from occasion.service.errors import add_error_handlers
from occasion.service.running import Service, Settings

__all__ = ["ROUTERS", "Service", "Settings", "make_app"]

# Each module has `router` (an APIRouter), or `mount(app)` for what is more than routes, or both. Routes of pages set
# include_in_schema=False: the OpenAPI document is for programs.
ROUTERS = (
    "occasion.service.health",
    "occasion.service.ingest.routes",
)


def make_app(settings: Settings) -> FastAPI:
    """The server for a workspace; its Service is `app.state.service` and runs with the app's lifespan."""
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(service.start)
        try:
            yield
        finally:
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
    add_error_handlers(app)
    for name in ROUTERS:
        module = import_module(name)
        if hasattr(module, "router"):
            app.include_router(module.router)
        if hasattr(module, "mount"):
            module.mount(app)
    return app
