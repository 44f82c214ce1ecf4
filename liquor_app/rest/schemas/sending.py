"""Shapes of the sends' routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, IPvAnyAddress, WithJsonSchema

from liquor_app.api.schemas import Body, Row
from liquor_app.organization.models import Channel
from liquor_app.sending.recipients.transactional import Kind
from liquor_app.sending.resend import Whom
from liquor_app.sending.service import SendEventRow, SendRow


@dataclass(frozen=True, slots=True)
class SendOut(SendRow):
    """A message with its body, links inert and codes masked; `reason` says why this customer was chosen."""

    body_html: str | None
    body_text: str | None
    template_version_id: UUID | None
    reason: str | None


Address = Annotated[
    IPvAnyAddress, WithJsonSchema({"anyOf": [{"type": "string", "format": one} for one in ("ipv4", "ipv6")]})
]
"""Of the internet, as the consent's evidence has it."""


class SendEvents(Row):
    """What happened to a message, oldest first."""

    items: list[SendEventRow]


class SettleIn(Body):
    """What became of a message whose answer never came."""

    was_sent: bool


class AgainIn(Body):
    """Which of a campaign's people are to be written to once more."""

    campaign_id: UUID
    whom: Whom


class AgainOut(Row):
    """`added` new attempts; with `is_all` false there are more than are taken at once: ask again."""

    added: int
    is_all: bool


class ConsentIn(Body):
    """The evidence: which channel, what was said, where, to which words, from which address on the net."""

    channel: Channel
    status: Literal["given", "withdrawn"]
    source: str = Field(min_length=1, max_length=120)
    wording_version: Annotated[str | None, Field(max_length=40)] = None
    ip: Address | None = None


class ConsentOut(Row):
    """`pending` until the address itself has confirmed it, by the link in a message to it and in no other way.
    `confirmation` is "queued" if that message is on its way, else why none is; empty where none is needed."""

    status: str
    confirmation: str


class ErrandIn(Body):
    """A message somebody asked for."""

    kind: Literal[Kind.CONFIRM, Kind.AGE]
    channel: Channel


class ReplyMeant(Body):
    """What somebody meant."""

    is_no: bool


class MailedNoIn(Body):
    """Whose e-mail said no, and its words."""

    address: Annotated[str, Field(min_length=3, max_length=320)]
    words: Annotated[str, Field(max_length=1600)] = ""


class ReplySettled(Row):
    """What became of it."""

    status: str
