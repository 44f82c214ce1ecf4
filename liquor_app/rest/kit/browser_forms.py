"""The browser's own forms: what every route that takes one asks before it looks at anything.

A cookie travels with strangers' forms too, and a form needs no script: so a route made by `form_router` takes nothing
that was not sent from a page of ours, in the one shape those send.
"""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from liquor_app.api.strict_parameters import only_what_is_known
from liquor_app.core.errors import AppError, Forbidden, Invalid, Malformed, Unstorable
from liquor_app.core.security.sealed_words import seal_of
from liquor_app.core.storable_text import UNSTORABLE, unstorable
from liquor_app.rest.kit.authentication import same_origin
from liquor_app.ui.forms.field_labels import in_labels

FORM = "application/x-www-form-urlencoded"


def form_router() -> APIRouter:
    """Return a router for forms of our pages; no route of it has to ask where a form comes from."""
    asked = (only_our_pages, only_what_is_known, only_its_fields)
    return APIRouter(include_in_schema=False, dependencies=[Depends(one) for one in asked])


async def only_our_pages(request: Request) -> None:
    """A dependency of every route of a `form_router`.

    Raises:
        Forbidden: the request says that it comes from elsewhere, or does not say where from.
    """
    if not same_origin(request):
        raise Forbidden("This request came from another site.")


async def only_its_fields(request: Request) -> None:
    """A dependency of every route of a `form_router`.

    Raises:
        HTTPException: 415, the body is no plain form.
        Invalid: a field the route does not know, one that the database could not keep, or one that is told twice: which
            of the two counted would depend on who reads them.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind and not await request.body():
        return
    if kind != FORM:
        raise HTTPException(415, f"Send the form as {FORM}.")
    route = request.scope.get("route")
    known = _fields(route) if isinstance(route, APIRoute) else frozenset()
    given = await request.form()
    for name, said in Counter(name for name, _ in given.multi_items()).items():
        shown = name[:80].encode("ascii", "backslashreplace").decode()
        if name not in known:
            raise Malformed(f"{shown!r} is no field of this form.", field=shown)
        if said > 1:
            raise Invalid(f"{shown} was sent {said} times.", field=shown)
        if unstorable(given[name]) is not None:
            raise Unstorable(f"{shown} {UNSTORABLE}.", field=shown)


def told_again(where: str, error: AppError, /, **parameters: str) -> RedirectResponse:
    """Return the way back to a page with what is wrong, in the words of the form, and sealed: it shows none that we did
    not write."""
    words = in_labels(error.message, error.field)
    said = {"error": words, "seal": seal_of(words), **parameters}
    return RedirectResponse(f"{where}?{'&'.join(f'{name}={quote(value)}' for name, value in said.items())}", 303)


def _fields(route: APIRoute) -> frozenset[str]:
    return frozenset(field.alias for field in route.dependant.body_params)
