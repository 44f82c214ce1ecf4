"""Sign-up pages, their wordings, who signed up and has not confirmed yet, and what became of it by day."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import (
    blob,
    choice,
    document,
    flag,
    pk,
    plain_uuid,
    ref,
    stamped,
    texts,
    whole,
    words,
)
from liquor_app.core.platform.personal_data import Mention, Personal
from liquor_app.core.states import Transitions
from liquor_app.organization.models import Channel


class SignUpPage(SQLModel, table=True):
    """A brand's page. `slug` stands in its address and on printed sheets: it is made once and never changes.
    `origins` are the web sites that may show the page in a frame."""

    __tablename__ = "sign_up_pages"

    brand_id: UUID = ref("brands.id", primary=True)
    slug: str = words(unique=True)
    is_open: bool = flag()
    origins: list[str] = texts()
    created_at: datetime = stamped()


class SignUpWording(SQLModel, table=True):
    """What people were told and ticked, by version; never rewritten: consents refer to it."""

    __tablename__ = "sign_up_wordings"
    __table_args__ = (UniqueConstraint("brand_id", "version"),)

    id: UUID = pk()
    brand_id: UUID = ref("brands.id")
    version: int = whole(default=None)
    told: dict[str, Any] = document(empty="{}")
    """Of a `consent_wording.Wording`."""
    written_by: str = words(default="")
    created_at: datetime = stamped()


class SignUpStatus(StrEnum):
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    """They said no, or that they are too young, or confirmed another one of the same address, before this one."""


SIGN_UP = Transitions("sign-up", {SignUpStatus.WAITING: [SignUpStatus.CONFIRMED, SignUpStatus.CANCELLED]})


class SignUp(SQLModel, table=True):
    """An address somebody typed, one row a channel, until it is confirmed or forgotten. `form_id` is the form both
    channels were typed into. All that was typed is sealed in one piece (`waiting_entry.WaitingEntry`) and goes when it
    is confirmed; the row goes after a week. `became_id` is the customer it was confirmed for, whom it made or not."""

    __tablename__ = "sign_ups"
    __table_args__ = (Index("ix_sign_ups_address", "address_hash", "created_at"), Index("ix_sign_ups_at", "created_at"))

    id: UUID = pk()
    form_id: UUID = plain_uuid(nullable=False)
    brand_id: UUID = ref("brands.id")
    channel: Channel = choice("channel", Channel)
    status: SignUpStatus = choice("status", SignUpStatus, SignUpStatus.WAITING)
    address_hash: bytes = blob(nullable=False)
    entry_encrypted: bytes | None = blob()
    became_id: UUID | None = plain_uuid()
    made_customer: bool = flag()
    created_at: datetime = stamped()


class SignUpRefusal(SQLModel, table=True):
    """An address that was typed with a date of birth below the age: a keyed hash and when, nothing else. Kept for
    `turned_away.TURNED_AWAY`, so that the same address is not simply typed again with another date."""

    __tablename__ = "sign_up_refusals"
    __table_args__ = (Index("ix_sign_up_refusals_at", "refused_at"),)

    address_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    refused_at: datetime = stamped()


class SignUpDay(SQLModel, table=True):
    """A brand's sign-ups by the shop's day: how many messages asked for a confirmation (`email_asked`), how many gave
    it (`email_confirmed`), and how many were `too_young`."""

    __tablename__ = "sign_up_days"

    brand_id: UUID = ref("brands.id", primary=True)
    day: date = Field(sa_column=Column(Date, primary_key=True))
    what: str = words(primary=True)
    count: int = whole()


PERSONAL = (
    Personal(
        "sign_ups",
        rows="SELECT channel, status, entry_encrypted, created_at FROM sign_ups WHERE became_id = ANY(:people)"
        " OR address_hash = ANY(:hashes)",
        scrub="DELETE FROM sign_ups WHERE became_id = ANY(:people) OR address_hash = ANY(:hashes)",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    Mention(
        "sign_up_wordings",  # consents refer to them
        rows="SELECT id, 'Wording ' || version AS name FROM sign_up_wordings WHERE CAST(told AS text) ~* :named"
        " ORDER BY id",
        link="/settings/sign-up",
    ),
    Mention(
        "sign_up_pages",  # printed on sheets
        rows="SELECT brand_id AS id, slug AS name FROM sign_up_pages WHERE concat_ws(' ', slug,"
        " array_to_string(origins, ' ')) ~* :named ORDER BY slug",
        link="/settings/sign-up",
    ),
)
"""Where the shop's own words may name somebody."""
