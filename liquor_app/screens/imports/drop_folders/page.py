"""Drop folders: where tills lay their files, how each is read, and the log of what came."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.orders.new_buyers import CREATE, REFUSE
from liquor_app.imports.profiles.known_tools import ALL
from liquor_app.imports.readers.dialect import NUMBERINGS
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.imports.drop_folders.state import DropFilesState, DropFoldersState
from liquor_app.screens.listing.view import list_card, list_pager, list_table
from liquor_app.screens.session.role_controls import allowed, is_allowed, roles_of
from liquor_app.ui.badge import badge, status_badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, pair, row
from liquor_app.ui.table import Column

FORM = "drop-folder-form"
CHOSEN = DropFoldersState.chosen
KIND_WORDS = [(kind, kind.capitalize()) for kind in KINDS]
PROFILE_WORDS = [("", "Recognise each file by itself"), *((one.key, f"{one.name} ({one.kind})") for one in ALL)]
NUMBERED_WORDS = [
    ("", "As the files tell"),
    *((key, f"{words[:1].upper()}{words[1:]}") for key, words in NUMBERINGS.items()),
]
UNKNOWN_WORDS = [(REFUSE, "Refuse their lines"), (CREATE, "Create them")]
POLICY_WORDS = [
    ("fill", "Fill in what is missing"),
    ("overwrite", "Overwrite with the file"),
    ("keep", "Leave it as it is"),
]


def drop_folders_page() -> rx.Component:
    new = button("New drop folder", kind="primary", icon="plus", on_click=DropFoldersState.ask("new", ""))
    return rx.fragment(
        page_head(
            "Drop folders",
            rx.el.span(
                "Tills lay their files here, and they are imported by themselves, each once. Below ",
                rx.el.code(DropFoldersState.root),
                ".",
            ),
            allowed(Permission.IMPORTS_ADMIN, new),
            crumbs=(("Settings", "/settings", is_allowed(Permission.SETTINGS_ADMIN)),),
        ),
        col(_folders(new), _files(), gap=16),
        _edit(),
        confirm(
            "Take this drop folder away?",
            CHOSEN.name + " is looked at no more and its log goes. Its files and what was imported stay.",
            "Take away",
            open=DropFoldersState.asking == "delete",
            on_open_change=DropFoldersState.close,
            on_confirm=DropFoldersState.delete,
            danger=True,
        ),
    )


def _folders(new: rx.Component) -> rx.Component:
    def name(line: Any) -> rx.Component:
        return rx.fragment(rx.el.b(line.name), rx.el.small(line.where))

    def acts(line: Any) -> rx.Component:
        changing = menu(
            icon_button("ellipsis", "More about " + line.name),
            Item("Change", DropFoldersState.ask("edit", line.id), "pencil"),
            Item("Pause", DropFoldersState.pause(line.id, True), "pause", when=~line.paused),
            Item("Go on", DropFoldersState.pause(line.id, False), "play", when=line.paused),
            Item("Take away", DropFoldersState.ask("delete", line.id), "trash-2", danger=True, divider=True),
        )
        look = icon_button("refresh-cw", "Look now at " + line.name, on_click=DropFoldersState.look(line.id))
        return row(
            allowed(Permission.IMPORTS_WRITE, look),
            allowed(Permission.IMPORTS_ADMIN, changing),
            gap=4,
            justify_content="flex-end",
        )

    columns = (
        Column("Folder", name, sort="name"),
        Column("Holds", lambda line: line.holds, phone="under"),
        Column("Looked at", lambda line: line.rhythm, phone="hide", wide=True),
        Column("Last file", lambda line: rx.el.span(line.last, class_name="nowrap"), phone="under"),
        Column("Status", lambda line: badge(line.state, line.tone)),
        Column(
            "Why",
            lambda line: rx.el.span(line.problem, class_name="muted", white_space="normal"),
            phone="under",
            whole=True,
        ),
        Column("", acts, number=True),
    )
    nothing = empty(
        "No drop folder yet",
        "Does your till write a file every hour? Say which folder, and it is imported by itself: stock and prices,"
        " sales, customers.",
        allowed(Permission.IMPORTS_ADMIN, new),
        icon="folder-input",
    )
    return card(
        list_table(DropFoldersState, columns, label="Drop folders", empty=nothing),
        list_pager(DropFoldersState, quiet=True),
        title="Folders",
        flush=True,
    )


def _files() -> rx.Component:
    def name(line: Any) -> rx.Component:
        report = rx.el.a(line.name, href=line.report, class_name="link", title="What became of its rows")
        return rx.fragment(rx.cond(line.report != "", report, rx.el.b(line.name)), rx.el.small(line.source))

    def again(line: Any) -> rx.Component:
        retry = icon_button("refresh-cw", "Try again: " + line.name, on_click=DropFilesState.retry(line.id))
        said, act = "Import " + line.name + " as " + line.take_as, DropFilesState.take_as(line.id)
        other = rx.fragment(
            button("Import as " + line.take_as, small=True, icon="replace", on_click=act, aria_label=said,
                   class_name="hide-sm"),
            icon_button("replace", said, on_click=act, class_name="only-sm"),
        )  # fmt: skip
        discard = icon_button("trash-2", "Discard: " + line.name, on_click=DropFilesState.discard(line.id))
        pressed = row(rx.cond(line.take_as != "", other, retry), discard, gap=4, justify_content="flex-end")
        return rx.cond(line.can_retry, allowed(Permission.IMPORTS_WRITE, pressed), rx.fragment())

    return list_card(
        DropFilesState,
        [
            Column("File", name),
            Column("Came", lambda line: rx.el.span(line.came, class_name="nowrap num"), sort="seen_at", phone="under"),
            Column("Status", lambda line: status_badge(line.state)),
            Column("Rows", lambda line: rx.el.span(line.rows, class_name="num"), phone="under"),
            Column(
                "Why", lambda line: rx.el.span(line.reason, class_name="muted", white_space="normal"), phone="under"
            ),
            Column("Sum", lambda line: rx.el.span(line.total, class_name="num"), number=True, phone="hide"),
            Column("", again, number=True),
        ],
        label="Files that came",
        empty=empty(
            "Nothing has come yet",
            "A file stands here as soon as it was seen; it is read when it looks the same twice.",
            icon="inbox",
        ),
    )


def _edit() -> rx.Component:
    is_new = DropFoldersState.asking == "new"

    def words(label: str, name: str, **props: Any) -> rx.Component:
        value, error = DropFoldersState.fields[name], DropFoldersState.errors[name]
        return text_field(label, name, default_value=value, error=error, **props)

    def choice(label: str, name: str, options: list[tuple[str, str]], hint: str = "") -> rx.Component:
        value, error = DropFoldersState.fields[name], DropFoldersState.errors[name]
        return select_field(label, name, options, default_value=value, error=error, hint=hint)

    form = form_of(
        DropFoldersState,
        col(
            words("Name", "name", max_length=80, auto_focus=True, hint="As you know it: “Till 2, stock”."),
            words(
                "Folder", "folder", max_length=250, placeholder="till-2/stock",
                hint="Below the drop root: letters, digits, spaces, . _ and -.",
            ),
            pair(choice("Its files hold", "kind", KIND_WORDS), choice("Read as", "profile", PROFILE_WORDS)),
            choice(
                "What is known already", "policy", POLICY_WORDS,
                "Of orders and products the till's later word is the right one, unless they are left as they are.",
            ),
            choice(
                "Buyers who are not known", "unknown_customers", UNKNOWN_WORDS,
                "Of files of purchases. Created, they are known by number, e-mail or phone, and agreed to nothing.",
            ),
            choice(
                "Receipt numbers", "numbering", NUMBERED_WORDS,
                "Of files of purchases with a column for the store. What nobody chose, files tell themselves.",
            ),
            pair(
                words("Look every, minutes", "every_minutes", input_mode="numeric", hint="5 or more."),
                words(
                    "Tell me after hours of silence", "silent_hours", input_mode="numeric", optional=True,
                    hint="Empty: it may be silent.",
                ),
            ),
            gap=16,
        ),
        id=FORM,
        key=DropFoldersState.asking + DropFoldersState.about,
        on_submit=DropFoldersState.save,
    )  # fmt: skip
    return form_dialog(
        DropFoldersState,
        rx.cond(is_new, "New drop folder", "Change the drop folder"),
        form,
        open=is_new | (DropFoldersState.asking == "edit"),
        foot=rx.fragment(
            button("Cancel", on_click=DropFoldersState.close(False)),
            button(rx.cond(is_new, "Create", "Save"), kind="primary", submit=True, form=FORM),
        ),
    )


PAGES = (
    Page(
        "/settings/drop-folders", "Drop folders", drop_folders_page, icon="folder-input",
        on_load=[DropFoldersState.load, DropFilesState.load], roles=roles_of(Permission.IMPORTS_READ),
        nav_group="admin",
    ),
)  # fmt: skip
