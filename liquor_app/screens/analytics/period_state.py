"""The period a page of figures is of: chosen, typed, kept in the address."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any, TypedDict

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.periods import Against, period_of
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.organization.settings import shop_today
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.forms.form_data import typed

OWN = "own"
"""The choice that opens the two days."""


class Asked(TypedDict, total=False):
    """What `analytics.service.dashboard` is asked for."""

    days: int
    start: date
    end: date
    against: Against


class PeriodState(rx.State, mixin=True):  # type: ignore[call-arg]
    """A page of figures says `class XState(PeriodState, rx.State)`, and writes `_periods`, `_address` and `_show`."""

    period: str = ""
    first_day: str = ""
    last_day: str = ""
    against: str = Against.BEFORE.value
    period_problem: str = ""

    def _periods(self) -> Mapping[str, int]:
        """Return the choices in days, the standard one first."""
        raise NotImplementedError

    def _address(self) -> str:
        """Return the page's own."""
        raise NotImplementedError

    async def _show(self) -> None:
        """Read the figures anew."""
        raise NotImplementedError

    async def _from_address(self) -> None:
        """Take what the address says; what it says wrongly is left out."""
        standard = next(iter(self._periods()))
        wanted = parameter(self, "period")
        self.period = wanted if wanted in self._periods() else standard
        self.against = Against.YEAR.value if parameter(self, "against") == Against.YEAR else Against.BEFORE.value
        first, last = _day(parameter(self, "from")), _day(parameter(self, "to"))
        if wanted == OWN and first and last:
            with suppress(Invalid):
                period_of(await self._today(), start=first, end=last)
                self.period, self.first_day, self.last_day = OWN, first.isoformat(), last.isoformat()

    def _asked(self) -> Asked:
        """Return the period for the service; an own one that lacks a day is the standard one's."""
        first, last = _day(self.first_day), _day(self.last_day)
        if self.period == OWN and first and last:
            return {"start": first, "end": last, "against": Against(self.against)}
        days = self._periods().get(self.period) or next(iter(self._periods().values()))
        return {"days": days, "against": Against(self.against)}

    async def _again(self) -> Any:
        self.period_problem = ""
        await self._show()
        own = {"from": self.first_day, "to": self.last_day} if self.period == OWN else {}
        standard = next(iter(self._periods()))
        told = {"period": "" if self.period == standard else self.period, **own}
        return remember(self._address(), told | ({"against": self.against} if self.against == Against.YEAR else {}))

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def choose_period(self, period: str | list[str]) -> Any:
        """Another of the choices; the own one first shows its days as they are."""
        await signed_in(self)
        if period == OWN:
            self.period = OWN
            return None
        self.period = period if isinstance(period, str) and period in self._periods() else next(iter(self._periods()))
        return await self._again()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def choose_against(self, against: str) -> Any:
        """Compare with something else."""
        await signed_in(self)
        self.against = Against.YEAR.value if against == Against.YEAR else Against.BEFORE.value
        return await self._again()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def choose_days(self, form: dict[str, Any]) -> Any:
        """Days of one's own; what is wrong with them is said beside them, and they stay as typed."""
        await signed_in(self)
        first, last = typed(form, "from")[:10], typed(form, "to")[:10]
        self.period, self.first_day, self.last_day = OWN, first, last
        start, end = _day(first), _day(last)
        if start is None or end is None:
            self.period_problem = "Give a first and a last day."
            return None
        try:
            period_of(await self._today(), start=start, end=end)
        except Invalid as why:
            self.period_problem = str(why)
            return None
        return await self._again()

    async def _today(self) -> date:
        async with transaction() as session:
            return await shop_today(session)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
