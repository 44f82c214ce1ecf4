"""Nothing in an address is ignored: a parameter no route knows is an error, one said twice, and so is another verb's
name in the place of an id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Depends, HTTPException, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from liquor_app.core.errors import Malformed

OPEN = ("/api/v1/webhooks/",)
"""Who calls these adds parameters of their own."""


def refuse_unknown(routes: Iterable[Any]) -> None:
    """Have routes refuse what they do not know, after everything else they ask: whoever calls is counted first."""
    for route in routes:
        if isinstance(route, APIRoute) and not any(one.dependency is only_what_is_known for one in route.dependencies):
            route.dependencies.append(Depends(only_what_is_known))


async def only_what_is_known(request: Request) -> None:
    """A dependency of every route of the API.

    Raises:
        Invalid: a query parameter the route does not know, or one that is said twice: none takes several values.
        HTTPException: 405, where `{id}` caught what is another method's own path: GET /campaigns/generate.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or request.url.path.startswith(OPEN):
        return
    if route.path_regex.groups and (others := _methods_of(request.app).get(request.url.path)):
        names = ", ".join(sorted(others))
        raise HTTPException(405, f"{request.method} is not possible here; {names} is.", {"Allow": names})
    known = _parameters(route)
    for name in request.query_params:
        if name not in known:
            shown = name[:80].encode("ascii", "backslashreplace").decode()
            told = f"; there are {', '.join(sorted(known))}" if known else "; there is none"
            raise Malformed(f"{shown!r} is no parameter of this route{told}", field=shown)
        if len(request.query_params.getlist(name)) > 1:
            # the last one would count, and who wrote the first would not know
            raise Malformed(f"{name} is said twice: say it once", field=name)


def _parameters(route: APIRoute) -> frozenset[str]:
    found: frozenset[str] | None = getattr(route, "known_parameters", None)
    if found is None:
        found = frozenset(
            field.alias for field in get_flat_params(route.dependant) if isinstance(field.field_info, Query)
        )
        setattr(route, "known_parameters", found)  # noqa: B010 - the route has no such field, and no hash to keep it by
    return found


def _methods_of(app: Any) -> dict[str, set[str]]:
    """Methods of each path without parameters."""
    found: dict[str, set[str]] | None = getattr(app.state, "literal_paths", None)
    if found is None:
        paths = app.openapi()["paths"]
        found = {path: {name.upper() for name in paths[path]} for path in paths if "{" not in path}
        app.state.literal_paths = found
    return found
