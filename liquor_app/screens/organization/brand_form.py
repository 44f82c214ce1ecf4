"""What every form about one brand is: which brand, what was typed about it, and the way back to what is stored."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.screens.forms.state import FormState
from liquor_app.screens.session.state import guarded
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.toast import toast_warning

TYPED = 2000
"""Characters of one field that are kept while somebody types; what a field may hold is its service's to say."""


class BrandFormState(FormState, rx.State, mixin=True):  # type: ignore[call-arg]
    """A form about a brand. One that is says `class XState(BrandFormState, rx.State)`, and writes `_texts`, `_read`
    and `_draw`; `values` is what was typed, stored or not."""

    brands: list[tuple[str, str]] = []
    brand: str = ""
    values: dict[str, str] = {}
    loading: bool = True

    # --- what a form says of itself ---

    def _texts(self) -> Collection[str]:
        """Return the fields that are typed."""
        raise NotImplementedError

    async def _read(self) -> None:
        """Read what is stored of `brand`, the first one's if there is no such brand."""
        raise NotImplementedError

    async def _mistake(self, name: str) -> str:
        """Return what is wrong with a field as it stands, empty for nothing; raises Forbidden."""
        raise NotImplementedError

    async def _drawn(self) -> None:
        """Draw what becomes of what was typed."""

    # --- what all of them do ---

    @rx.event
    @needs(Permission.APP)
    async def clear(self) -> None:
        """Show nothing until it is read again: whoever comes back would see, and type into, what was here before."""
        self.reset()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def load(self) -> None:
        self.reset()
        await self._read()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def choose(self, brand: str) -> Any:
        if self.dirty:
            return toast_warning("Not saved yet", "Save what you typed first, or undo it.")
        self.brand = str(brand)[:36]
        await self._read()
        return None

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def type_in(self, name: str, value: str) -> None:
        """One field; a mistake is said at once, beside it, and what is drawn of it follows."""
        if name not in self._texts():
            return
        self.values, self.dirty = {**self.values, name: str(value)[: TYPED + 1]}, True
        mistake = await self._mistake(name)
        self.errors = {key: words for key, words in self.errors.items() if key != name}
        if mistake:
            self.errors = {**self.errors, name: mistake}
        await self._drawn()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def undo(self) -> None:
        """Back to what is stored."""
        await self._read()


def typed_field(state: type[BrandFormState], label: str, name: str, **props: Any) -> rx.Component:
    """Return a field whose words are `state`'s while one types."""
    return text_field(
        label,
        name,
        value=state.values[name],
        on_change=lambda value: state.type_in(name, value),
        error=state.errors[name],
        auto_complete="off",
        **props,
    )
