"""Mail to the people of the shop: the link of an invitation, or for choosing another password; and what changed of
their account.

A link is made by the job that mails it, so its token stands in no row and no queue. While e-mail stays in the house
(the sandbox, whose letters managers can read) none is mailed: an admin is shown it, or told that somebody asks for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.entry.access_links import make_link
from liquor_app.accounts.entry.told_changes import Told
from liquor_app.accounts.models import LinkKind, Role
from liquor_app.accounts.permissions import Actor
from liquor_app.accounts.team import invite_user, renew_link
from liquor_app.accounts.users import UserRow, get_user
from liquor_app.core.config import get_settings
from liquor_app.core.errors import AppError
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue
from liquor_app.organization.channel import Channel
from liquor_app.organization.sending_switch import load_sending_switch
from liquor_app.organization.service import BrandRow, default_brand, notify
from liquor_app.organization.settings import ComplianceSettings, load_settings, shop_now
from liquor_app.organization.shop_identity import missing_identity
from liquor_app.providers.kit.base import Attachment, OutgoingMessage
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.templates.rendering.brand_header import masthead_of
from liquor_app.templates.rendering.render import Legal, Notice, render_notice
from liquor_app.templates.test_messages import Trial, route_for
from liquor_app.ui.words import show_moment

_FIND = "SELECT id FROM users WHERE lower(email) = :email AND is_active"
_ADMINS = "SELECT id FROM users WHERE role = 'admin' AND is_active AND password_hash <> '' ORDER BY id LIMIT 50"
_RECENT = (
    "SELECT EXISTS (SELECT FROM access_links WHERE user_id = :user AND created_at > now() - interval '10 minutes')"
)
HELP = "Somebody cannot sign in"
NOT_YOU = "If it was neither you nor somebody you asked: choose another password, and tell an admin of the shop."
_RUNG = f"""
SELECT EXISTS (SELECT FROM notifications WHERE title = '{HELP}' AND starts_with(body, :body)
                  AND created_at > now() - interval '1 hour')
"""


@dataclass(frozen=True, slots=True)
class Given:
    """Somebody who may choose a password. `link` is theirs to be handed; empty where it goes to them by e-mail."""

    user: UserRow
    link: str


def link_address(token: str) -> str:
    """Return the address of a link."""
    return f"{get_settings().base_url}/welcome?token={quote(token)}"


async def add_to_team(
    session: AsyncSession, actor: Actor, *, email: str, role: Role, full_name: str | None = None
) -> Given:
    """Add somebody, and have them asked by e-mail to choose a password; else return the link to hand them.

    Raises:
        Forbidden, Conflict, Invalid: see `invite_user`.
    """
    user, token = await invite_user(session, actor, email=email, role=role, full_name=full_name)
    return await _given(session, user, LinkKind.INVITATION, token)


async def give_new_link(session: AsyncSession, actor: Actor, user_id: UUID, *, by_mail: bool = True) -> Given:
    """Let somebody choose a password anew, as `add_to_team` does.

    Args:
        by_mail: where it can be; else the link is returned in any case.

    Raises:
        Forbidden, NotFound, Conflict: see `renew_link`.
    """
    user, kind, token = await renew_link(session, actor, user_id)
    return await _given(session, user, kind, token) if by_mail else Given(user, link_address(token))


async def ask_for_reset(session: AsyncSession, email: str) -> None:
    """Somebody who is not signed in says that they forgot their password. Says nothing of whether there is such a user;
    asked again within ten minutes, nothing more happens. A corridor: whoever calls is a stranger."""
    found = await session.execute(text(_FIND), {"email": email.strip().lower()[:254]})
    user_id = found.scalar()
    if user_id is None or (await session.execute(text(_RECENT), {"user": user_id})).scalar_one():
        return
    if await mails_links(session):
        await _mail(session, user_id, LinkKind.RESET)
        return
    if (await session.execute(text(_RUNG), {"body": f"{email.strip().lower()[:254]} "})).scalar_one():
        return
    user = await get_user(session, user_id)
    asks = f"{user.email if user else ''} asks for a new password."
    await _tell_admins(session, HELP, f"{asks} If it is them who ask, give them a new link.")


async def tell_unmailed(session: AsyncSession, user_id: UUID, detail: str | None) -> None:
    """Tell admins that a link did not leave, and what they can do. A corridor, for the job."""
    user = await get_user(session, user_id)
    if user is None:
        return
    await _tell_admins(
        session,
        "A link to sign in was not mailed",
        f"{user.email} did not get it: {detail or 'the provider took nothing'}. Show a new link, and hand it to them.",
    )


async def _tell_admins(session: AsyncSession, title: str, body: str) -> None:
    for admin in (await session.execute(text(_ADMINS))).scalars().all():
        await notify(session, title=title, body=body, link="/settings/users", level="warning", user_id=admin)


async def prepare_access_mail(session: AsyncSession, actor: Actor, user_id: UUID, kind: LinkKind) -> Trial | None:
    """Return the mail with a new link, ready to leave; None if it is not to be sent any more. A corridor, for the job.

    Raises:
        Conflict, NotFound: nobody carries e-mail, or the brand has no sender for it.
    """
    user = await get_user(session, user_id)
    if user is None or not user.is_active or not await mails_links(session):
        return None
    brand = await default_brand(session)
    token = await make_link(session, user.id, kind)
    await audit(session, actor, "user.link_mailed", "user", user.id, kind=kind.value)
    return await staff_letter(session, brand, user.email, _notice(brand.name, kind, link_address(token)))


async def tell_account_change(
    session: AsyncSession, user_id: UUID, told: Told, *, by: str, ip: str | None, at: datetime
) -> Trial | None:
    """Tell somebody of a change of their account: the bell rings now, and the mail that says the same is returned,
    ready to leave; None where e-mail stays in the house, or they were let go. A corridor, for the job.

    Args:
        by, ip, at: who made the change, from which address and when; empty for whoever is signed in as them.
    """
    user = await get_user(session, user_id)
    if user is None or not user.is_active:
        return None
    moment = show_moment(at, await shop_now(session))
    done = f"Done {f'by {by}' if by else 'in your name'}, {moment}{f', from {ip}' if ip else ''}."
    await notify(
        session, title=told.title, body=f"{told.words} {done}", link=told.link, level="warning", user_id=user.id
    )
    if not await mails_links(session):
        return None
    brand, page = await default_brand(session), f"{get_settings().base_url}{told.link}"
    words = f"This is about how you sign in to {brand.name}. {told.words} {done}"
    return await staff_letter(session, brand, user.email, Notice(told.title, words, "Look at it", page, NOT_YOU, ""))


async def staff_letter(
    session: AsyncSession, brand: BrandRow, address: str, notice: Notice, *, attachments: tuple[Attachment, ...] = ()
) -> Trial:
    """Return a mail to one of the shop's people, and the way it goes. A corridor.

    Raises:
        Conflict, NotFound: there is none.
    """
    compliance = await load_settings(session, ComplianceSettings)
    legal = Legal(
        brand.name, brand.postal_address, brand.footer_text, "", compliance.minimum_age, "", masthead=masthead_of(brand)
    )
    made = render_notice(Channel.EMAIL, notice, legal)
    message = OutgoingMessage(
        send_id=uuid7(), campaign_id=None, channel=Channel.EMAIL, sender=brand.from_email or "",
        sender_name=brand.from_name, recipient=address, body=Whole(made.text, made.html), subject=made.subject,
        reply_to=brand.reply_to, headers={"Auto-Submitted": "auto-generated"}, attachments=attachments,
    )  # fmt: skip
    return Trial(message, await route_for(session, Channel.EMAIL))


def _notice(shop: str, kind: LinkKind, link: str) -> Notice:
    if kind is LinkKind.INVITATION:
        return Notice(
            f"You were added to {shop}",
            f"Choose a password, and you are in: {shop} plans and sends its messages here.", "Choose a password", link,
            "You get this because an admin of the shop added you. The link is good for 7 days.", "",
        )  # fmt: skip
    return Notice(
        "Choose another password", f"Somebody, hopefully you, asked to sign in to {shop} without the password.",
        "Choose another password", link,
        "If it was not you, do nothing: the password stays as it is. The link is good for 2 hours.", "",
    )  # fmt: skip


async def _given(session: AsyncSession, user: UserRow, kind: LinkKind, token: str) -> Given:
    if not await mails_links(session):
        return Given(user, link_address(token))
    await _mail(session, user.id, kind)
    return Given(user, "")


async def _mail(session: AsyncSession, user_id: UUID, kind: LinkKind) -> None:
    told = {"user_id": str(user_id), "kind": kind.value}
    await enqueue(session, Job.MAIL_ACCESS_LINK, told, dedupe_key=f"{user_id} {kind.value}")


async def mails_links(session: AsyncSession) -> bool:
    """Tell whether links go out by a provider now. A corridor."""
    if (await load_sending_switch(session)).stopped:
        return False
    try:
        if missing_identity(await default_brand(session)):
            return False
        return (await route_for(session, Channel.EMAIL)).provider != "sandbox"
    except AppError:
        return False
