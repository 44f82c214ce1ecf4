"""Coupon pools on their page. A file of codes goes over plain HTTP, not through here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.coupons.code_files import Refused
from liquor_app.coupons.coupon_pools import (
    AddedCodes,
    PoolRow,
    add_codes,
    create_pool,
    delete_pool,
    discard_codes,
    update_pool,
)
from liquor_app.coupons.lists import POOLS, list_pools
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done, toast_warning
from liquor_app.ui.words import figure, plain_number, plural

PASTED = 500_000
"""Characters; more comes as a file."""


@dataclass(frozen=True, slots=True)
class PoolLine:
    """A pool as it is drawn; `share` of it that is given away, 0 to 100."""

    id: str
    name: str
    worth: str
    standing: bool
    low: bool
    left: str
    given: str
    share: float
    low_water: str
    unused: bool
    """Codes of it are left, which can be discarded."""
    untouched: bool
    """None was given away, so that it can be deleted."""


def pool_line(row: PoolRow) -> PoolLine:
    given = row.total - row.remaining
    return PoolLine(
        str(row.id),
        row.name,
        f"{plain_number(row.discount_pct)}% off",
        row.is_standing,
        row.is_low,
        figure(row.remaining),
        f"{figure(given)} given, {figure(row.redeemed)} redeemed" if given else "None given yet",
        round(100 * given / row.total, 1) if row.total else 0.0,
        str(row.low_water),
        row.remaining > 0,
        not given,
    )


def told(done: AddedCodes) -> str:
    """Tell what became of the lines that added nothing."""
    parts = [
        f"{plural(count, 'code')} {words}"
        for count, words in (
            (done.repeated, "stood in the list twice"),
            (done.known, "known already, here or in another pool"),
            (done.beyond, "beyond a million did not fit"),
        )
        if count
    ]
    if done.refused:
        lines = ", ".join(f"line {one.line} “{one.text}”" for one in done.examples)
        parts.append(f"{plural(done.refused, 'line')} held no code, such as {lines}")
    return "; ".join(parts) + ("." if parts else "")


class PoolsState(FormState, ListState, rx.State):
    """`asking` is "new", or what is asked about the pool `about`: add, edit, discard, delete."""

    rows: list[PoolLine] = []
    asking: str = ""
    about: str = ""
    report: str = ""
    sending: bool = False

    def _fields(self) -> frozenset[str]:
        return frozenset({"name", "discount_pct", "low_water", "is_standing", "codes"})

    def _asked(self) -> bool:
        return bool(self.asking)

    def _shut(self) -> None:
        self.asking = ""

    @rx.var
    def pool(self) -> PoolLine:
        """The pool a dialog is about."""
        nothing = PoolLine("", "", "", False, False, "", "", 0.0, "", False, False)
        return next((row for row in self.rows if row.id == self.about), nothing)

    def _list(self) -> ListSpec[PoolRow]:
        return POOLS

    def _path(self) -> str:
        return "/coupons"

    def _export_path(self) -> str:
        return "/api/v1/coupon-pools/export"

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def load(self) -> Any:
        if not self.dirty:
            self.asking = ""
        return await self._load()

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[PoolRow]:
        return await list_pools(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[PoolRow]) -> list[PoolLine]:
        return [pool_line(row) for row in items]

    @rx.event
    @needs(Permission.APP)
    async def ask(self, what: str, about: str = "") -> None:
        """Open a dialog; an empty `what` closes it."""
        self.asking = what if what in {"new", "add", "edit", "discard", "delete"} else ""
        self._fresh()
        self.about, self.report, self.sending = str(about)[:36], "", False

    @rx.event
    @submits
    @needs(Permission.COUPONS_WRITE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Return a new pool, or another name and mark for one that is there."""
        actor, is_new = await signed_in(self), self.asking == "new"
        values: dict[str, Any] = {
            "name": typed(form, "name"),
            "low_water": typed(form, "low_water")[:12].replace(",", ""),
            "is_standing": typed(form, "is_standing") == "yes",
        }
        async with transaction() as session:
            if is_new:
                row = await create_pool(session, actor, discount_pct=typed(form, "discount_pct"), **values)
            else:
                row = await update_pool(session, actor, parse_id(self.about, "pool"), **values)
        await self._read()
        self.asking, self.about = "add" if is_new else "", str(row.id)
        return toast_done("Pool saved", "Now add its codes." if is_new else row.name)

    @rx.event
    @submits
    @needs(Permission.COUPONS_WRITE)
    async def paste(self, form: dict[str, Any]) -> Any:
        """Return codes typed or pasted, one a line."""
        actor, pasted = await signed_in(self), typed(form, "codes")
        if len(pasted) > PASTED:
            raise Invalid("That is a lot: send it as a file instead.", field="codes")
        async with transaction() as session:
            done = await add_codes(session, actor, parse_id(self.about, "pool"), pasted.splitlines())
        return await self._added(done)

    @rx.event
    @guarded
    @needs(Permission.COUPONS_WRITE)
    async def send(self) -> Any:
        """Have the browser send the chosen file."""
        await signed_in(self)
        self.sending, self.errors, self.report = True, {}, ""
        return rx.call_script(f"codesFile.send({json.dumps(str(self.about))})")

    @rx.event
    @guarded
    @needs(Permission.COUPONS_WRITE)
    async def sent(self, answer: Any) -> Any:
        """Tell what the server answered the browser; only words are taken from it, figures are read anew."""
        await signed_in(self)
        self.sending, answer = False, answer if isinstance(answer, dict) else {}
        counts = {name: answer.get(name) for name in ("added", "repeated", "known", "beyond", "refused")}
        if not all(isinstance(count, int) for count in counts.values()):
            self.errors = {"codes": str(answer.get("detail") or "The file could not be read.")[:300]}
            return None
        examples = [one for one in answer.get("examples") or [] if isinstance(one, dict)][:5]
        shown = tuple(Refused(int(one.get("line") or 0), str(one.get("text"))[:40]) for one in examples)
        return await self._added(AddedCodes(parse_id(self.about, "pool"), **counts, examples=shown))

    async def _added(self, done: AddedCodes) -> Any:
        await self._read()
        self.errors, self.report = {}, told(done)
        if not self.report:
            self.asking = ""
        if not done.added:
            return toast_warning("No code was added", "All of them were known, or none.")
        return toast_done(f"{plural(done.added, 'code')} added", self.pool.name)

    @rx.event
    @guarded
    @needs(Permission.COUPONS_WRITE)
    async def discard(self) -> Any:
        """Remove the codes nobody has got."""
        actor = await signed_in(self)
        async with transaction() as session:
            count = await discard_codes(session, actor, parse_id(self.about, "pool"))
        self.asking = ""
        await self._read()
        return toast_done(f"{plural(count, 'code')} discarded", "Those with people stay as they are.")

    @rx.event
    @guarded
    @needs(Permission.COUPONS_WRITE)
    async def delete(self) -> Any:
        actor, self.asking = await signed_in(self), ""
        async with transaction() as session:
            await delete_pool(session, actor, parse_id(self.about, "pool"))
        await self._read()
        return toast_done("Pool deleted")
