"""The people of the shop: who they are, what they may, and asking others in."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.accounts.team.state import TeamState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, note
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field, switch
from liquor_app.ui.forms.dialog import confirm, dialog
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column

INVITE, CHANGE = "invite-form", "member-form"
ROLES = [(role.value, role.label) for role in (Role.USER, Role.MANAGER, Role.ADMIN)]
ROLE_HINT = "A viewer reads, a marketer plans and sends, an admin also sets up the shop and its people."


def team_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Users",
            "Who works here, and what they may. Nobody is deleted: what they did keeps their name.",
            button("Who may do what", icon="shield-check", href="/permissions"),
            button("Invite somebody", kind="primary", icon="plus", on_click=TeamState.ask("new", "")),
            crumbs=(("Settings", "/settings"),),
        ),
        list_card(
            TeamState,
            [
                Column("Name", _name, sort="email"),
                Column("Role", lambda line: line.role_label, phone="under"),
                Column("Status", _status, phone="under"),
                Column("Last signed in", lambda line: line.seen, sort="last_login_at", phone="hide"),
                Column("", _acts, number=True),
            ],
            label="Users",
            search="Name or e-mail",
            empty=empty("Nobody matches", "Take a filter off, or invite somebody.", icon="users"),
        ),
        card(
            col(
                switch(
                    "Ask admins to sign in in two steps",
                    checked=TeamState.asks_admins,
                    on_change=TeamState.set_asks_admins,
                ),
                rx.el.p(
                    "Until an admin has set it up on their profile, they act as a marketer. You need it yourself"
                    " before you ask it of others.",
                    class_name="t12 muted pretty",
                ),
                gap=8,
            ),
            title="Signing in",
            margin_top="16px",
        ),
        _invite(),
        _change(),
        _link(),
        _questions(),
    )


def _name(line: Any) -> rx.Component:
    return rx.fragment(rx.el.b(line.name), rx.el.small(line.email))


def _status(line: Any) -> rx.Component:
    looks = rx.match(
        line.status,
        ("joined", badge("Joined", "green")),
        ("invited", badge("Invited", "amber")),
        badge("Deactivated", "gray"),
    )
    two = rx.cond(line.has_two_steps, badge("Two steps", "blue", dot=False), rx.fragment())
    note = rx.cond(line.note != "", rx.el.span(line.note, class_name="t12 muted"), rx.fragment())
    return col(row(looks, two, wrap=True), note, gap=4)


def _acts(line: Any) -> rx.Component:
    return row(
        menu(
            icon_button("ellipsis", "More about " + line.name),
            Item("Change", TeamState.ask("role", line.id), "pencil"),
            Item("New link to sign in", TeamState.ask("link", line.id), "key-round", when=line.is_active),
            Item(
                "Show a new link", TeamState.ask("show_link", line.id), "eye", when=line.is_active & TeamState.by_mail
            ),
            Item("Sign out everywhere", TeamState.ask("sign_out", line.id), "log-out", when=line.is_active),
            Item("Turn two steps off", TeamState.ask("two_steps", line.id), "shield-off", when=line.has_two_steps),
            Item("Deactivate", TeamState.ask("deactivate", line.id), "user-x", danger=True, when=line.is_active),
            Item("Activate", TeamState.activate(line.id), "user-check", when=~line.is_active),
        ),
        justify_content="flex-end",
    )


def _invite() -> rx.Component:
    errors = TeamState.errors
    form = form_of(
        TeamState,
        col(
            text_field("E-mail", "email", type="email", error=errors["email"], auto_focus=True, max_length=254),
            text_field("Name", "full_name", error=errors["full_name"], optional=True, max_length=120),
            select_field("Role", "role", ROLES, default_value="user", error=errors["role"], hint=ROLE_HINT),
            gap=16,
        ),
        id=INVITE,
        key=TeamState.asking,
        on_submit=TeamState.invite,
    )
    return form_dialog(
        TeamState,
        "Invite somebody",
        form,
        open=TeamState.asking == "new",
        description="They choose their password themselves, by a link that is good for 7 days.",
        foot=rx.fragment(
            button("Cancel", on_click=TeamState.close(False)),
            button("Invite", kind="primary", submit=True, form=INVITE, busy=TeamState.busy),
        ),
    )


def _change() -> rx.Component:
    errors, member = TeamState.errors, TeamState.member
    form = form_of(
        TeamState,
        col(
            text_field("Name", "full_name", default_value=member.name, error=errors["full_name"], max_length=120),
            select_field("Role", "role", ROLES, default_value=member.role, error=errors["role"], hint=ROLE_HINT),
            gap=16,
        ),
        id=CHANGE,
        key=TeamState.asking + TeamState.about,
        on_submit=TeamState.change_role,
    )
    return form_dialog(
        TeamState,
        "Change " + member.name,
        form,
        open=TeamState.asking == "role",
        foot=rx.fragment(
            button("Cancel", on_click=TeamState.close(False)),
            button("Save", kind="primary", submit=True, form=CHANGE, busy=TeamState.busy),
        ),
    )


def _link() -> rx.Component:
    body = col(
        rx.el.code(TeamState.link, overflow_wrap="anywhere"),
        note(
            "Whoever has this link signs in as them. Hand it to them alone; it is good once and not shown again.",
            rx.cond(TeamState.by_mail, "", " Once an e-mail channel is set up, it goes by e-mail by itself."),
            tone="amber",
        ),
        gap=16,
    )
    return dialog(
        "A link for " + TeamState.link_of,
        body,
        open=TeamState.link != "",
        on_open_change=TeamState.hide_link,
        foot=row(
            button("Copy", icon="copy", on_click=rx.set_clipboard(TeamState.link)),
            button("Done", kind="primary", on_click=TeamState.hide_link(False)),
        ),
    )


def _questions() -> rx.Component:
    name = TeamState.member.name

    def question(what: str, title: Any, words: Any, verb: str, does: Any, *, danger: bool = False) -> rx.Component:
        return confirm(
            title, words, verb, open=TeamState.asking == what, on_open_change=TeamState.close, on_confirm=does,
            danger=danger,
        )  # fmt: skip

    return rx.fragment(
        question(
            "deactivate", "Deactivate " + name + "?",
            "They are signed out everywhere at once and cannot sign in. What they did stays, and you can activate them"
            " again.",
            "Deactivate", TeamState.deactivate, danger=True,
        ),
        question(
            "sign_out", "Sign " + name + " out everywhere?", "Each browser and program of theirs has to sign in again.",
            "Sign out", TeamState.sign_out,
        ),
        question(
            "link", "Give " + name + " a new link?",
            "It lets them choose another password. The one they have stays good until then; older links end.",
            "Give a link", TeamState.new_link,
        ),
        question(
            "show_link", "Show you a new link for " + name + "?",
            "For when the e-mail did not reach them: hand it to them alone. Older links end.",
            "Show the link", TeamState.show_new_link,
        ),
        question(
            "two_steps", "Turn two-step sign-in off for " + name + "?",
            "For somebody who lost their device and the recovery codes. Make sure that it is them who ask.",
            "Turn off", TeamState.drop_two_steps, danger=True,
        ),
    )  # fmt: skip


PAGES = (
    Page(
        "/settings/users", "Users", team_page, icon="users", on_load=TeamState.load, parent="/settings",
        roles=roles_of(Permission.TEAM_ADMIN),
    ),
)  # fmt: skip
