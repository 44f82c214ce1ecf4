"""The roof: the app, its pages in the shell, nothing else."""

from __future__ import annotations

from functools import partial

import reflex as rx
from reflex.utils.exec import is_prod_mode

from liquor_app.core.frontend import STATIC
from liquor_app.core.web import same_origin, static_rules
from liquor_app.ui.gallery.page import entry_page, gallery
from liquor_app.ui.page import Page
from liquor_app.ui.shell import HEAD, STYLESHEETS, Slots, shell
from liquor_app.ui.trouble import APP_WRAPS, not_found

PAGES: tuple[Page, ...] = (
    Page("/_gallery", "Gallery", gallery),
    Page("/_entry", "Entry", entry_page, bare=True),
)


def add_pages(app: rx.App, pages: tuple[Page, ...], slots: Slots) -> None:
    """Register each page, inside the shell unless it is bare."""
    for page in pages:
        app.add_page(
            page.component if page.bare else partial(shell, page, pages, slots),
            route=page.route,
            title=f"{page.title} · Liquor Marketing Agent",
            on_load=page.on_load,
        )


app = rx.App(
    stylesheets=STYLESHEETS,
    head_components=HEAD,
    app_wraps=APP_WRAPS,
    api_transformer=[partial(static_rules, static_dir=STATIC)],
    html_lang="en",
)
# While developing, the pages come from another port.
app.sio.eio.cors_allowed_origins = same_origin if is_prod_mode() else "*"
add_pages(app, PAGES, Slots())
app.add_page(not_found, route="404", title="Not found · Liquor Marketing Agent")
