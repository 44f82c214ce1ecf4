"""Every route of the product, gathered. On the roof: it sees all slices."""

from __future__ import annotations

from fastapi import FastAPI

from liquor_app.accounts import api as accounts
from liquor_app.api import problems


def create_api() -> FastAPI:
    """The API: `/api/v1/…` and the browser's own forms."""
    api = FastAPI(title="Liquor Marketing Agent", version="1", docs_url="/docs", openapi_url="/openapi.json")
    problems.install(api)
    api.include_router(accounts.router, prefix="/api/v1")
    api.include_router(accounts.browser)
    return api
