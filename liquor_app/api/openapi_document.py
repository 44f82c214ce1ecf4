"""The OpenAPI document: what FastAPI reads off the routes, and what it cannot know, because it holds for all of them:
who may call, what a refusal looks like and which there are, versions, repeats, and what is left of an allowance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from liquor_app.api.description.answer_examples import example_of
from liquor_app.api.many_rows import SHAPES

REFERENCE = "#/components/schemas/{model}"
FIELDS = "fields"
"""The parameter that asks for some fields alone."""
PROBLEM_KIND = "application/problem+json"
PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457). `code` is stable and for programs, `detail` is for people; `field` is to"
    " blame, `errors` names several.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:liquor:problem:invalid"]},
        "title": {"type": "string", "examples": ["Unprocessable Entity"]},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "examples": ["invalid"]},
        "detail": {"type": "string", "examples": ["Give at least one of email, phone and external_id."]},
        "field": {"type": "string", "examples": ["email"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
DECIMAL = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$"
ANSWERS = {
    400: "The body cannot be read.",
    401: "Nobody known calls.",
    403: "Whoever calls may not do this.",
    404: "There is no such thing.",
    408: "The body took too long to come in.",
    409: "It cannot be done as things stand, or somebody else changed them at the same moment.",
    412: "Somebody changed it since: `If-Match` names another version.",
    413: "The body is too large.",
    415: "The body is of a kind that is not taken.",
    422: "Something asked for is wrong; `field` says what.",
    429: "Too many requests; `Retry-After` says for how many seconds.",
    500: "A fault of ours.",
    503: "Something we depend on is not there; trying again later may help.",
}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, or an API key."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key: `lk_…`."},
    "session": {"type": "apiKey", "in": "cookie", "name": "liquor_session", "description": "From our own pages."},
}
HEADERS = {
    "RateLimit": {
        "description": 'What is left (r) of each policy, and seconds until it begins anew (t): `"minute";r=2999;t=42`.',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'Requests (q) of a window of so many seconds (w): `"minute";q=3000;w=60`.',
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
    "ETag": {"description": "The version, for `If-Match`.", "schema": {"type": "string"}},
}
PARAMETERS = {
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` of what was read; another version is refused (412).",
        "schema": {"type": "string"},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Asked again with the same key within a day, the same is answered and nothing is done twice.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
}


def complete(app: FastAPI, routers: Iterable[APIRouter], prefix: str, doors: tuple[str, ...]) -> None:
    """Have the app tell the whole of its document, made once.

    Args:
        routers: of all routes that stand in it, below `prefix`.
        doors: paths below which nobody has to be known.
    """
    read_off = app.openapi
    routes = {
        (f"{prefix}{route.path}", method): route
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in (route.methods or set()) - {"HEAD"}
    }

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(read_off(), routes, doors)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any], routes: Mapping[tuple[str, str], APIRoute], doors: tuple[str, ...]) -> None:
    components = document["components"]
    _, made = models_json_schema([(shape, "validation") for shape in SHAPES.values()], ref_template=REFERENCE)
    there = {name: one for name, one in components["schemas"].items() if "ValidationError" not in name}
    for shape in (*made.get("$defs", {}).values(), *there.values()):
        _decimals(shape)
    components["schemas"] = dict(sorted({**made.get("$defs", {}), **there, "Problem": PROBLEM}.items()))
    components |= {
        "securitySchemes": SCHEMES,
        "headers": HEADERS,
        "responses": {str(status): _answer(status, words) for status, words in ANSWERS.items()},
    }
    whole = components["schemas"]
    for (path, method), route in routes.items():
        if any(one["name"] == FIELDS for one in document["paths"][path][method.lower()].get("parameters", ())):
            _offer_some(document["paths"][path][method.lower()], whole)
        operation = document["paths"][path][method.lower()]
        _add(operation, route, method, is_open=path.startswith(doors))
        _show_answers(operation, whole)


def _show_answers(operation: dict[str, Any], shapes: Mapping[str, Any]) -> None:
    """Show what an operation answers, made of its schema."""
    for status, answer in operation["responses"].items():
        said = answer.get("content", {}).get("application/json") if status.startswith("2") else None
        if said is not None and "example" not in said:
            said["example"] = example_of(said.get("schema", {}), shapes)


def _offer_some(operation: dict[str, Any], shapes: dict[str, Any]) -> None:
    """Say that an answer may have some of its fields alone: a second shape, which needs none of them."""
    content = operation["responses"]["200"]["content"]["application/json"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    shape = shapes[name]
    if "next_cursor" in shape["properties"]:
        item = shape["properties"]["items"]["items"]["$ref"].rpartition("/")[2]
        few = {"type": "array", "items": {"$ref": REFERENCE.format(model=_some_of(item, shapes))}, "title": "Items"}
        other = f"ListOfSome{item}"
        shapes[other] = {**shape, "title": other, "properties": {**shape["properties"], "items": few}}
    else:
        other = _some_of(name, shapes)
    content["schema"] = {"anyOf": [{"$ref": REFERENCE.format(model=one)} for one in (name, other)]}


def _some_of(name: str, shapes: dict[str, Any]) -> str:
    few = f"Some{name}"
    shapes[few] = {**{key: value for key, value in shapes[name].items() if key != "required"}, "title": few}
    shapes[few]["description"] = f"The fields of {name} that were asked for."
    return few


def _decimals(node: Any) -> None:
    """Have a text that is taken as a number say how it is written."""
    if isinstance(node, dict):
        ways = node.get("anyOf", ())
        kinds = {one.get("type") for one in ways}
        if "number" in kinds and "integer" not in kinds:  # with whole numbers besides it is a cell of any kind
            for one in ways:
                if one.get("type") == "string":
                    one["pattern"] = DECIMAL
        for one in node.values():
            _decimals(one)
    elif isinstance(node, list):
        for one in node:
            _decimals(one)


REPEATS = ("once", "once_secret", "once_uploaded")
"""What a route calls that takes an `Idempotency-Key`."""


def _answer(status: int, words: str) -> dict[str, Any]:
    headers = ["RateLimit", "RateLimit-Policy", *(["Retry-After"] if status == 429 else [])]
    return {
        "description": words,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {PROBLEM_KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _add(operation: dict[str, Any], route: APIRoute, method: str, *, is_open: bool) -> None:
    takes_body = method in {"POST", "PUT", "PATCH"} or "requestBody" in operation
    has_version = _calls(route, "check_unchanged")
    statuses = {422, 500, 503}
    if not is_open:
        statuses |= {401, 403, 404, 409, 429}
        operation["security"] = [{name: []} for name in SCHEMES]
    else:
        statuses |= {401, 403, 409, 429} | ({404} if "{" in route.path else set())
    if takes_body:
        statuses |= {400, 408, 413, 415}
    wanted = ["If-Match"] if has_version else []
    statuses |= {412} if has_version else set()
    if any(_calls(route, name) for name in REPEATS):
        wanted.append("Idempotency-Key")
    if wanted:
        operation["parameters"] = [*operation.get("parameters", []), *(PARAMETERS[name] for name in wanted)]
    responses = operation["responses"]
    responses.pop("422", None)
    for status, answer in responses.items():
        if status.startswith("2") and not is_open:
            names = ["RateLimit", "RateLimit-Policy", *(["ETag"] if _calls(route, "tag") else [])]
            answer.setdefault("headers", {}).update({name: {"$ref": f"#/components/headers/{name}"} for name in names})
    for status in sorted(statuses - {int(one) for one in responses if one.isdigit()}):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    operation["responses"] = dict(sorted(responses.items()))


def _calls(route: APIRoute, name: str) -> bool:
    """Tell whether a route's function calls one of the kit's by this name."""
    return name in route.endpoint.__code__.co_names
