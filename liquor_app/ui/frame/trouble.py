"""What is shown when something is wrong with the app itself: no connection, a crash, an unknown address."""

from __future__ import annotations

import logging
from collections.abc import Callable

import reflex as rx
from reflex.event import EventSpec
from reflex_base.vars.function import ArgsFunctionOperation
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_connection_errors

from liquor_app.ui.button import button
from liquor_app.ui.card import note
from liquor_app.ui.empty import empty
from liquor_app.ui.toast import toast_failed

log = logging.getLogger(__name__)

RELOAD = rx.call_script("location.reload()")


def offline() -> rx.Component:
    """Draw a banner over the page while the server cannot be reached; what is shown stays."""

    @rx.memo
    def connection_note() -> rx.Component:
        words = rx.fragment(rx.el.b("No connection. "), "Showing what was here. Sending goes on without you.")
        banner = note(words, tone="amber", icon="wifi-off", action=button("Try again", small=True, on_click=RELOAD))
        return rx.cond(has_connection_errors, rx.el.div(banner, class_name="offline"), rx.fragment())

    return rx.fragment(connection_note())


def crashed(stateful: bool) -> rx.Component:
    """Instead of a page that could not be drawn."""
    screen = rx.el.main(
        empty(
            "This page could not be shown",
            "Something on it went wrong. Nothing was lost, and sending is not affected.",
            button("Load it again", kind="primary", icon="refresh-cw", on_click=RELOAD),
            icon="triangle-alert",
        ),
        class_name="trouble",
    )
    fallback = ArgsFunctionOperation.create(("problem",), rx.Var.create(screen))
    props = {} if stateful else {"on_error": rx.noop()}
    return ErrorBoundary.create(fallback_render=fallback, **props)


def not_found() -> rx.Component:
    """For an address that leads nowhere."""
    return rx.el.main(
        empty(
            "There is nothing at this address",
            "It may have been deleted, or the link is incomplete.",
            button("To the dashboard", kind="primary", href="/"),
            icon="search-x",
        ),
        class_name="trouble",
    )


def unexpected(exception: Exception) -> EventSpec:
    """For `rx.App(backend_exception_handler=…)`: an event handler broke. Logged whole, told without details."""
    log.exception("an event handler failed", exc_info=exception)
    return toast_failed(
        "Something went wrong on our side", "Nothing was half-written. Reload the page; if it stays, tell your admin."
    )


APP_WRAPS: dict[tuple[int, str], Callable[[bool], rx.Component | None]] = {
    (55, "ErrorBoundary"): crashed,
    (5, "Overlay"): lambda stateful: offline() if stateful else None,
}
"""For `rx.App(app_wraps=…)`."""
