"""Allocations, latest first."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.allocations.lists import ALLOCATIONS, list_allocations
from liquor_app.allocations.service import AllocationRow
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.allocations.words import METHOD, STATUS
from liquor_app.screens.listing.state import ListState
from liquor_app.ui.words import NONE, figure, show_moment


@dataclass(frozen=True, slots=True)
class AllocationLine:
    """An allocation as it is drawn."""

    id: str
    product: str
    method: str
    bottles: str
    listed: str
    word: str
    tone: str
    opened: str


class AllocationsState(ListState, rx.State):
    """The list."""

    rows: list[AllocationLine] = []

    def _list(self) -> ListSpec[AllocationRow]:
        return ALLOCATIONS

    def _path(self) -> str:
        return "/allocations"

    def _export_path(self) -> str:
        return "/api/v1/allocations/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[AllocationRow]:
        return await list_allocations(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[AllocationRow]) -> list[AllocationLine]:
        at = await shop_now(session)
        return [
            AllocationLine(
                str(row.id), row.product_name, METHOD[row.method], figure(row.bottles),
                figure(row.listed) if row.frozen_at else NONE, *STATUS[row.status], show_moment(row.created_at, at),
            )
            for row in items
        ]  # fmt: skip
