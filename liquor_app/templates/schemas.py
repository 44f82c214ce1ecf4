"""Shapes of the templates' routes."""

from __future__ import annotations

from typing import ClassVar

from liquor_app.api.schemas import Body, Patch
from liquor_app.organization.models import Channel


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
