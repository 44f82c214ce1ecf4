"""The REST API as an ASGI app: routers in, problems and limits and headers around them.

Reflex is mounted inside it by the roof, so the middleware here sees every request the product answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from liquor_app.api.body_limits import Edge, Knows
from liquor_app.api.client_gone import Leaving
from liquor_app.api.live.asyncapi import SocketDoc, asyncapi
from liquor_app.api.openapi_document import complete
from liquor_app.api.problems import install, problem
from liquor_app.api.reference_page import page
from liquor_app.api.sparse_fields import SparseFields, offer_fields
from liquor_app.api.strict_parameters import refuse_unknown

PREFIX = "/api/v1"
VERSION = "1.0.0"
"""Of the interface, not of the software: a breaking change would be `/api/v2`."""
LEAST_BYTES, LEVEL = 1024, 5
"""From which length on an answer goes by gzip, and how hard it is squeezed."""
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
DOORS = (f"{PREFIX}/auth/", f"{PREFIX}/webhooks/", f"{PREFIX}/health/")
"""Where nobody has to be known."""
DOCS_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)
DESCRIPTION = """
JSON in, JSON out. Errors are RFC 9457 problem documents with a stable `code`. Lists are
`{"items", "next_cursor", "total", "total_is_exact"}`: pass `next_cursor` back as `cursor`. Times are ISO 8601 in UTC,
money is a decimal string. A POST that creates or starts something takes an `Idempotency-Key`; a PATCH takes the
`ETag` of what you read as `If-Match`. Sign in at `/api/v1/auth/login`, or send an API key in `X-API-Key`.
"""


def create_api(
    routers: Sequence[APIRouter],
    *,
    at_root: Sequence[APIRouter] = (),
    large_bodies: dict[str, int] | None = None,
    sockets: Mapping[str, SocketDoc] | None = None,
    knows: Knows | None = None,
) -> FastAPI:
    """Return the API of these routers under `/api/v1`.

    Args:
        at_root: routers whose paths are complete already: browser forms, WebSockets.
        large_bodies: method and path → bytes allowed, for the few routes that take files or many rows.
        sockets: WebSocket path → what it says, for the documentation.
        knows: whether a WebSocket is opened by somebody signed in; without it nobody is.
    """
    app = FastAPI(
        title="Liquor Marketing Agent",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    install(app)
    for router in routers:
        offer_fields(router.routes)
        refuse_unknown(router.routes)
        app.include_router(router, prefix=PREFIX)
    for router in at_root:
        app.include_router(router)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        told = {path: doc.message for path, doc in (sockets or {}).items()}
        return HTMLResponse(page(app.openapi(), told), headers={"Content-Security-Policy": DOCS_POLICY})

    @app.get("/asyncapi.json", include_in_schema=False)
    async def live() -> dict[str, Any]:
        return asyncapi(app.title, VERSION, sockets or {})

    async def not_so(request: Request, error: Exception) -> Response:
        """Name every method there is at a path: each route knows its own alone."""
        assert isinstance(error, HTTPException)
        known = sorted(_methods_at(app.openapi(), request.url.path))
        names = ", ".join(known) or (error.headers or {}).get("Allow", "")
        response = problem(405, "method_not_allowed", f"{request.method} is not possible here; {names} is.")
        response.headers["Allow"] = names
        return response

    @app.api_route("/api/{rest:path}", methods=METHODS, include_in_schema=False)
    async def unknown(request: Request) -> Response:
        """Without this the app's own pages would answer, in HTML."""
        if _methods_at(app.openapi(), request.url.path):
            raise HTTPException(405)
        return problem(404, "not_found", f"There is nothing at {request.url.path}. The API is described at /docs.")

    app.add_exception_handler(405, not_so)

    complete(app, routers, PREFIX, DOORS)
    app.add_middleware(SparseFields)
    app.add_middleware(_Squeezed)
    app.add_middleware(Leaving)
    app.add_middleware(Edge, large_bodies=large_bodies or {}, knows=knows)
    return app


class _Squeezed(GZipMiddleware):
    """As its base, but for answers to a cookie alone: another site can have a browser ask for those, and learn from
    their length what stands beside words of its choice (BREACH). Files keep their length, by which a download shows how
    far it is."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, minimum_size=LEAST_BYTES, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            by_cookie = "cookie" in headers and not ("authorization" in headers or "x-api-key" in headers)
            if by_cookie or scope["path"].startswith(f"{PREFIX}/files/"):
                await self.app(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


def _operation_id(route: APIRoute) -> str:
    """What a generated client calls an operation: `customers_get_customer`."""
    return "_".join([*map(str, route.tags[:1]), route.name])


def _methods_at(spec: dict[str, Any], path: str) -> set[str]:
    if path in spec["paths"]:  # what stands there by name is nobody's id
        return {method.upper() for method in spec["paths"][path]}
    return {
        method.upper()
        for template, operations in spec["paths"].items()
        if compile_path(template)[0].match(path)
        for method in operations
    }
