"""Message templates and their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from liquor_app.core.columns import choice, document, flag, pk, plain_uuid, ref, stamped, whole, words
from liquor_app.organization.models import Channel


class MessageTemplate(SQLModel, table=True):
    """The template as it stands; every saved change also becomes a `TemplateVersion` that sends point to."""

    __tablename__ = "message_templates"

    id: UUID = pk()
    name: str = words(unique=True)
    channel: Channel = choice("channel", Channel)
    category: str = words()
    subject_template: str | None = words(nullable=True)
    body_html_template: str | None = words(nullable=True)
    body_text_template: str | None = words(nullable=True)
    variables: list[str] = document(empty="[]")
    version: int = whole(default=1)
    current_version_id: UUID | None = plain_uuid()
    is_active: bool = flag(default=True)
    created_at: datetime = stamped()
    updated_at: datetime = stamped()


class TemplateVersion(SQLModel, table=True):
    __tablename__ = "template_versions"
    __table_args__ = (UniqueConstraint("template_id", "version"),)

    id: UUID = pk()
    template_id: UUID = ref("message_templates.id")
    version: int = whole()
    subject_template: str | None = words(nullable=True)
    body_html_template: str | None = words(nullable=True)
    body_text_template: str | None = words(nullable=True)
    variables: list[Any] = document(empty="[]")
    created_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)
    created_at: datetime = stamped()
