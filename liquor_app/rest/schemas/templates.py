"""Shapes of the templates' routes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from liquor_app.api.schemas import Body, Patch, Row
from liquor_app.organization.models import Channel
from liquor_app.templates.preview import PreviewFields


class TemplateIn(Body):
    """Liquid text; the e-mail's body in MJML. Footer, address, disclaimer and unsubscribe are added by the system."""

    name: str
    channel: Channel
    category: str
    subject_template: str | None = None
    body_html_template: str | None = None
    body_text_template: str | None = None


class TemplatePatch(Patch):
    """Fields to change; changed content becomes a new version."""

    nullable: ClassVar[frozenset[str]] = frozenset({"subject_template", "body_html_template", "body_text_template"})

    name: str | None = None
    category: str | None = None
    subject_template: str | None = None
    body_html_template: str | None = None
    body_text_template: str | None = None
    is_active: bool | None = None


class VersionOut(Row):
    id: UUID
    version: int
    subject_template: str | None
    created_by: str | None
    created_at: datetime


class VersionDetailOut(VersionOut):
    body_html_template: str | None
    body_text_template: str | None


Source = Annotated[str | None, Field(max_length=100_000)]


class PreviewIn(Body):
    """Content to look at instead of what is stored; `customer_id` for one customer instead of the example."""

    subject_template: Source = None
    body_html_template: Source = None
    body_text_template: Source = None
    customer_id: UUID | None = None


class ProblemOut(Row):
    """`line` counts from 1, 0 where none is to blame."""

    field: str
    line: int
    message: str
    is_warning: bool


class PreviewOut(Row, PreviewFields):
    """A rendered template; what is not known for the customer stands in it as `[name]` and is listed in `missing`."""

    sender: str
    missing: list[str]
    problems: list[ProblemOut]


class TestIn(Body):
    """A test to oneself: e-mail to the account's address, a text to `phone`, which must be nobody else's.

    `provider` tries one provider, enabled or not; `customer_id` whose name stands in it.
    """

    customer_id: UUID | None = None
    phone: Annotated[str, Field(max_length=40)] = ""
    provider: Annotated[str, Field(max_length=40)] = ""


class TestOut(Row):
    """What the provider said of a test; `outcome` is accepted, rejected, transient, misconfigured or unknown."""

    outcome: str
    provider: str
    recipient: str
    detail: str | None
