"""Routes: the people of the shop, one's own sign-in, keys for programs."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from liquor_app.accounts.api_keys import LONGEST_DAYS, ApiKeyRow, change_limits, create_api_key, revoke_api_key
from liquor_app.accounts.entry import two_steps
from liquor_app.accounts.entry.second_step_rule import ask_admins, asks_admins
from liquor_app.accounts.entry.two_steps import Enrolment, TwoSteps
from liquor_app.accounts.key_usage import MOST_PER_MINUTE, MOST_PER_MONTH, PER_MINUTE, PER_MONTH
from liquor_app.accounts.lists import API_KEYS, TEAM, get_api_key, list_api_keys, list_team
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.accounts.team import change_user, get_member, sign_out_user
from liquor_app.accounts.users import UserFields
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.idempotency import once_secret
from liquor_app.api.schemas import Body, Id, Patch, Row
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Forbidden
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes
from liquor_app.rest.kit.own_password import Proof, confirm_identity
from liquor_app.sending.staff_mail import add_to_team, give_new_link
from liquor_app.ui.words import figure

router = APIRouter(tags=["users"])

OF_MEMBER = ("id", "email", "full_name", "role", "is_active")
OF_KEY = ("id", "status", "per_minute", "per_month")
"""Fields that make another version of somebody, and of a key."""


class Invitation(Body):
    """Somebody to add; they choose their password by a link."""

    email: Annotated[str, Field(max_length=254)]
    full_name: Annotated[str, Field(max_length=120)] | None = None
    role: Role = Role.USER


class UserPatch(Patch):
    """A deactivated user is signed out everywhere, and keeps their name on what they did."""

    nullable: ClassVar[frozenset[str]] = frozenset({"full_name"})

    role: Role | None = None
    full_name: Annotated[str, Field(max_length=120)] | None = None
    is_active: bool | None = None


class MemberOut(Row, UserFields):
    """As the row has it."""


class GivenOut(Row):
    """`link` is to be handed to them; empty where it goes by e-mail."""

    user: MemberOut
    link: str


class AccessOut(Row):
    """What the shop asks of whoever signs in."""

    two_steps_for_admins: bool


class AccessPatch(Body):
    """What the shop asks of whoever signs in."""

    two_steps_for_admins: bool


PerMinute = Annotated[int, Field(ge=1, le=MOST_PER_MINUTE, description=f"Requests; {figure(PER_MINUTE)} if null.")]
PerMonth = Annotated[int, Field(ge=1, le=MOST_PER_MONTH, description=f"Requests; {figure(PER_MONTH)} if null.")]


class KeyIn(Body):
    """`areas`: "customers:read", "purchases:write"; left out for all the role may, and never empty. `days`: after which
    it ends."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    role: Role = Role.USER
    areas: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=40)] | None = None
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = None
    per_minute: PerMinute | None = None
    per_month: PerMonth | None = None


class KeyPatch(Patch):
    """How many requests a key may make; null for what all may."""

    nullable: ClassVar[frozenset[str]] = frozenset({"per_minute", "per_month"})

    per_minute: PerMinute | None = None
    per_month: PerMonth | None = None


class KeyOut(Row):
    """The key. It is shown here and never again."""

    key: str


Answer = Annotated[
    dict[str, Any], Field(description="What the browser returned: `PublicKeyCredential.toJSON()` (WebAuthn 3).")
]


class CodeIn(Body):
    code: Annotated[str, Field(max_length=20)]


class ProofIn(Body):
    """Asked again before the sign-in is changed: one's present password, and of whoever signs in in two steps `code`
    (of the app, or a recovery code) or `credential`, what a passkey signed of `POST /users/me/passkeys/prove`."""

    current_password: Annotated[str, Field(max_length=200)]
    code: Annotated[str, Field(max_length=20)] | None = None
    credential: Answer | None = None

    @property
    def proof(self) -> Proof:
        return Proof(self.current_password, self.code, self.credential)


class RecoveryCodes(Row):
    """Each signs in once, without the app. They are shown here and never again."""

    codes: list[str]


list_routes(router, TEAM, list_team, "The people of the shop, by address.", path="/users")


@router.post("/users", response_model=GivenOut, status_code=201)
@needs(Permission.TEAM_ADMIN)
async def invite(request: Request, actor: CurrentActor, body: Invitation) -> Response:
    """Add somebody. They get a link by e-mail to choose a password; while e-mail stays in the sandbox, the answer has
    it."""
    return await once_secret(
        request,
        key_owner(actor),
        GivenOut,
        lambda session: add_to_team(session, actor, email=body.email, role=body.role, full_name=body.full_name),
        secrets=("link",),
    )


@router.get("/settings/access", response_model=AccessOut)
@needs(Permission.APP)
async def access_rules(response: Response, actor: CurrentActor) -> object:
    """What the shop asks of whoever signs in."""
    async with transaction() as session:
        rules = {"two_steps_for_admins": await asks_admins(session, actor)}
    tag(response, content(rules))
    return rules


@router.patch("/settings/access", response_model=AccessOut)
@needs(Permission.TEAM_ADMIN)
async def change_access_rules(request: Request, response: Response, actor: CurrentActor, body: AccessPatch) -> object:
    """Ask admins to sign in in two steps: until they have set it up they act as marketers. Whoever asks has them."""
    async with transaction() as session:

        async def version() -> str:
            return content({"two_steps_for_admins": await asks_admins(session, actor)})

        await check_unchanged(session, request, version)
        await ask_admins(session, actor, body.two_steps_for_admins)
        rules = {"two_steps_for_admins": await asks_admins(session, actor)}
    tag(response, content(rules))
    return rules


@router.get("/users/me/two-steps", response_model=TwoSteps)
@needs(Permission.OWN_ACCOUNT)
async def my_two_steps(actor: CurrentActor) -> object:
    """Whether one signs in in two steps."""
    async with transaction() as session:
        return await two_steps.two_steps_of(session, actor)


@router.post("/users/me/two-steps", response_model=Enrolment, status_code=201)
@needs(Permission.OWN_ACCOUNT)
async def begin_two_steps(request: Request, actor: CurrentActor, body: ProofIn) -> object:
    """A new secret for one's app, as text and as the address a QR code holds; confirm it with a code."""
    user = await confirm_identity(request, actor, body.proof)
    return await once_secret(
        request,
        key_owner(actor),
        Enrolment,
        lambda session: two_steps.begin_enrolment(session, actor, user.email),
        secrets=("secret",),
    )


@router.post("/users/me/two-steps/confirm", response_model=RecoveryCodes)
@needs(Permission.OWN_ACCOUNT)
async def confirm_two_steps(actor: CurrentActor, body: CodeIn) -> object:
    """Turn two steps on with a code of the new secret."""
    async with transaction() as session:
        return {"codes": await two_steps.confirm_enrolment(session, actor, body.code)}


@router.post("/users/me/two-steps/off", status_code=204)
@needs(Permission.OWN_ACCOUNT)
async def end_my_two_steps(request: Request, actor: CurrentActor, body: ProofIn) -> Response:
    """Turn one's own two steps off: the password and a code, a recovery code or a passkey are asked for."""
    user = await confirm_identity(request, actor, body.proof)
    async with transaction() as session:
        await two_steps.end_two_steps(session, actor, user.id)
    return Response(status_code=204)


@router.get("/users/{id}", response_model=MemberOut)
@needs(Permission.TEAM_ADMIN)
async def member(response: Response, actor: CurrentActor, user_id: Id) -> object:
    """One of the shop's people."""
    async with transaction() as session:
        row = await get_member(session, actor, user_id)
    tag(response, content(row, *OF_MEMBER))
    return row


@router.patch("/users/{id}", response_model=MemberOut)
@needs(Permission.TEAM_ADMIN)
async def change(request: Request, response: Response, actor: CurrentActor, user_id: Id, body: UserPatch) -> object:
    """Change somebody's role or name, deactivate or activate them. The shop keeps one admin at least."""
    async with transaction() as session:

        async def version() -> str:
            return content(await get_member(session, actor, user_id), *OF_MEMBER)

        await check_unchanged(session, request, version)
        row = await change_user(session, actor, user_id, body.model_dump(exclude_unset=True))
    tag(response, content(row, *OF_MEMBER))
    return row


@router.post("/users/{id}/link", response_model=GivenOut, status_code=201)
@needs(Permission.TEAM_ADMIN)
async def new_link(request: Request, actor: CurrentActor, user_id: Id, by_mail: bool = True) -> Response:
    """A new link to choose a password, which ends those before; by e-mail where it leaves the house, unless `by_mail`
    is false: then the answer has it, to be handed over."""
    return await once_secret(
        request,
        key_owner(actor),
        GivenOut,
        lambda session: give_new_link(session, actor, user_id, by_mail=by_mail),
        secrets=("link",),
    )


@router.post("/users/{id}/sign-out", status_code=204)
@needs(Permission.TEAM_ADMIN)
async def sign_out(actor: CurrentActor, user_id: Id) -> Response:
    """End every session and token of somebody."""
    async with transaction() as session:
        await sign_out_user(session, actor, user_id)
    return Response(status_code=204)


@router.post("/users/{id}/two-steps/off", status_code=204)
@needs(Permission.TEAM_ADMIN)
async def end_two_steps(actor: CurrentActor, user_id: Id) -> Response:
    """Turn two steps off for somebody who lost their device and the recovery codes."""
    if user_id == actor.user_id:
        raise Forbidden("Turn your own off on your profile: it asks for the password and a code.")
    async with transaction() as session:
        await two_steps.end_two_steps(session, actor, user_id)
    return Response(status_code=204)


list_routes(router, API_KEYS, list_api_keys, "Keys of programs, the newest first.", path="/api-keys")


@router.post("/api-keys", response_model=KeyOut, status_code=201)
@needs(Permission.KEYS_ADMIN)
async def make_key(request: Request, actor: CurrentActor, body: KeyIn) -> Response:
    """A new key. The answer is the only time it is shown."""

    async def work(session: Session) -> dict[str, str]:
        return {"key": await create_api_key(session, actor, **{**body.model_dump(), "areas": body.areas or ()})}

    return await once_secret(request, key_owner(actor), KeyOut, work, secrets=("key",))


@router.get("/api-keys/{id}", response_model=ApiKeyRow)
@needs(Permission.KEYS_ADMIN)
async def get_key(response: Response, actor: CurrentActor, key_id: Id) -> object:
    """One key: what it is good for, what it may ask, and what it asked this month."""
    async with transaction() as session:
        row = await get_api_key(session, actor, key_id)
    tag(response, content(row, *OF_KEY))
    return row


@router.patch("/api-keys/{id}", response_model=ApiKeyRow)
@needs(Permission.KEYS_ADMIN)
async def change_key(request: Request, response: Response, actor: CurrentActor, key_id: Id, body: KeyPatch) -> object:
    """Change how many requests a key may make."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _key_version(session, actor, key_id))
        await change_limits(session, actor, key_id, body.model_dump(exclude_unset=True))
        row = await get_api_key(session, actor, key_id)
    tag(response, content(row, *OF_KEY))
    return row


async def _key_version(session: Session, actor: Actor, key_id: UUID) -> str:
    return content(await get_api_key(session, actor, key_id), *OF_KEY)


@router.delete("/api-keys/{id}", status_code=204)
@needs(Permission.KEYS_ADMIN)
async def end_key(request: Request, actor: CurrentActor, key_id: Id) -> Response:
    """Revoke a key, at once and for good."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _key_version(session, actor, key_id))
        await revoke_api_key(session, actor, key_id)
    return Response(status_code=204)
