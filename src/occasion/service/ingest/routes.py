"""The paths at which event clients knock."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["events"])
