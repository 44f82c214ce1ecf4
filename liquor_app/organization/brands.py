"""Brands by hand: how they look, who they write as, and whether they count opens and clicks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import time_zones
from liquor_app.core.errors import Invalid, Taken
from liquor_app.core.storable_text import said
from liquor_app.organization.brand_assets import COLOR, READABLE, contrast, is_safe_logo
from liquor_app.organization.form_mistakes import Mistakes
from liquor_app.organization.models import Header
from liquor_app.organization.service import BRAND_COLUMNS, BrandRow, default_brand, get_brand
from liquor_app.organization.settings import GeneralSettings, load_settings, save_settings
from liquor_app.organization.shop_identity import UNNAMED
from liquor_app.organization.us_states import STATES
from liquor_app.ui.words import figure

MAX_BRANDS = 1000

_LIMITS: Mapping[str, int] = {
    "name": 80, "logo_url": 2000, "logo_alt": 120, "primary_color": 7, "website_url": 2000, "from_name": 80,
    "from_email": 254, "reply_to": 254, "sms_sender": 20, "postal_address": 300, "footer_text": 500, "timezone": 60,
    "licence_state": 2,
}  # fmt: skip
_FLAGS = ("track_clicks", "track_opens")
_NEEDED = frozenset(
    {"name", "primary_color", "website_url", "from_name", "from_email", "postal_address", "timezone", "licence_state"}
)
_WHY_NEEDED = {"licence_state": "Say which state gave the licence: its law binds every offer."}
EDITABLE = frozenset({*_LIMITS, *_FLAGS, "header"})

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SMS_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{5,6}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}|MG[0-9a-f]{32}")


async def list_brands(session: AsyncSession, actor: Actor) -> list[BrandRow]:
    """Return every brand, the default one first."""
    require(actor, Permission.BRANDS_READ)
    found = await session.execute(
        text(f"SELECT {', '.join(BRAND_COLUMNS)} FROM brands ORDER BY is_default DESC, name LIMIT {MAX_BRANDS}")
    )
    return [BrandRow(**row) for row in found.mappings()]


async def update_brand(
    session: AsyncSession, actor: Actor, brand_id: UUID | None, changes: Mapping[str, Any]
) -> BrandRow:
    """Change a brand, the default one for None; audited with what it was before.

    Messages already made keep the look they have; the next ones follow.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is no such brand.
        Invalid: an unknown field, or one that cannot be as it is; `field` names it.
        Conflict: the name is taken.
    """
    require(actor, Permission.SETTINGS_ADMIN)
    before = await get_brand(session, brand_id)
    values = clean_brand(changes)
    changed = {name: value for name, value in values.items() if value != getattr(before, name)}
    if not changed:
        return before
    sets = ", ".join(f"{name} = :{name}" for name in changed)
    try:
        async with session.begin_nested():
            await session.execute(
                text(f"UPDATE brands SET {sets}, updated_at = now() WHERE id = :id"), {**changed, "id": before.id}
            )
    except IntegrityError as error:
        raise Taken(f"There is a brand called {changed.get('name')!r} already.", field="name") from error
    session.expire_all()
    general = await load_settings(session, GeneralSettings)
    is_default = (await default_brand(session)).id == before.id
    if is_default and "name" in changed and general.organization_name == UNNAMED:  # named once, here
        await save_settings(session, actor, GeneralSettings, {"organization_name": changed["name"]})
    old = {name: getattr(before, name) for name in changed}
    await audit_change(session, actor, "brand.changed", "brand", before.id, before=old, after=changed, plain=changed)
    return await get_brand(session, before.id)


def clean_brand(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what was typed, as it is kept. Pure.

    Raises:
        Invalid: an unknown field, or one that cannot be as it is.
    """
    values: dict[str, Any] = {}
    mistakes = Mistakes()
    for name, given in changes.items():
        with mistakes.noted():
            values[name] = _clean(name, given)
    mistakes.refuse()
    return values


def _clean(name: str, given: object) -> str | bool | None:
    if name not in EDITABLE:
        raise Invalid(f"{name} is not a field of a brand", field=name)
    if name in _FLAGS:
        if not isinstance(given, bool):
            raise Invalid(f"{name} must be true or false", field=name)
        return given
    if name == "header":
        if given not in set(Header):
            raise Invalid(f"header must be one of {', '.join(Header)}", field=name)
        return str(given)
    return _text(name, given)


def _text(name: str, given: object) -> str | None:
    value = said(str(given if given is not None else ""))
    if not all(letter.isprintable() or (letter == "\n" and name == "footer_text") for letter in value):
        raise Invalid(f"{name} must not hold control characters or line breaks", field=name)
    if len(value) > _LIMITS[name]:
        raise Invalid(f"{name} must have at most {figure(_LIMITS[name])} characters", field=name)
    if not value:
        if name in _NEEDED:
            raise Invalid(_WHY_NEEDED.get(name, "This is needed: it stands in every message."), field=name)
        return "" if name in ("logo_alt", "footer_text") else None
    if name == "licence_state":
        value = value.upper()
    _check(name, value)
    return value


def _check(name: str, value: str) -> None:
    words = ""
    match name:
        case "logo_url" if not is_safe_logo(value):
            words = "A logo needs an address that begins with https://; mail programs show no other."
        case "primary_color" if COLOR.fullmatch(value) is None:
            words = "A colour is a # and six hexadecimal digits, such as #995a07."
        case "primary_color" if (seen := contrast(value, "#ffffff")) < READABLE:
            words = f"White words on it read {figure(seen, 1)} to 1; {READABLE} is the least. Take a darker one."
        case "website_url" if not _is_website(value):
            words = "Give the whole address, such as https://shop.example.com."
        case "from_email" | "reply_to" if _ADDRESS.fullmatch(value) is None:
            words = "This is not an e-mail address."
        case "sms_sender" if _SMS_SENDER.fullmatch(value) is None:
            words = "A number such as +12075550100, a short code, or up to 11 letters and digits."
        case "postal_address" if len(value) < 10:
            words = "The law wants a whole postal address: street, town, state, code."
        case "licence_state" if value not in STATES:
            words = "The state that gave the licence, as two letters, such as ME."
        case "timezone" if value not in time_zones():
            words = "A time zone is a name such as America/New_York."
    if words:
        raise Invalid(words, field=name)


def _is_website(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "." in parts.netloc and not set(value) & set(" \"'<>")
