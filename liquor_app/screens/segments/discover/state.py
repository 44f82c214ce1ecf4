"""The discover page: groups the base falls into, and how segments overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, NotFound
from liquor_app.core.listing.spec import ListQuery
from liquor_app.screens.segments.list.state import SegmentsState
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.segments.discovery import (
    Overlap,
    Suggestion,
    SuggestionsRow,
    adoption,
    find,
    segment_overlap,
    suggest_segments,
)
from liquor_app.segments.lists import list_segments
from liquor_app.segments.service import create_segment
from liquor_app.segments.tasks import request_refresh
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import figure, percent, plural


@dataclass(frozen=True, slots=True)
class SuggestionCard:
    """A suggestion in words."""

    name: str
    share: str
    words: str
    rule: str
    fit: str


def suggestion_card(one: Suggestion) -> SuggestionCard:
    return SuggestionCard(
        one.name,
        f"{percent(one.share)} of buyers",
        one.description,
        one.sentence,
        f"The rule finds {percent(one.found)} of the group; {percent(one.pure)} of whom it finds belong to it.",
    )


def found_words(row: SuggestionsRow) -> str:
    """Tell what was looked at, and how far to trust it."""
    if not row.suggestions:
        return "No groups stand out that a rule could tell: there are too few buyers yet, or they are all alike."
    looked = "" if row.looked_at == row.buyers else f", {figure(row.looked_at)} of them looked at"
    return (
        f"{plural(row.buyers, 'buyer')}{looked}, grouped by rhythm, spend and response. Two random halves of them lead"
        f" to the same groups at {figure(row.stability, 2)} (1 is the same, 0 is chance)."
    )


def overlap_rows(overlap: Overlap, names: dict[str, str]) -> tuple[list[str], list[list[str]]]:
    """Return the heat map: a row and a column a segment; the percent of the row's customers who are in the column
    too."""
    size = {row.first: row.customers for row in overlap.rows if row.first == row.second}
    both = {frozenset((row.first, row.second)): row.customers for row in overlap.rows if row.first != row.second}
    slugs = [slug for slug in names if size.get(slug)]
    rows = [
        [names[one], figure(size[one])]
        + ["" if one == other else figure(100 * both.get(frozenset((one, other)), 0) / size[one]) for other in slugs]
        for one in slugs
    ]
    return ["Of those in", "Customers", *(names[slug] for slug in slugs)], rows


class DiscoverState(rx.State):
    """Nothing is stored: suggestions are worked out anew, always the same for the same base."""

    cards: list[SuggestionCard] = []
    words: str = ""
    searching: bool = True
    head: list[str] = []
    rows: list[list[str]] = []
    overlap_words: str = ""
    adopting: str = ""

    @background
    @needs(Permission.SEGMENTS_READ)
    async def search(self) -> None:
        """Both in the background: a base of a million takes some seconds."""
        async with self:
            self.searching = True
            try:
                actor = await signed_in(self)
            except AppError:
                return
        async with transaction() as session:
            found = await suggest_segments(session, actor)
        async with self:
            self.cards = [suggestion_card(one) for one in found.suggestions]
            self.words, self.searching = found_words(found), False
        async with transaction() as session:
            overlap = await segment_overlap(session, actor)
            known = await list_segments(session, actor, ListQuery({"active_only": "true"}, limit=24))
        head, rows = overlap_rows(overlap, {one.slug: one.name for one in known.items})
        async with self:
            self.head, self.rows = head, rows
            self.overlap_words = (
                "Percent of the row's customers" if overlap.is_exact else "Percent, from a share of them"
            )

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_WRITE)
    async def adopt(self, name: str) -> Any:
        """Make a suggestion a segment like any other. It is worked out again: nothing a client sends becomes a rule."""
        actor = await signed_in(self)
        async with transaction() as session:
            suggestion = find(await suggest_segments(session, actor), str(name))
            if suggestion is None:
                raise NotFound("This suggestion is no longer made: customers have changed. Look again.")
            row = await create_segment(session, actor, adoption(suggestion))
            job = await request_refresh(session, actor, [row.slug])
        cards = await self.get_state(SegmentsState)
        cards.job = str(job)
        return [rx.redirect(f"/segments/{row.slug}"), toast_done(f"“{row.name}” is a segment now", "Give it an offer.")]
