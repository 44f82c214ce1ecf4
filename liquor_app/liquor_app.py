"""The roof: the app, its pages in the shell, the API mounted beside them. Composition only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import reflex as rx
from reflex.utils.exec import is_prod_mode

from liquor_app.accounts import gate
from liquor_app.accounts.pages.entry import PAGES as ENTRY
from liquor_app.accounts.state import SessionGuard, SessionState
from liquor_app.actions.pages.pools import PAGES as COUPONS
from liquor_app.analytics.pages.dashboard import PAGES as DASHBOARD
from liquor_app.analytics.pages.report import PAGES as ANALYTICS
from liquor_app.campaigns.pages.builder import PAGES as BUILDER
from liquor_app.campaigns.pages.detail import PAGES as CAMPAIGN
from liquor_app.campaigns.pages.list import PAGES as CAMPAIGNS
from liquor_app.compliance.pages.law import PAGES as LAW
from liquor_app.core.config import get_settings
from liquor_app.core.platform.frontend import STATIC
from liquor_app.core.platform.web_rules import same_origin, static_rules
from liquor_app.core.platform.web_worker import settle_in
from liquor_app.customers.pages.detail import PAGES as CUSTOMER
from liquor_app.customers.pages.importing import PAGES as IMPORTING
from liquor_app.customers.pages.list import PAGES as CUSTOMERS
from liquor_app.customers.pages.suppressed import PAGES as SUPPRESSED
from liquor_app.organization.pages.brand import PAGES as BRAND
from liquor_app.organization.pages.frame import slots
from liquor_app.organization.pages.guidance import PAGES as GUIDANCE
from liquor_app.organization.pages.settings import PAGES as SETTINGS
from liquor_app.organization.states.shell import ShellState
from liquor_app.providers.pages.channels import PAGES as CHANNELS
from liquor_app.routes import create_api
from liquor_app.scoring.pages.models import PAGES as MODELS
from liquor_app.segments.pages.discover import PAGES as DISCOVER
from liquor_app.segments.pages.edit import PAGES as SEGMENT
from liquor_app.segments.pages.list import PAGES as SEGMENTS
from liquor_app.sending.pages.outbox import PAGES as OUTBOX
from liquor_app.templates.pages.editor import PAGES as TEMPLATE
from liquor_app.templates.pages.list import PAGES as TEMPLATES
from liquor_app.ui import live_updates
from liquor_app.ui.frame.page_spec import Page
from liquor_app.ui.frame.shell import HEAD, STYLESHEETS, Slots, shell
from liquor_app.ui.frame.trouble import APP_WRAPS, not_found, unexpected

PAGES: tuple[Page, ...] = (
    *DASHBOARD,
    *CUSTOMERS,
    *CUSTOMER,
    *IMPORTING,
    *SUPPRESSED,
    *SEGMENTS,
    *DISCOVER,
    *SEGMENT,
    *CAMPAIGNS,
    *CAMPAIGN,
    *BUILDER,
    *OUTBOX,
    *ANALYTICS,
    *MODELS,
    *TEMPLATES,
    *TEMPLATE,
    *COUPONS,
    *GUIDANCE,
    *BRAND,
    *CHANNELS,
    *LAW,
    *SETTINGS,
    *ENTRY,
)


def framed(page: Page, pages: tuple[Page, ...], slots: Slots) -> Callable[[], rx.Component]:
    """A page inside the shell, told as a function of the page's own module.

    Reflex writes what a page draws into one script per module of its function; from a `partial` all of them would land
    in the script of `functools`, and every page would load every other.
    """

    @wraps(page.component)
    def component() -> rx.Component:
        return shell(page, pages, slots)

    return component


def add_pages(app: rx.App, pages: tuple[Page, ...], slots: Slots, *, first: list[Any] | None = None) -> None:
    """Register each page, inside the shell unless it is bare; `first` runs before the on_load of shell pages."""
    for page in pages:
        own = page.on_load if isinstance(page.on_load, list) else [page.on_load] if page.on_load else []
        app.add_page(
            page.component if page.bare else framed(page, pages, slots),
            route=page.route,
            title=f"{page.title} · Liquor Marketing Agent",
            on_load=own if page.bare else [*(first or []), *own],
        )


app = rx.App(
    stylesheets=STYLESHEETS,
    head_components=HEAD,
    app_wraps=APP_WRAPS,
    backend_exception_handler=unexpected,
    api_transformer=[create_api(), partial(static_rules, static_dir=STATIC)],
    html_lang="en",
)
# While developing, the pages come from another port.
app.sio.eio.cors_allowed_origins = same_origin if is_prod_mode() else "*"
app.add_middleware(SessionGuard(), index=0)
gate.install(app)
app.register_lifespan_task(settle_in)
app.register_lifespan_task(live_updates.listen)
live_updates.install(app)
add_pages(app, PAGES, slots(), first=[SessionState.require_sign_in, ShellState.load, ShellState.live])
if get_settings().gallery or not is_prod_mode():
    from liquor_app.ui.gallery.page import DEVELOPER_PAGES  # its states, too, are events anybody may call

    add_pages(app, DEVELOPER_PAGES, Slots())
app.add_page(not_found, route="404", title="Not found · Liquor Marketing Agent")
