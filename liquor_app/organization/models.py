"""The shop itself: brands, settings, notices, saved views, outbound webhooks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import (
    choice,
    document,
    flag,
    pk,
    ref,
    stamped,
    whole,
    words,
)
from liquor_app.core.platform.named_in import named_in, names_them
from liquor_app.core.platform.personal_data import Mention, Personal
from liquor_app.core.platform.retention import Kept
from liquor_app.organization.channel import Channel as Channel  # noqa: PLC0414 - told to be ours to hand on


class Header(StrEnum):
    """What stands above every e-mail of a brand, put there by us: nothing, its logo or name, or both on its colour."""

    NONE = "none"
    PLAIN = "plain"
    BAND = "band"


class SettingsDocument(SQLModel, table=True):
    """One typed document per key (see `organization.settings`)."""

    __tablename__ = "settings"

    key: str = words(primary=True)
    value: dict[str, Any] = document(empty="{}")
    updated_at: datetime = stamped()
    updated_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)


class Brand(SQLModel, table=True):
    __tablename__ = "brands"
    __table_args__ = (Index("uq_brands_default", "is_default", unique=True, postgresql_where=text("is_default")),)

    id: UUID = pk()
    name: str = words(unique=True)
    logo_url: str | None = words(nullable=True)
    logo_alt: str = words(default="")
    header: Header = choice("header", Header, Header.NONE)
    primary_color: str = words(default="#995a07")
    website_url: str = words(default="https://shop.example.com")
    from_name: str = words()
    from_email: str = words()
    reply_to: str | None = words(nullable=True)
    sms_sender: str | None = words(nullable=True)
    postal_address: str = words()
    footer_text: str = words(default="")
    timezone: str = words(default="America/New_York")
    licence_state: str | None = words(nullable=True)
    """Two letters; None until somebody says: offers are not approved before."""
    track_clicks: bool = flag(default=True)
    track_opens: bool = flag(default=True)
    is_default: bool = flag()
    created_at: datetime = stamped()
    updated_at: datetime = stamped()


class Notification(SQLModel, table=True):
    """A notice in the bell; `user_id` null means everybody."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_user", "user_id", "created_at"),
        Index("uq_notifications_position", "position", unique=True),
    )

    id: UUID = pk()
    user_id: UUID | None = ref("users.id", nullable=True)
    level: str = words(default="info")
    title: str = words()
    body: str = words(default="")
    link: str | None = words(nullable=True)
    position: int | None = whole(nullable=True)
    """In the order in which notices could be seen, which is not that of their ids (`bell.number_notices`)."""
    created_at: datetime = stamped()


class NoticesSeen(SQLModel, table=True):
    """Up to which position a user has looked into the bell. One row a user, not one for each notice they saw."""

    __tablename__ = "notices_seen"

    user_id: UUID = ref("users.id", primary=True)
    position: int = whole()


class SavedView(SQLModel, table=True):
    """A named set of filters, sort and columns of a list page."""

    __tablename__ = "saved_views"
    # what is everybody's has no owner, and its name once, too
    __table_args__ = (UniqueConstraint("page", "name", "user_id", postgresql_nulls_not_distinct=True),)

    id: UUID = pk()
    page: str = words()
    name: str = words()
    query: dict[str, Any] = document(empty="{}")
    user_id: UUID | None = ref("users.id", nullable=True)
    created_at: datetime = stamped()


class GuidanceVersion(SQLModel, table=True):
    """What binds every engine and every person (`organization.guidance`). Versions are only added: a plan names the
    one it was made under."""

    __tablename__ = "guidance_versions"

    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    document: dict[str, Any] = document(empty="{}")
    created_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)
    created_by_name: str = words(default="")
    created_at: datetime = stamped()


KEPT = (Kept("notifications", "created_at", 90),)
"""How long rows are kept."""

_TOLD, _LINKED = (names_them(f"concat_ws(' ', title, body{more})", ":words") for more in ("", ", link"))
_SAVED = names_them("concat_ws(' ', name, query)", ":words")
PERSONAL = (
    Personal(
        "notifications",
        rows=f"SELECT title, body, created_at FROM notifications WHERE {_TOLD} OR"
        " split_part(link, '/', 3) = ANY(CAST(CAST(:people AS uuid[]) AS text[]))",
        scrub=f"DELETE FROM notifications WHERE {_LINKED} OR split_part(link,"
        " '/', 3) = ANY(CAST(CAST(:people AS uuid[]) AS text[]))",
    ),
    Personal(
        "saved_views",
        rows=f"SELECT page, name, query, created_at FROM saved_views WHERE {_SAVED}"
        " OR lower(query ->> 'search') = ANY(:names)",
        scrub=f"DELETE FROM saved_views WHERE {_SAVED} OR lower(query ->> 'search') = ANY(:names)",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    Mention(
        "brands",
        rows="SELECT id, name FROM brands WHERE concat_ws(' ', name, logo_url, logo_alt, website_url, from_name,"
        " from_email, reply_to, sms_sender, postal_address, footer_text) ~* :named ORDER BY name",
        link="/settings/brand",
    ),
    Mention(
        "settings",
        rows="SELECT key AS id, key AS name FROM settings WHERE CAST(value AS text) ~* :named ORDER BY key",
        link="/settings",
    ),
    named_in("guidance_versions", (), ("document",), key="version", name="'Guidance, version ' || version"),
)
"""Where the shop's own words may name somebody."""
