"""The history of A/B tests, newest first."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.experiments.ab_tests.lists import AB_TESTS, AbTestLine, list_ab_tests
from liquor_app.organization.settings import shop_now
from liquor_app.screens.experiments.ab_test.view import STATUS
from liquor_app.screens.listing.state import ListState
from liquor_app.ui.words import show_day


@dataclass(frozen=True, slots=True)
class TriedLine:
    """A test as the history draws it."""

    id: str
    name: str
    campaign: str
    topic: str
    word: str
    tone: str
    came: str
    day: str


class AbHistoryState(ListState, rx.State):
    """The list."""

    rows: list[TriedLine] = []

    def _list(self) -> ListSpec[AbTestLine]:
        return AB_TESTS

    def _path(self) -> str:
        return "/ab-tests"

    def _export_path(self) -> str:
        return "/api/v1/ab-tests/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[AbTestLine]:
        return await list_ab_tests(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[AbTestLine]) -> list[TriedLine]:
        at = await shop_now(session)
        return [tried_line(row, show_day(row.created_at, at)) for row in items]


def tried_line(row: AbTestLine, day: str) -> TriedLine:
    word, tone = STATUS[row.status]
    came = row.learned or row.why or row.hypothesis
    won = f"{row.winner} won" if row.winner else word
    return TriedLine(str(row.campaign_id), row.name, row.campaign, row.topic.label, won, tone, came, day)
