"""Message templates and their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from liquor_app.core.columns import choice, document, flag, pk, plain_uuid, ref, stamped, whole, words
from liquor_app.core.platform.personal_data import Mention
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


MENTIONS = (
    Mention(
        "template_versions",
        rows="SELECT t.id, t.name || ', version ' || v.version AS name FROM template_versions v JOIN"
        " message_templates t ON t.id = v.template_id WHERE concat_ws(' ', v.subject_template, v.body_html_template,"
        " v.body_text_template) ~* :named ORDER BY t.name, v.version",
        scrub="UPDATE template_versions SET subject_template = regexp_replace(subject_template, :named, :mark, 'gi'),"
        " body_html_template = regexp_replace(body_html_template, :named, :mark, 'gi'), body_text_template ="
        " regexp_replace(body_text_template, :named, :mark, 'gi') WHERE concat_ws(' ', subject_template,"
        " body_html_template, body_text_template) ~* :named",
        link="/templates/{id}",
    ),
    Mention(
        "message_templates",
        rows="SELECT id, name FROM message_templates WHERE concat_ws(' ', name, subject_template, body_html_template,"
        " body_text_template) ~* :named ORDER BY name",
        scrub="UPDATE message_templates SET name = regexp_replace(name, :named, :mark, 'gi'), subject_template ="
        " regexp_replace(subject_template, :named, :mark, 'gi'), body_html_template = regexp_replace("
        "body_html_template, :named, :mark, 'gi'), body_text_template = regexp_replace(body_text_template, :named,"
        " :mark, 'gi'), updated_at = now() WHERE concat_ws(' ', name, subject_template, body_html_template,"
        " body_text_template) ~* :named",
        link="/templates/{id}",
    ),
)
"""Where the shop's own words may name somebody."""
