"""The API as production serves it, that waits a second for a body where production waits ten."""

from __future__ import annotations

from fastapi import FastAPI

from liquor_app.api import body_limits
from liquor_app.rest.routers import create_api


def impatient() -> FastAPI:
    body_limits.GRACE_SECONDS = 1.0
    return create_api()
