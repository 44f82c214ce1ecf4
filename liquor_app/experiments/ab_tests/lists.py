"""The history of tests: what was tried, what won, what was learned."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.experiments.ab_tests.ab_store import AbTestFields
from liquor_app.experiments.ab_tests.models import AbStatus, AbTopic


@dataclass(frozen=True, slots=True, kw_only=True)
class AbTestLine(AbTestFields):
    """A test as the history tells it."""


AB_TESTS = ListSpec(
    name="ab_tests",
    row=AbTestLine,
    source="ab_tests t JOIN campaigns k ON k.id = t.campaign_id",
    select={"campaign": "k.name"},
    order="-created_at",
    permission=Permission.CAMPAIGNS_READ,
    export_permission=Permission.CAMPAIGNS_EXPORT,
    search="lower(concat_ws(' ', t.name, t.hypothesis, t.learned, k.name)) LIKE :search",
    sorts=(Sort("created_at", first="-"),),
    filters=(
        Filter("topic", "t.topic", options=tuple(AbTopic), label="What differs",
               spoken={one.value: one.label for one in AbTopic}),
        Filter("status", "t.status", options=tuple(AbStatus), label="Status"),
    ),
    export={
        "name": "test", "campaign": "campaign", "hypothesis": "hypothesis", "topic": "what differs",
        "channel": "channel", "measure": "measure", "status": "status", "winner": "winner", "why": "why",
        "learned": "learned", "created_at": "made",
    },
)  # fmt: skip


async def list_ab_tests(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[AbTestLine]:
    """Return a page of tests, the newest first unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, AB_TESTS, query or ListQuery())
