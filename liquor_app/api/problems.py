"""Errors as RFC 9457 `application/problem+json`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from liquor_app.core.errors import AppError, FormInvalid, Invalid, Malformed, TooMany, Unstorable

log = logging.getLogger(__name__)

CODES = {413: "content_too_large"}
"""Where Python releases do not agree on the phrase."""
RULES = {"unstorable": Unstorable.code, "value_error": Invalid.code, "out_of_range": Invalid.code}
"""What a check of ours found beyond what the description can tell, by the kind of error."""
_BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
_PLACES = {"decimal_max_digits", "decimal_max_places", "decimal_whole_digits"}


def problem(status: int, code: str, detail: str, **extra: Any) -> JSONResponse:
    """Return one problem document; `code` is stable, `detail` is for people."""
    body = {
        "type": f"urn:liquor:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **extra,
    }
    return JSONResponse(body, status, media_type="application/problem+json")


async def _app_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AppError)
    extra: dict[str, Any] = {"field": error.field} if error.field else {}
    if isinstance(error, FormInvalid) and len(error.errors) > 1:
        extra["errors"] = [{"field": name, "message": words} for name, words in error.errors.items()]
    response = problem(error.status, error.code, error.message, **extra)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = _lacking(request, error.errors())
    errors = [{"field": _field(item), "message": item["msg"]} for item in found[:20]]
    first = errors[0]
    codes = [_rule(item) for item in found]
    code = str(codes[0] if all(codes) else Malformed.code)
    return problem(422, code, f"{first['field']}: {first['message']}", field=first["field"], errors=errors)


def _lacking(request: Request, found: Sequence[Any]) -> Sequence[Any]:
    """Return what is wrong; of a call without the body it needs, what an empty one would lack."""
    field = getattr(request.scope.get("route"), "body_field", None)
    shape = None if field is None else field.field_info.annotation
    lacks = [(item["type"], item["loc"]) for item in found] == [("missing", ("body",))]
    if lacks and isinstance(shape, type) and issubclass(shape, BaseModel):
        try:
            shape.model_validate({})
        except ValidationError as wrong:
            return [{**item, "loc": ("body", *item["loc"])} for item in wrong.errors()]
    return found


def _rule(item: Any) -> str | None:
    """Return the code of what no description tells; None for what breaks the one there is."""
    kind, given = item["type"], item.get("input")
    if kind in _PLACES or (
        kind in _BOUNDS and isinstance(given, str) and item["loc"][0] == "body"
    ):  # a number in a text has no bounds there
        return Invalid.code
    if kind == "string_too_short" and isinstance(given, str) and len(given) >= item["ctx"]["min_length"]:
        return Invalid.code  # blanks around it do not count
    return RULES.get(kind)


def _field(item: Any) -> str:
    """Return the field to blame: where it stands, or where a check of the whole body found it."""
    where = [str(part) for part in item["loc"][1:]]
    if item["type"] in {"unstorable", "null", "kind"} and item["ctx"]["field"]:
        where.append(item["ctx"]["field"])
    return ".".join(where) or str(item["loc"][0])


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST and isinstance(error.__cause__ or error.__context__, RecursionError):
        return await _too_deep(request, error)
    code = CODES.get(error.status_code) or HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    response = problem(error.status_code, code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _too_deep(request: Request, error: Exception) -> JSONResponse:
    return problem(422, "invalid", "The body is nested too deeply.", field="body")


def _place(path: str) -> str:
    """Where, as far as a log may say it: what follows the first letter of a recipient's link is a secret."""
    return path if path.startswith("/api/") else f"/{path.split('/')[1]}/…"


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.exception("unexpected error at %s %s", request.method, _place(request.url.path), exc_info=error)
    return problem(500, "internal_error", "Something went wrong on our side. It has been logged; please try again.")


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem document."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RecursionError, _too_deep)
    app.add_exception_handler(Exception, _unexpected)
