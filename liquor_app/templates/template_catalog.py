"""The templates messages are made of: per channel and kind the one in use, compiled once per version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.models import LIVE
from liquor_app.core.errors import Conflict
from liquor_app.core.states import sql_list
from liquor_app.organization.models import Channel
from liquor_app.templates.rendering.render import CompiledTemplate, TemplateSource, compile_template, variables_of
from liquor_app.templates.rendering.variables import OWN_WORDS


@dataclass(frozen=True, slots=True)
class CurrentTemplate:
    """A template version in use."""

    version_id: UUID
    source: TemplateSource

    @property
    def shows_own_words(self) -> bool:
        """Whether words that somebody gave just one message would be seen in it."""
        return _shows_own_words(self.source)

    def compile(self) -> CompiledTemplate:
        """Compiled; kept, because a version never changes.

        Raises:
            Invalid: it is not valid Liquid or MJML.
        """
        return _compiled(self.version_id, self.source)


@lru_cache(maxsize=256)
def _compiled(version_id: UUID, source: TemplateSource) -> CompiledTemplate:
    return compile_template(source)


@lru_cache(maxsize=256)
def _shows_own_words(source: TemplateSource) -> bool:
    body = source.html if source.channel is Channel.EMAIL else None
    parts = [part for part in (body, source.text) if (part or "").strip()]
    return bool(parts) and all(
        {OWN_WORDS, "message"} & set(variables_of(TemplateSource(source.channel, None, None, part))) for part in parts
    )


Catalog = Mapping[tuple[Channel, str], CurrentTemplate]


CURRENT_TEMPLATES = """
SELECT DISTINCT ON (t.channel, t.category) t.channel, t.category, t.current_version_id AS version
  FROM message_templates t WHERE t.is_active AND t.current_version_id IS NOT NULL
 ORDER BY t.channel, t.category, t.updated_at DESC, t.id
"""
"""Of each channel and category the version in use, as `load_catalog` has it."""


async def load_catalog(session: AsyncSession) -> Catalog:
    """For each channel and category the active template changed last."""
    found = await session.execute(
        text(
            "SELECT DISTINCT ON (t.channel, t.category) t.channel, t.category, v.id, v.subject_template,"
            " v.body_html_template, v.body_text_template FROM message_templates t"
            " JOIN template_versions v ON v.id = t.current_version_id"
            " WHERE t.is_active ORDER BY t.channel, t.category, t.updated_at DESC, t.id"
        )
    )
    return {
        (Channel(row.channel), row.category): CurrentTemplate(
            row.id,
            TemplateSource(Channel(row.channel), row.subject_template, row.body_html_template, row.body_text_template),
        )
        for row in found
    }


_APPROVED = f"""
SELECT t.channel, v.id, v.subject_template, v.body_html_template, v.body_text_template
  FROM template_versions v JOIN message_templates t ON t.id = v.template_id
 WHERE v.id IN (SELECT CAST(x.value AS uuid) FROM campaigns k,
                       jsonb_each_text(k.approved_wording -> 'templates') x
                 WHERE k.status IN {sql_list(*LIVE)})
"""


async def approved_versions(session: AsyncSession) -> dict[UUID, CurrentTemplate]:
    """Return the versions that campaigns not over were approved with (`campaigns.approved_wording`). A corridor."""
    found = await session.execute(text(_APPROVED))
    return {
        row.id: CurrentTemplate(
            row.id,
            TemplateSource(Channel(row.channel), row.subject_template, row.body_html_template, row.body_text_template),
        )
        for row in found
    }


NO_SLOT = (
    "The template for these {channel} messages has no place for words of their own, so they would not be seen. Put"
    " {{% if own_words %}}{{{{ own_words }}}}{{% else %}} … {{% endif %}} around what they stand for, under Templates."
)


def refuse_without_slot(catalog: Catalog, channel: str, category: str, field: str) -> None:
    """Refuse to give messages words that nobody would see.

    Raises:
        Conflict: the template in use shows none.
    """
    template = catalog.get((Channel(channel), category))
    if template is not None and not template.shows_own_words:
        raise Conflict(NO_SLOT.format(channel=Channel(channel).label), field=field)
