"""Where a message's links and its pixel lead: public, signed, the same for known and unknown."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.sending.farewell import failed
from liquor_app.sending.tracking import CLICK_PATH, OPEN_PATH, PIXEL, Visit, follow, open_pixel

public = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(max_length=2048)]
NEVER_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


def _visit(request: Request) -> Visit:
    """A browser says GET; whoever only asks for the headers is a machine."""
    ip = request.client.host if request.client else None
    return Visit(request.headers.get("user-agent", "")[:500], ip, request.method == "HEAD")


@public.api_route(CLICK_PATH + "/{token}", methods=["GET", "HEAD"])
async def click(request: Request, token: Token) -> Response:
    """On to the shop, noted."""
    try:
        async with transaction() as session:
            address = await follow(session, token, _visit(request))
    except AppError as error:
        return failed(error)
    return RedirectResponse(address, 302, headers=NEVER_KEPT)


@public.api_route(OPEN_PATH + "/{token}.gif", methods=["GET", "HEAD"])
async def pixel(request: Request, token: Token) -> Response:
    """Always the picture, whatever the token: a broken image would only tell on us."""
    try:
        async with transaction() as session:
            await open_pixel(session, token, _visit(request))
    except AppError:
        pass
    return Response(PIXEL, media_type="image/gif", headers=NEVER_KEPT)
