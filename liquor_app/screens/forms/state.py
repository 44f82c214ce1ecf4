"""What every form's state is and does: a mistake stands beside its field in our words, a second press does nothing,
and what was typed is not lost without a question."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.errors import AppError, Forbidden, FormInvalid, Unauthenticated
from liquor_app.screens.session.state import guarded
from liquor_app.ui.forms.field_labels import FIELD_LABELS, in_labels

WHOLE = "form"
"""Where a complaint about no single field is kept by a form that shows those, too."""


class FormState(rx.State, mixin=True):  # type: ignore[call-arg]
    """A form. One that is says `class XState(FormState, rx.State)`, writes `_fields`, and puts `submits` on what it
    stores with. A form in a dialog also writes `_asked` and `_shut`; a page's is always open."""

    errors: dict[str, str] = {}
    """What is wrong, by field."""
    busy: bool = False
    """It is being stored; what is sent meanwhile is not taken."""
    dirty: bool = False
    """Something was typed that is not stored."""
    dropping: bool = False
    """The question stands whether that may go."""

    @rx.var
    def error(self) -> str:
        """The first complaint, for forms that show it in one place."""
        return next(iter(self.errors.values()), "")

    # --- what a form says of itself ---

    def _fields(self) -> Collection[str]:
        """Return fields a complaint can stand beside; what is about another one is told as a toast."""
        raise NotImplementedError

    def _asked(self) -> bool:
        """Tell whether its dialog is open."""
        return True

    def _shut(self) -> None:
        """Close its dialog."""

    def _blamed(self, error: AppError) -> dict[str, str]:
        """Return the complaint by the field it stands beside; none if there is no such field."""
        return {name: words for name, words in complaints(error).items() if name in self._fields()}

    def _labels(self) -> Mapping[str, str]:
        """Return what its fields are called where they stand."""
        return FIELD_LABELS

    def _page_loaded(self) -> None:
        """Close its dialog when the browser has loaded the page anew: it would be open, and empty."""
        if type(self)._shut is not FormState._shut and self._asked():
            self._shut()
            self._fresh()

    # --- what all of them do ---

    def _fresh(self) -> None:
        """Begin anew: as it is when it is opened, or when what is stored was read again."""
        self.errors, self.busy, self.dirty, self.dropping = {}, False, False, False

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def touch(self) -> None:
        """Something was typed."""
        self.dirty = True

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def close(self, open: bool = False) -> None:
        """Close the dialog; asks first if something was typed."""
        if open:
            return
        if self.dirty and self._asked():
            self.dropping = True
            return
        self._shut()
        self._fresh()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def stay(self, open: bool = False) -> None:
        """Tell what was typed stays where it is."""
        if not open:
            self.dropping = False

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def drop(self) -> None:
        """Let go what was typed."""
        self._shut()
        self._fresh()


def complaints(error: AppError) -> dict[str, str]:
    """Return what is wrong by field, all that is known; the message alone tells no more than the first."""
    if isinstance(error, FormInvalid):
        return error.errors
    return {error.field: error.message} if error.field else {}


def about(error: AppError, name: str) -> str | None:
    """Return what the service calls the field a complaint stands beside as `name`."""
    return name if name in complaints(error) else error.field


def submits(handler: Callable[..., Awaitable[Any]]) -> Callable[..., AsyncIterator[Any]]:
    """For what a form is stored with: guarded, busy while it works, mistakes beside their fields.

    Use below `@rx.event`. A form that is closed, or being stored already, takes nothing: that is the second press of
    the same button. The handler may leave `busy` on where another page follows.
    """

    @functools.wraps(handler)
    async def attempt(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not self._asked():
            return None
        try:
            said = await handler(self, *args, **kwargs)
        except AppError as error:
            blamed = {} if isinstance(error, Forbidden | Unauthenticated) else self._blamed(error)
            if not blamed:
                error.message = in_labels(error.message, error.field, self._labels())
                raise
            self.errors = {name: in_labels(words, about(error, name), self._labels()) for name, words in blamed.items()}
            return None
        if not self.errors:
            self.dirty = False
        return said

    safely = guarded(attempt)

    @functools.wraps(handler)
    async def run(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        if self.busy:
            return
        if self._asked():
            self.errors, self.busy = {}, True
            yield
            # told to the page only with what comes of it; nothing that goes wrong can leave it on
            self.busy = False
        if (said := await safely(self, *args, **kwargs)) is not None:
            yield said

    return run
