"""`?fields=id,email`: an answer of the fields somebody asked for alone, of every list and of every single thing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

from fastapi import Depends, Query, Request
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liquor_app.api.list_query import some_of
from liquor_app.api.openapi_document import FIELDS
from liquor_app.api.schemas import ListOf
from liquor_app.core.errors import Malformed

STATE = "sparse_fields"
OWN = frozenset({"/users/me"})
"""Of one thing, though no id stands at their end."""


def offer_fields(routes: Iterable[Any]) -> None:
    """Have routes of lists and of single things take `fields`, before they are included."""
    for route in routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"{route!r}: routers stand beside one another, none within another")
        if (known := _fields_of(route)) and not _is_offered(route):
            asked = _asked(known)
            route.dependencies.append(asked)
            # what a route knows of itself, which is asked for parameters it does not know
            own = get_parameterless_sub_dependant(depends=asked, path=route.path_format)
            route.dependant.dependencies.append(own)


def _is_offered(route: APIRoute) -> bool:
    return any(getattr(one.dependency, FIELDS, None) for one in route.dependencies)


def _fields_of(route: APIRoute) -> tuple[str, ...]:
    """Return the fields of a list's items, or of the one thing, that a route answers; empty for any other route."""
    if "GET" not in (route.methods or ()) or not isinstance(route.response_model, type):
        return ()
    if issubclass(route.response_model, ListOf):
        item = route.response_model.__pydantic_generic_metadata__["args"][0]
        return _names(item)
    return _names(route.response_model) if route.path.endswith("}") or route.path in OWN else ()


def _names(shape: Any) -> tuple[str, ...]:
    if model := getattr(shape, "model_fields", None):  # which may inherit from a dataclass too
        return tuple(model)
    return tuple(one.name for one in dataclasses.fields(shape)) if dataclasses.is_dataclass(shape) else ()


def _asked(known: tuple[str, ...]) -> Any:
    words = f"Some of {', '.join(known)}, separated by commas: the answer has these alone."

    said = {"pattern": some_of(known)}
    asked = Query("", max_length=2_000, description=words, json_schema_extra=said)

    async def read(request: Request, fields: str = asked) -> None:
        chosen = {one.strip() for one in fields.split(",")} - {""}
        if unknown := sorted(chosen - set(known)):
            shown = unknown[0][:80].encode("ascii", "backslashreplace").decode()
            raise Malformed(f"fields knows no {shown!r}; there are {', '.join(known)}", field=FIELDS)
        if chosen:
            setattr(request.state, STATE, chosen)

    setattr(read, FIELDS, known)
    return Depends(read)


class SparseFields:
    """Leaves out of an answer what was not asked for. An answer of which all was asked passes as it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head: Message | None = None
        parts: list[bytes] = []

        async def leaving_out(message: Message) -> None:
            nonlocal head
            chosen = scope.get("state", {}).get(STATE)
            if chosen is None or (head is None and message.get("status") != 200):
                await send(message)
            elif message["type"] == "http.response.start":
                head = message
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    assert head is not None
                    body = _of(json.loads(b"".join(parts)), chosen)
                    MutableHeaders(scope=head)["content-length"] = str(len(body))
                    await send(head)
                    await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, leaving_out)


def _of(answer: Any, chosen: set[str]) -> bytes:
    if "items" in answer and "next_cursor" in answer:
        answer["items"] = [_some(one, chosen) for one in answer["items"]]
    else:
        answer = _some(answer, chosen)
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _some(item: dict[str, Any], chosen: set[str]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name in chosen}
