"""Shapes of a brand's sign-up page."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from liquor_app.api.schemas import Patch, Row
from liquor_app.sending.sign_up.consent_wording import WordingFields
from liquor_app.sending.sign_up.sign_up_pages import DayFields, PageFields, VersionFields


class WordingOut(Row, WordingFields):
    """What people are told and tick. Version 0 is ours, before a shop has written any."""


class WordingVersionOut(Row, VersionFields):
    """A version, and who wrote it when."""


class SignUpDayOut(Row, DayFields):
    """One of the shop's days: messages that asked, and yeses, by channel; and who was too young."""


class SignUpPageOut(Row, PageFields):
    """A brand's sign-up page. `boxes` is what stands beside the box of each channel; `no_texts` says why nobody is
    asked for a phone number."""

    wording: WordingOut
    versions: list[WordingVersionOut]
    days: list[SignUpDayOut]


class SignUpPagePatch(Patch):
    """Fields to change. Changing words makes a new version, which binds who signs up from then on. `origins` are the
    web sites that may show the page in a frame, at most five."""

    is_open: bool | None = None
    origins: Annotated[list[str] | None, Field(max_length=5)] = None
    headline: Annotated[str | None, Field(max_length=80)] = None
    intro: Annotated[str | None, Field(max_length=300)] = None
    programme: Annotated[str | None, Field(max_length=120)] = None
    messages_a_month: Annotated[int | None, Field(ge=1, le=30)] = None
    terms_url: Annotated[str | None, Field(max_length=500)] = None
    privacy_url: Annotated[str | None, Field(max_length=500)] = None


class KitFieldOut(Row):
    """An answer: `key` for programs, `label` as the registry calls it, `value` empty where it is missing."""

    key: str
    label: str
    value: str


class MissingOut(Row):
    """What is still to be done, and the page where; none for what an operator sets."""

    words: str
    page: str


class CarrierKitOut(Row):
    """The registration of a brand and of its campaign with carriers (10DLC)."""

    brand_id: UUID
    brand: str
    brand_fields: list[KitFieldOut]
    campaign_fields: list[KitFieldOut]
    missing: list[MissingOut]
