"""Routes: where one is signed in, by browser and by token."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from liquor_app.accounts import sessions
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.sessions import Here, OpenSession
from liquor_app.accounts.tokens import family_of
from liquor_app.api.etag import check_unchanged, tag
from liquor_app.api.schemas import Id, Row
from liquor_app.core.db import transaction
from liquor_app.rest.kit.authentication import CurrentActor, bearer_of, session_cookie

router = APIRouter(tags=["users"])


class SessionsOut(Row):
    items: list[OpenSession]


class EndedOut(Row):
    """How many were signed out."""

    ended: int


def _here(request: Request) -> Here:
    """What a person asks with: a token before a cookie, as they are recognised."""
    bearer = request.headers.get("x-api-key") or bearer_of(request)
    return Here(family=family_of(bearer)) if bearer else Here(cookie=session_cookie(request) or "")


@router.get("/users/me/sessions", response_model=SessionsOut)
@needs(Permission.OWN_ACCOUNT)
async def my_sessions(request: Request, actor: CurrentActor) -> object:
    """Browsers and programs one is signed in on, the latest used first; 100 at most."""
    async with transaction() as session:
        return {"items": await sessions.my_sessions(session, actor, _here(request))}


@router.post("/users/me/sessions/end-others", response_model=EndedOut)
@needs(Permission.OWN_ACCOUNT)
async def end_my_other_sessions(request: Request, actor: CurrentActor) -> object:
    """Sign every browser and program of one's own out but the one that asks."""
    async with transaction() as session:
        return {"ended": await sessions.end_other_sessions(session, actor, _here(request))}


@router.get("/users/me/sessions/{id}", response_model=OpenSession)
@needs(Permission.OWN_ACCOUNT)
async def my_session(request: Request, response: Response, actor: CurrentActor, session_id: Id) -> object:
    """A browser or a program one is signed in on."""
    async with transaction() as session:
        row = await sessions.my_session(session, actor, session_id, _here(request))
    tag(response, str(row.id))
    return row


@router.delete("/users/me/sessions/{id}", status_code=204)
@needs(Permission.OWN_ACCOUNT)
async def end_my_session(request: Request, actor: CurrentActor, session_id: Id) -> Response:
    """Sign one of one's browsers or programs out; of a program, its refresh token ends with it."""
    async with transaction() as session:

        async def version() -> str:
            return str((await sessions.my_session(session, actor, session_id)).id)

        await check_unchanged(session, request, version)
        await sessions.end_session(session, actor, session_id)
    return Response(status_code=204)
