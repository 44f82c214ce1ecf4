"""Routes: signing in with a passkey, and one's own passkeys."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field

from liquor_app.accounts import tokens
from liquor_app.accounts.cookies import CEREMONY
from liquor_app.accounts.entry import passkeys
from liquor_app.accounts.entry.passkey_ceremony import Ceremony
from liquor_app.accounts.entry.passkeys import MOST_NAME, PasskeyRow
from liquor_app.accounts.entry.sign_in import confirm_code
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.api.client_address import source_of
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Body, Id, Row
from liquor_app.core.db import Session, transaction
from liquor_app.rest.accounts import Tokens, agent_of, known_from_now
from liquor_app.rest.kit.authentication import CurrentActor, drop_cookie, key_owner
from liquor_app.rest.kit.own_password import confirm_identity
from liquor_app.rest.kit.passkey_exchange import enter_with, hold_ceremony, limit_passkeys, taken_challenge
from liquor_app.rest.people.team import Answer, ProofIn

router = APIRouter(tags=["auth"])

VERSION = ("id", "name")
"""Fields that make another version of a passkey: that it was used makes none."""
PasskeyName = Annotated[str, Field(min_length=1, max_length=MOST_NAME, examples=["Laptop"])]


SecondStep = Annotated[
    str | None,
    Header(alias="X-Code", max_length=20, description="Of one's app, or a recovery code, if one signs in with codes."),
]


class CeremonyOut(Row):
    """What the browser asks a device for: `publicKey` of `navigator.credentials`, bytes as base64url. The answer is
    good once and for five minutes, with the cookie that came along."""

    options: dict[str, Any]


class AnswerIn(Body):
    credential: Answer


class NewPasskey(Body):
    name: PasskeyName
    credential: Answer


class PasskeyPatch(Body):
    name: PasskeyName


class PasskeysOut(Row):
    items: list[PasskeyRow]


@router.post("/auth/passkeys/begin", response_model=CeremonyOut)
@needs(Permission.ENTER)
async def begin_sign_in(request: Request, response: Response) -> object:
    """Begin to sign in with a passkey. The answer names nobody's: a device finds its own."""
    await limit_passkeys(request)
    options, begun = await passkeys.begin_entry()
    hold_ceremony(response, begun)
    return {"options": options}


@router.post("/auth/passkeys/finish", response_model=Tokens)
@needs(Permission.ENTER)
async def finish_sign_in(request: Request, response: Response, body: AnswerIn) -> object:
    """Sign in with what a passkey signed: tokens as of `/auth/login`. It is two factors by itself, so no code is asked
    for."""
    user = await enter_with(request, body.credential)
    async with transaction() as session:
        pair = await tokens.issue_tokens(session, user, ip=source_of(request), user_agent=agent_of(request))
    known_from_now(request, response, user)
    drop_cookie(response, CEREMONY)
    return pair


@router.post("/users/me/passkeys/begin", response_model=CeremonyOut)
@needs(Permission.OWN_ACCOUNT)
async def begin_passkey(request: Request, response: Response, actor: CurrentActor, body: ProofIn) -> object:
    """Begin to add a passkey, with one's present password and the second step, where there is one."""
    user = await confirm_identity(request, actor, body.proof)
    async with transaction() as session:
        options, begun = await passkeys.begin_adding(session, actor, user)
    hold_ceremony(response, begun)
    return {"options": options}


@router.post("/users/me/passkeys/prove", response_model=CeremonyOut)
@needs(Permission.OWN_ACCOUNT)
async def begin_proof(response: Response, actor: CurrentActor) -> object:
    """Begin to prove that one holds a passkey: what it signs is a `credential` beside the password, where the sign-in
    is changed."""
    async with transaction() as session:
        options, begun = await passkeys.begin_proof(session, actor)
    hold_ceremony(response, begun)
    return {"options": options}


@router.post("/users/me/passkeys", response_model=PasskeyRow, status_code=201)
@needs(Permission.OWN_ACCOUNT)
async def add_passkey(request: Request, actor: CurrentActor, body: NewPasskey) -> Response:
    """Keep the passkey that a device made."""
    challenge = await taken_challenge(request, Ceremony.ADD, actor.user_id)
    added: list[PasskeyRow] = []

    async def work(session: Session) -> PasskeyRow:
        added.append(await passkeys.add_passkey(session, actor, challenge, body.credential, body.name))
        return added[-1]

    where = "/api/v1/users/me/passkeys/{id}"
    response = await once(request, key_owner(actor), PasskeyRow, work, location=where)
    drop_cookie(response, CEREMONY)
    for row in added:  # an answer that is given again is of a version that may be over
        tag(response, content(row, *VERSION))
    return response


@router.get("/users/me/passkeys", response_model=PasskeysOut)
@needs(Permission.OWN_ACCOUNT)
async def my_passkeys(actor: CurrentActor) -> object:
    """One's own passkeys, the oldest first."""
    async with transaction() as session:
        return {"items": await passkeys.my_passkeys(session, actor)}


@router.get("/users/me/passkeys/{id}", response_model=PasskeyRow)
@needs(Permission.OWN_ACCOUNT)
async def my_passkey(response: Response, actor: CurrentActor, passkey_id: Id) -> object:
    """One of one's own passkeys."""
    async with transaction() as session:
        row = await passkeys.my_passkey(session, actor, passkey_id)
    tag(response, content(row, *VERSION))
    return row


@router.patch("/users/me/passkeys/{id}", response_model=PasskeyRow)
@needs(Permission.OWN_ACCOUNT)
async def rename_passkey(
    request: Request, response: Response, actor: CurrentActor, passkey_id: Id, body: PasskeyPatch
) -> object:
    """Call one of one's passkeys by another name."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, passkey_id))
        row = await passkeys.rename_passkey(session, actor, passkey_id, body.name)
    tag(response, content(row, *VERSION))
    return row


@router.delete("/users/me/passkeys/{id}", status_code=204)
@needs(Permission.OWN_ACCOUNT)
async def remove_passkey(request: Request, actor: CurrentActor, passkey_id: Id, code: SecondStep = None) -> Response:
    """Take one of one's passkeys away: nobody signs in with it any more. Whoever signs in with codes says one."""
    if actor.user_id is not None:
        await confirm_code(actor.user_id, code, source=source_of(request))
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, passkey_id))
        await passkeys.remove_passkey(session, actor, passkey_id)
    return Response(status_code=204)


async def _version(session: Session, actor: Actor, passkey_id: UUID) -> str:
    return content(await passkeys.my_passkey(session, actor, passkey_id), *VERSION)
