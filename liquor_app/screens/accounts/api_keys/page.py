"""Keys for programs: what there are, a new one, ending one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.key_usage import PER_MINUTE, PER_MONTH
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.accounts.api_keys.areas_panel import areas_panel
from liquor_app.screens.accounts.api_keys.state import GOOD, ApiKeysState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import note
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.dialog import confirm, dialog
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column
from liquor_app.ui.words import figure

NEW, LIMITS = "key-form", "limits-form"


def api_keys_page() -> rx.Component:
    new = button("New key", kind="primary", icon="plus", on_click=ApiKeysState.ask("new", ""))
    return rx.fragment(
        page_head(
            "API keys",
            "For tills, shops and scripts. A key is shown once; give each program its own, good for what it needs.",
            button("Reference", icon="book-open", href="/docs"),
            new,
            crumbs=(("Settings", "/settings"),),
        ),
        list_card(
            ApiKeysState,
            [
                Column("Key", _name, sort="name"),
                Column("Good for", _good_for, phone="under", wide=True),
                Column("Status", _status, phone="under"),
                Column("Last used", lambda line: line.used, sort="last_used_at", phone="hide"),
                Column("Requests this month", _asked, phone="hide"),
                Column("Made", lambda line: line.made, sort="created_at", phone="hide", wide=True),
                Column("Ends", lambda line: line.ends, phone="hide"),
                Column("", _acts, number=True),
            ],
            label="API keys",
            search="Name of a key",
            empty=empty("No key yet", "A till that sends its purchases by itself needs one.", icon="key-round"),
        ),
        _new(),
        _limits(),
        _shown(),
        confirm(
            "Revoke " + ApiKeysState.chosen.name + "?",
            "The program that uses it is refused at once. A revoked key cannot be made good again.",
            "Revoke",
            open=ApiKeysState.asking == "revoke",
            on_open_change=ApiKeysState.close,
            on_confirm=ApiKeysState.revoke,
            danger=True,
        ),
    )


def _name(line: Any) -> rx.Component:
    return rx.fragment(rx.el.b(line.name), rx.el.small(rx.el.code(line.prefix)))


def _good_for(line: Any) -> rx.Component:
    lessened = rx.cond(line.lessened != "", rx.el.small(line.lessened), rx.fragment())
    return rx.fragment(line.role_label, lessened, rx.el.small(line.good_for))


def _status(line: Any) -> rx.Component:
    return rx.match(
        line.status,
        (GOOD, badge("Good", "green")),
        ("expired", badge("Expired", "amber")),
        ("suspended", badge("Maker deactivated", "amber")),
        badge("Revoked", "gray"),
    )


def _asked(line: Any) -> rx.Component:
    return rx.fragment(line.asked, rx.el.small(line.pace))


def _acts(line: Any) -> rx.Component:
    pressed = row(
        button("Limits", small=True, on_click=ApiKeysState.ask("limits", line.id)),
        button("Revoke", small=True, kind="danger", on_click=ApiKeysState.ask("revoke", line.id)),
    )
    return rx.cond((line.status == GOOD) | (line.status == "suspended"), pressed, rx.fragment())


def _limit_fields(per_minute: Any = "", per_month: Any = "") -> tuple[rx.Component, ...]:
    errors = ApiKeysState.errors
    return (
        text_field(
            "Requests a minute", "per_minute", error=errors["per_minute"], optional=True, max_length=12,
            default_value=per_minute, input_mode="numeric", hint=f"Empty is {figure(PER_MINUTE)}, as for all keys.",
        ),
        text_field(
            "Requests a month", "per_month", error=errors["per_month"], optional=True, max_length=12,
            default_value=per_month, input_mode="numeric",
            hint=f"Empty is {figure(PER_MONTH)}. Months are those of UTC.",
        ),
    )  # fmt: skip


def _limits() -> rx.Component:
    chosen = ApiKeysState.chosen
    form = form_of(
        ApiKeysState,
        col(*_limit_fields(chosen.typed_minute, chosen.typed_month), gap=16),
        id=LIMITS,
        key=f"limits-{ApiKeysState.about}",
        on_submit=ApiKeysState.change_limits,
    )
    return form_dialog(
        ApiKeysState,
        "Limits of " + chosen.name,
        form,
        open=ApiKeysState.asking == "limits",
        foot=rx.fragment(
            button("Cancel", on_click=ApiKeysState.close(False)),
            button("Save", kind="primary", submit=True, form=LIMITS, busy=ApiKeysState.busy),
        ),
    )


def _new() -> rx.Component:
    errors = ApiKeysState.errors
    form = form_of(
        ApiKeysState,
        col(
            text_field(
                "Name", "name", error=errors["name"], auto_focus=True, max_length=80,
                hint="What it is for: “Till in the front”.",
            ),
            select_field(
                "Role", "role", [(role.value, role.label) for role in (Role.USER, Role.MANAGER, Role.ADMIN)],
                default_value="user", error=errors["role"], hint="The most it may ever do.",
            ),
            select_field(
                "Ends", "days",
                [("365", "After a year"), ("90", "After 90 days"), ("30", "After 30 days"), ("", "Never")],
                default_value="365", error=errors["days"],
            ),
            *_limit_fields(),
            areas_panel(),
            gap=16,
        ),
        id=NEW,
        key=ApiKeysState.asking,
        on_submit=ApiKeysState.create,
    )  # fmt: skip
    return form_dialog(
        ApiKeysState,
        "New API key",
        form,
        open=ApiKeysState.asking == "new",
        foot=rx.fragment(
            button("Cancel", on_click=ApiKeysState.close(False)),
            button("Make the key", kind="primary", submit=True, form=NEW, busy=ApiKeysState.busy),
        ),
    )


def _shown() -> rx.Component:
    return dialog(
        "Your new key",
        col(
            rx.el.code(ApiKeysState.secret, overflow_wrap="anywhere"),
            note("Copy it now: it is stored as a hash and cannot be shown again.", tone="amber"),
            gap=16,
        ),
        open=ApiKeysState.secret != "",
        on_open_change=ApiKeysState.hide,
        foot=row(
            button("Copy", icon="copy", on_click=rx.set_clipboard(ApiKeysState.secret)),
            button("Done", kind="primary", on_click=ApiKeysState.hide(False)),
        ),
    )


PAGES = (
    Page(
        "/settings/api-keys", "API keys", api_keys_page, icon="key-round", on_load=ApiKeysState.load,
        parent="/settings", roles=roles_of(Permission.KEYS_ADMIN),
    ),
)  # fmt: skip
