"""A claimed message's final body, from template, customer, offer and brand. Pure, once its material is loaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.edit_offer import copy_values
from liquor_app.actions.offers import facts_of
from liquor_app.compliance.legal_rules import Rules
from liquor_app.compliance.may_offer import may_offer, offer_law
from liquor_app.compliance.may_send import BlockReason
from liquor_app.compliance.offer_words import seen_words
from liquor_app.compliance.service import load_rules
from liquor_app.compliance.true_subjects import is_true_on
from liquor_app.core.errors import Invalid
from liquor_app.organization.models import Channel
from liquor_app.organization.service import BRAND_COLUMNS, BrandRow, default_brand
from liquor_app.organization.settings import ComplianceSettings, load_settings
from liquor_app.organization.shop_identity import missing_identity
from liquor_app.providers.kit.base import OutgoingMessage
from liquor_app.providers.kit.message_bodies import Body, Filled, Stencil, Whole
from liquor_app.sending.pipeline.claim import Claimed, Stop
from liquor_app.sending.pipeline.eligibility_facts import last_day_of
from liquor_app.sending.pipeline.stencil import Facts, Stencils, own_values
from liquor_app.sending.pipeline.stored_bodies import own_pages
from liquor_app.sending.tracking.links import Tracker
from liquor_app.sending.tracking.short_links import Shortened, shorten
from liquor_app.templates.custom_copy import MAX_SUBJECT, Copy, copy_subject, render_copy
from liquor_app.templates.rendering.brand_header import masthead_of
from liquor_app.templates.rendering.render import Legal, unsubscribe_headers
from liquor_app.templates.rendering.variables import OWN_WORDS, OfferFacts, Recipient
from liquor_app.templates.template_catalog import (
    NO_SLOT,
    Catalog,
    CurrentTemplate,
    approved_versions,
    load_catalog,
)

log = logging.getLogger(__name__)

NO_TEMPLATE = "no_template"
CANNOT_RENDER = "cannot_render"
UNTRUE_SUBJECT = "untrue_subject"


@dataclass(frozen=True, slots=True)
class Material:
    """What messages are made of, loaded once and used for many."""

    catalog: Catalog
    approved: Mapping[UUID, CurrentTemplate]
    """The versions that campaigns under way were approved with."""
    brands: Mapping[UUID | None, BrandRow]
    disclaimer: str
    minimum_age: int
    rules: Rules
    """Whose offer law the finished words are held to."""
    stencils: Stencils = field(default_factory=Stencils)


@dataclass(frozen=True, slots=True)
class Composed:
    """A message ready for the fence. Its short `links` must be stored before it leaves."""

    claimed: Claimed
    outgoing: OutgoingMessage
    template_version_id: UUID
    links: tuple[Shortened, ...] = ()


async def load_material(
    session: AsyncSession, *, rules: Rules | None = None, known: Material | None = None
) -> Material:
    """Return templates in use, brands (the default one under None), and the lines the law wants; the rules as well,
    unless they were read already. What `known` has already rendered is kept: a template's version never changes."""
    compliance = await load_settings(session, ComplianceSettings)
    found = await session.execute(text(f"SELECT {', '.join(BRAND_COLUMNS)} FROM brands LIMIT 1000"))
    brands: dict[UUID | None, BrandRow] = {row.id: BrandRow(**row._mapping) for row in found}
    brands[None] = await default_brand(session)
    return Material(
        await load_catalog(session),
        await approved_versions(session),
        brands,
        compliance.disclaimer,
        compliance.minimum_age,
        rules or await load_rules(session),
        known.stencils if known else Stencils(),
    )


def compose(message: Claimed, material: Material) -> Composed | Stop:
    """Return the final body, or why there is none."""
    template = _template_of(message, material)
    if template is None:
        when = "" if message.approved_templates is None else " when the campaign was approved"
        note = f"No active {message.channel.label} template for {message.template_category}{when}."
        return _stop(message, NO_TEMPLATE, note)
    brand = material.brands.get(message.brand_id) or material.brands[None]
    sender = brand.from_email if message.channel is Channel.EMAIL else brand.sms_sender
    if not sender:
        return _stop(message, CANNOT_RENDER, f"The brand {brand.name} has no sender for {message.channel.label}.")
    if lacks := missing_identity(brand):
        return _stop(message, CANNOT_RENDER, f"The brand {brand.name} has not got {lacks} yet.")
    pages = own_pages(message.id)
    try:
        message = _on_trial(message, brand.name)
    except Invalid as problem:
        return _stop(message, CANNOT_RENDER, problem.message)
    if message.offer_terms.get(OWN_WORDS) and not template.shows_own_words:
        return _stop(message, CANNOT_RENDER, NO_SLOT.format(channel=message.channel.label))
    facts = Facts(
        Recipient(message.name, message.city, message.favourite, message.custom, message.given),
        OfferFacts(message.offer, message.message, message.offer_terms, message.coupon),
        brand,
    )
    legal = Legal(
        brand.name, brand.postal_address, brand.footer_text, material.disclaimer, material.minimum_age,
        pages.unsubscribe, pages.preferences, pages.view, masthead_of(brand), message.disclosure,
    )  # fmt: skip
    try:
        made = material.stencils.render(template, facts, legal, _tracker(message, brand))
    except Invalid as problem:
        return _stop(message, CANNOT_RENDER, problem.message)
    except Exception:
        # one message must not hold up a thousand
        log.exception("message %s cannot be rendered", message.id)
        return _stop(message, CANNOT_RENDER, "The template failed; the log says why.")
    subject = copy_subject(message.offer_terms, made.subject)
    if subject and not is_true_on(subject, message.day, last_day_of(message.offer_terms)):
        note = f"The subject “{subject[:120]}” tells a day that is not the offer's last."
        return _stop(message, UNTRUE_SUBJECT, note)
    if refused := _unlawful(message, subject, made.body, material.rules):
        return _stop(message, BlockReason.OFFER_UNLAWFUL, refused)
    body, links = made.body, tuple[Shortened, ...]()
    if message.channel is Channel.SMS:
        # whoever is counted or not: carriers want the question for the age before every page
        try:
            words, links = shorten(body.text, message.id, message.campaign_id)
        except Invalid as problem:
            return _stop(message, CANNOT_RENDER, problem.message)
        body = Whole(words)
    return Composed(
        message,
        OutgoingMessage(
            send_id=message.id,
            campaign_id=message.campaign_id,
            channel=message.channel,
            sender=sender,
            sender_name=brand.from_name,
            recipient=message.recipient,
            body=body,
            subject=subject,
            reply_to=brand.reply_to,
            headers=unsubscribe_headers(pages.unsubscribe) if message.channel is Channel.EMAIL else {},
            template_version_id=template.version_id,
        ),
        template.version_id,
        links,
    )


def _template_of(message: Claimed, material: Material) -> CurrentTemplate | None:
    """Return the version the campaign was approved with, whatever was saved since; without an approval the one in
    use."""
    if message.approved_templates is None:
        return material.catalog.get((message.channel, message.template_category))
    version = message.approved_templates.get(f"{message.channel}:{message.template_category}")
    return material.approved.get(UUID(version)) if version else None


def _on_trial(message: Claimed, brand: str) -> Claimed:
    """Return a message with the words of its variant, where it is in a test of words.

    Raises:
        Invalid: they cannot be rendered.
    """
    if message.trial_subject is None and message.trial_words is None:
        return message
    values = copy_values(message.offer, message.offer_terms, brand)
    shown = tuple((name, value) for name, value in values["offer"].items())
    if message.trial_subject is not None:
        subject = _trial_words(message.trial_subject, shown, brand)[:MAX_SUBJECT]
        return replace(message, offer_terms={**message.offer_terms, "subject": subject})
    words = _trial_words(message.trial_words or "", shown, brand)
    return replace(message, message=words, offer_terms={**message.offer_terms, OWN_WORDS: True})


@lru_cache(maxsize=2048)
def _trial_words(words: str, offer: tuple[tuple[str, str], ...], brand: str) -> str:
    return render_copy(Copy(None, words), {"offer": dict(offer), "brand": {"name": brand}}).text


def _unlawful(message: Claimed, subject: str | None, body: Body, rules: Rules) -> str:
    """Tell why the law of the licence forbids a finished message: whatever template, subject or field of the shop's own
    says goes out as the shop's offer, approved or not. Empty if it does not."""
    if message.licence is None or not offer_law(message.licence, message.day, rules):
        return ""
    own = facts_of(message.offer_terms)
    for words in (subject or "", *_words_of(body)):
        refused = may_offer(replace(own, words=words, is_whole=True), message.licence, message.day, rules)
        if refused is not None:
            return refused.detail
    return ""


def _words_of(body: Body) -> tuple[str, ...]:
    """Return what a body says: of a stencil what all share, read once, and what is one recipient's own."""
    if isinstance(body, Filled):
        return (*_shared_words(body.stencil), " · ".join(own_values(body).values()))
    return body.text, seen_words(body.html) if body.html else ""


@lru_cache(maxsize=512)
def _shared_words(stencil: Stencil) -> tuple[str, str]:
    return " … ".join(stencil.text[::2]), seen_words(" … ".join(stencil.html[::2]))


def _tracker(message: Claimed, brand: BrandRow) -> Tracker | None:
    """Tell what the brand and the customer let us track of an e-mail."""
    if message.channel is not Channel.EMAIL or message.no_tracking or not (brand.track_clicks or brand.track_opens):
        return None
    return Tracker(message.id, clicks=brand.track_clicks, opens=brand.track_opens)


def _stop(message: Claimed, reason: str, note: str) -> Stop:
    return Stop(message.id, reason, note, None, message.customer_id, message.campaign_id)
