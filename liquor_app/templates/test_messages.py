"""Test messages: a template, or a channel, tried on oneself.

A test goes to the person who asks and to nobody else, is marked as a test, has no row in the ledger and no event, so
it counts nowhere. It is prepared in a transaction and handed over outside of any, like every other message.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.accounts.users import get_user
from liquor_app.api.http_rate_limit import limit
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.security.crypto import sign
from liquor_app.customers.addresses import address_hash, normalise_email, normalise_phone
from liquor_app.organization.models import Channel
from liquor_app.organization.service import default_brand
from liquor_app.providers.kit.base import Outcome, OutgoingMessage, SendResult
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.providers.service import Route, load_routes, open_provider
from liquor_app.templates.preview import render_source
from liquor_app.templates.rendering.render import TemplateSource
from liquor_app.templates.rendering.sms_length import GATE_PATH, replace_links
from liquor_app.templates.rendering.variables import OfferFacts

TESTS_AN_HOUR = 20
GATE = "age gate"
"""The purpose a test message's links are signed for."""
MARK = "[Test]"
HEADERS = {"X-Liquor-Test": "1"}

GREETING = {
    Channel.EMAIL: TemplateSource(
        Channel.EMAIL,
        "A test of your e-mail channel",
        "<mjml><mj-body><mj-section><mj-column><mj-text>This is a test of the e-mail channel of {{ brand.name }}. If"
        " you can read it, it works.</mj-text></mj-column></mj-section></mj-body></mjml>",
        None,
    ),
    Channel.SMS: TemplateSource(Channel.SMS, None, None, "a test of the SMS channel. If you can read it, it works."),
}
"""What is sent to try a channel rather than a template."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A test message and the way it goes. `is_sandbox`: it stays in the outbox."""

    message: OutgoingMessage
    route: Route

    @property
    def is_sandbox(self) -> bool:
        return self.route.provider == "sandbox"


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What the provider said. `outcome` is an `Outcome`."""

    outcome: str
    provider: str
    recipient: str
    detail: str | None

    @property
    def is_accepted(self) -> bool:
        return self.outcome == Outcome.ACCEPTED


async def prepare_trial(
    session: AsyncSession,
    actor: Actor,
    source: TemplateSource,
    *,
    customer_id: UUID | None = None,
    offer: OfferFacts | None = None,
    phone: str = "",
    provider: str = "",
) -> Trial:
    """Return a test message ready to leave: `hand_over_trial` it after the commit.

    Args:
        customer_id: whose name stands in it; it goes to the actor all the same.
        offer: theirs (`actions.latest_offer`); an example if there is none.
        phone: the actor's own number, for a text message; e-mail goes to the actor's account address.
        provider: tries this one, enabled or not; else the one that carries the channel now.

    Raises:
        Forbidden: the actor is not an admin, or no person.
        TooMany: twenty tests were sent within the hour.
        Unavailable: they cannot be counted, as Redis is away.
        Conflict: nobody carries the channel, or the brand has no sender for it.
        Invalid: the number is none, or a customer's; the template is not valid.
        Incomplete: nothing is known for a variable.
        NotFound: no such customer or provider.
    """
    require(actor, Permission.TEMPLATES_ADMIN)
    if actor.user_id is None:
        raise Forbidden("A test goes to a person's own address: sign in to the app to send one.")
    await limit("test-send", str(actor.user_id), allowed=TESTS_AN_HOUR, seconds=3600, is_strict=True)
    recipient = await _own_address(session, actor.user_id, source.channel, phone)
    route = await route_for(session, source.channel, provider)
    brand = await default_brand(session)
    sender = brand.from_email if source.channel is Channel.EMAIL else brand.sms_sender
    if not sender:
        raise Conflict(f"The brand {brand.name} has no sender for {source.channel.label}.")
    made, _ = await render_source(session, source, brand, customer_id=customer_id, offer=offer)
    words = made.text if source.channel is Channel.EMAIL else gated(made.text)
    message = OutgoingMessage(
        send_id=uuid7(),
        campaign_id=None,
        channel=source.channel,
        sender=sender,
        sender_name=brand.from_name,
        recipient=recipient,
        body=Whole(f"{MARK} {words}", made.html),
        subject=f"{MARK} {made.subject}" if made.subject is not None else None,
        reply_to=brand.reply_to,
        headers=HEADERS if source.channel is Channel.EMAIL else {},
    )
    await audit(
        session, actor, "message.tested", "channel", None, channel=source.channel.value, provider=route.provider
    )
    return Trial(message, route)


def gated(words: str) -> str:
    """Return a text whose links lead over the question for the age, as a customer's do. A test stands in no ledger, so
    its links are signed, and longer.

    Raises:
        Invalid: that makes it too long to send.
    """
    base = get_settings().base_url
    return replace_links(words, base, lambda place, address: f"{base}{GATE_PATH}/{sign(GATE, {'u': address})}")


async def hand_over_trial(trial: Trial) -> TrialResult:
    """Give a test to its provider, once; outside any transaction.

    Raises:
        Invalid, Conflict: the provider's stored credentials cannot be used.
    """
    carrier = open_provider(trial.route.provider, trial.route.config)
    try:
        (answer,) = await carrier.send_batch([trial.message])
    finally:
        await carrier.aclose()
    return TrialResult(answer.outcome.value, trial.route.provider, trial.message.recipient, _words(answer))


def _words(answer: SendResult) -> str | None:
    if answer.outcome is Outcome.ACCEPTED:
        return None
    return " ".join(part for part in (answer.code, answer.detail) if part) or None


async def _own_address(session: AsyncSession, user_id: UUID, channel: Channel, phone: str) -> str:
    if channel is Channel.EMAIL:
        user = await get_user(session, user_id)
        if user is None:
            raise Forbidden("This account is no longer there.")
        address = normalise_email(user.email)
    else:
        if not phone.strip():
            raise Invalid("Enter your own mobile number.", field="phone")
        address = normalise_phone(phone)
        taken = await session.execute(
            text("SELECT 1 FROM customers WHERE phone = :phone AND deleted_at IS NULL LIMIT 1"), {"phone": address}
        )
        if taken.scalar() is not None:
            raise Invalid("This is a customer's number. Tests go to yourself, never to a customer.", field="phone")
    stopped = await session.execute(
        text(
            "SELECT 1 FROM suppressions WHERE address_hash = :hash AND lifted_at IS NULL"
            " AND (channel IS NULL OR channel = :channel) LIMIT 1"
        ),
        {"hash": address_hash(address), "channel": channel.value},
    )
    if stopped.scalar() is not None:
        raise Conflict("This address is suppressed: it has asked not to be written to, or messages to it came back.")
    return address


async def route_for(session: AsyncSession, channel: Channel, provider: str = "") -> Route:
    """Return the way a single message goes: by this provider, enabled or not; else by the one that carries the channel
    now.

    Raises:
        NotFound: it is not set up for the channel.
        Conflict: nobody carries the channel.
    """
    routes = [route for route in await load_routes(session, even_closed=bool(provider)) if route.channel is channel]
    if provider:
        routes = [route for route in routes if route.provider == provider]
        if not routes:
            raise NotFound(f"{provider} is not set up for {channel.label}.")
    if not routes:
        raise Conflict(f"No enabled provider carries {channel.label} now. See Settings, Channels.")
    return routes[0]
