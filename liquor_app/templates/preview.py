"""What a template, saved or not, looks like: for an example or for one customer. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.config import get_settings
from liquor_app.core.errors import NotFound
from liquor_app.customers.labels.custom_values import custom_of
from liquor_app.customers.merging.gone_profiles import why_gone
from liquor_app.organization.models import Channel
from liquor_app.organization.service import BrandRow, default_brand
from liquor_app.organization.settings import ComplianceSettings, load_settings
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.rendering.brand_header import masthead_of
from liquor_app.templates.rendering.compile_sandboxed import COMPILING
from liquor_app.templates.rendering.render import (
    CLIPPED_AT,
    Incomplete,
    Legal,
    Rendered,
    TemplateSource,
    compile_template,
    render_message,
)
from liquor_app.templates.rendering.sms_length import CODE_LENGTH, CODE_LETTERS, sms_size, with_short_links
from liquor_app.templates.rendering.variables import (
    VARIABLES,
    Context,
    OfferFacts,
    Recipient,
    brand_context,
    build_context,
    example_context,
)
from liquor_app.templates.service import CONTENT, TemplateRow, get_template
from liquor_app.templates.staff_copy import harmless
from liquor_app.templates.template_catalog import load_catalog

EXAMPLE_LINK = "https://example.com/unsubscribe"


@dataclass(frozen=True)
class PreviewFields:
    """What a template was made into."""

    subject: str | None
    html: str | None
    text: str
    encoding: str | None
    units: int
    limit: int
    segments: int
    html_bytes: int
    is_clipped: bool


@dataclass(frozen=True, slots=True)
class Preview(PreviewFields):
    """A rendered template. `segments` and `encoding` are those of a text message, its links short as they will be sent;
    `is_clipped` means that Gmail would hide the end of the e-mail; `missing` names variables that stand in it as
    `[name]`, because nothing is known for this customer: the message would not be sent."""

    sender: str = ""
    missing: tuple[str, ...] = ()


def source_of(row: TemplateRow, changes: Mapping[str, str | None] | None = None) -> TemplateSource:
    """Tell what a stored template is made from, with `changes` (by names of `CONTENT`) on top."""
    subject, html, words = ((changes or {}).get(name, getattr(row, name)) for name in CONTENT)
    return TemplateSource(Channel(row.channel), subject, html, words)


async def preview_stored(
    session: AsyncSession,
    actor: Actor,
    template_id: UUID,
    *,
    customer_id: UUID | None = None,
    offer: OfferFacts | None = None,
) -> Preview:
    """Tell what a template looks like as it is stored, for a customer and their `offer`; gaps are shown as `[name]`.

    Raises:
        Forbidden: the actor may not read customers.
        NotFound: no such template or customer.
        Invalid: it cannot be rendered; `field` names the part.
    """
    if customer_id is not None:
        require(actor, Permission.CUSTOMERS_READ)
    source = source_of(await get_template(session, actor, template_id))
    return await _preview(session, source, customer_id=customer_id, offer=offer, show_gaps=True)


async def preview_draft(
    session: AsyncSession,
    actor: Actor,
    source: TemplateSource,
    *,
    customer_id: UUID | None = None,
    offer: OfferFacts | None = None,
    show_gaps: bool = False,
) -> Preview:
    """Tell what the actor's own words would look like for a customer.

    Args:
        offer: the customer's (`actions.latest_offer`); an example if there is none.
        show_gaps: put `[name]` where nothing is known, instead of raising.

    Raises:
        Forbidden: the actor may not edit templates; whoever may not store a source has none compiled.
        NotFound: no such customer.
        Incomplete: variables this customer has no value for; all are named.
        Invalid: not valid Liquid or MJML; `field` names the part.
    """
    require(actor, Permission.TEMPLATES_ADMIN)
    if customer_id is not None:
        require(actor, Permission.CUSTOMERS_READ)
    return await _preview(session, source, customer_id=customer_id, offer=offer, show_gaps=show_gaps)


async def _preview(
    session: AsyncSession,
    source: TemplateSource,
    *,
    customer_id: UUID | None,
    offer: OfferFacts | None,
    show_gaps: bool,
) -> Preview:
    brand = await default_brand(session)
    made, missing = await render_source(
        session, source, brand, customer_id=customer_id, offer=offer, show_gaps=show_gaps
    )
    is_email = source.channel is Channel.EMAIL
    words = made.text
    if not is_email:
        # as it will be sent: a short link has the same length for everybody
        words = with_short_links(made.text, get_settings().base_url, lambda place, url: CODE_LETTERS[:CODE_LENGTH])
    size, weight = sms_size(words) if made.size else None, len((made.html or "").encode())
    return Preview(
        subject=made.subject,
        html=made.html,
        text=words,
        encoding=size.encoding if size else None,
        units=size.units if size else 0,
        limit=size.limit if size else 0,
        segments=size.segments if size else 0,
        html_bytes=weight,
        is_clipped=weight > CLIPPED_AT,
        sender=f"{brand.from_name} <{brand.from_email}>" if is_email else brand.sms_sender or "",
        missing=missing,
    )


async def render_source(
    session: AsyncSession,
    source: TemplateSource,
    brand: BrandRow,
    *,
    customer_id: UUID | None = None,
    offer: OfferFacts | None = None,
    show_gaps: bool = False,
) -> tuple[Rendered, tuple[str, ...]]:
    """Return the message as staff may have it (`staff_copy.harmless`), and the variables filled with `[name]`.

    Raises:
        NotFound, Incomplete, Invalid: as `preview_template`.
    """
    compiled = await COMPILING.run(compile_template, source)
    compliance = await load_settings(session, ComplianceSettings)
    context = {**example_context(), **brand_context(brand)}
    if customer_id is not None:
        context = build_context(await _recipient(session, customer_id), offer or _EXAMPLE_OFFER, brand)
    legal = Legal(
        brand.name, brand.postal_address, brand.footer_text, compliance.disclaimer, compliance.minimum_age,
        EXAMPLE_LINK, masthead=masthead_of(brand),
    )  # fmt: skip
    missing: tuple[str, ...] = ()
    try:
        made = await COMPILING.run(render_message, compiled, context, legal)
    except Incomplete as gaps:
        if not show_gaps:
            raise
        missing = tuple(gaps.missing)
        made = await COMPILING.run(render_message, compiled, _filled(context, gaps.missing), legal)
    subject, html, words = harmless(made.subject, made.html, made.text, get_settings().base_url)
    return replace(made, subject=subject, html=html, text=words), missing


def _filled(context: Context, missing: list[str]) -> Context:
    """With `[name]` for what is not known; a group that is no group stays as it is."""
    made = dict(context)
    for path in missing:
        group, _, name = path.partition(".")
        if not name:
            made[group] = f"[{path}]"
        elif isinstance(inside := made.get(group, {}), dict):
            made[group] = {**inside, name: f"[{path}]"}
    return made


async def _recipient(session: AsyncSession, customer_id: UUID) -> Recipient:
    found = await session.execute(
        text(
            "SELECT name, first_name, city, primary_category, raw_data FROM customers"
            " WHERE id = :id AND deleted_at IS NULL"
        ),
        {"id": customer_id},
    )
    row = found.first()
    if row is None:
        raise NotFound(await why_gone(session, customer_id))
    return Recipient(row.name, row.city, row.primary_category, custom_of(row.raw_data), row.first_name)


_EXAMPLE_OFFER = OfferFacts(
    "10% off your favourites",
    "It has been a while. 10% off your favourites, until 29 November.",
    {"name": "Favourite category", "discount_pct": "10", "expires_on": "2026-11-29"},
    VARIABLES["offer.code"],
)


async def preview_brand(session: AsyncSession, actor: Actor, brand: BrandRow) -> Preview:
    """Tell how an e-mail of the shop's would look under a brand as it is, or as somebody is about to make it.

    Raises:
        Forbidden: the actor may not edit brands.
        Invalid: the template in use cannot be rendered.
    """
    require(actor, Permission.TEMPLATES_ADMIN)
    catalog = await load_catalog(session)
    current = catalog.get((Channel.EMAIL, "win_back"))
    source = current.source if current else _shipped()
    made, missing = await render_source(session, source, brand, show_gaps=True)
    sender = f"{brand.from_name} <{brand.from_email}>"
    weight = len((made.html or "").encode())
    return Preview(made.subject, made.html, made.text, None, 0, 0, 0, weight, weight > CLIPPED_AT, sender, missing)


def _shipped() -> TemplateSource:
    first = default_templates()[0]
    return TemplateSource(first.channel, first.subject, first.html, first.text)
