"""`liquor users …`"""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated

import typer

from liquor_app.accounts.entry.passwords import hash_password
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.arguments import Json
from liquor_app.commands.kit import call, out, show
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Invalid

app = typer.Typer(no_args_is_help=True, help="Who may sign in.")


@app.command("add")
@needs(Permission.TEAM_ADMIN)
def add_user(
    email: str,
    role: Annotated[str, typer.Option(help="admin, manager or user (viewer)")] = "user",
    as_json: Json = False,
) -> None:
    """Add somebody; asks for the password."""
    from liquor_app.accounts.models import Role
    from liquor_app.accounts.users import create_user

    if role not in set(Role):
        raise Invalid(f"role must be one of {', '.join(Role)}", field="role")
    typed = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    password = asyncio.run(hash_password(typed, about=(email,)))
    row = call(lambda session: create_user(session, SYSTEM, email=email, password=password, role=Role(role)))
    show({"id": row.id, "email": row.email, "role": row.role}, as_json)


@app.command("reset-password")
@needs(Permission.TEAM_ADMIN)
def reset_password(email: Annotated[str, typer.Argument()] = "") -> None:
    """A new random password, printed once; every session of that user ends."""
    from liquor_app.accounts.profile import reset_password as reset

    address = email or get_settings().admin_email
    password = secrets.token_urlsafe(9)
    hashed = asyncio.run(hash_password(password, about=(address,)))
    call(lambda session: reset(session, SYSTEM, email=address, password=hashed))
    out.print(f"New password of {address}: [bold]{password}[/]")


@app.command("setup-code")
@needs(Permission.TEAM_ADMIN)
def setup_code(as_json: Json = False) -> None:
    """A new one-time code for setting up the first admin; the one before no longer works."""
    from liquor_app.accounts.entry.setup_code import new_code

    show({"setup_code": call(lambda session: new_code(session, SYSTEM))}, as_json)
