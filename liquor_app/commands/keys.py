"""`liquor keys …`"""

from __future__ import annotations

from typing import Annotated

import typer

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.arguments import Json
from liquor_app.commands.kit import call, out, show, show_rows
from liquor_app.core.db import Session
from liquor_app.core.security import key_rotation
from liquor_app.schema import metadata

app = typer.Typer(no_args_is_help=True, help="The secret keys: rotate them without losing anything.")


@app.command("list")
@needs(Permission.DATA_ADMIN)
def list_keys(as_json: Json = False) -> None:
    """The ring, the signing key first, and how many stored secrets are sealed under each."""
    rows = call(lambda session: key_rotation.list_keys(session, metadata))
    show_rows(rows, ["fingerprint", "is_first", "sealed"], as_json)


@app.command("new")
@needs(Permission.DATA_ADMIN)
def new_key() -> None:
    """Print a new random key; nothing is changed."""
    typer.echo(key_rotation.new_key())


@app.command("rotate")
@needs(Permission.DATA_ADMIN)
def rotate(as_json: Json = False) -> None:
    """Put a new key first and seal everything stored under it. Suppressed addresses stay suppressed, links in
    mailboxes go on working, credentials open."""

    async def work(session: Session) -> key_rotation.Rotation:
        done = await key_rotation.rotate_keys(session, metadata)
        if done.is_rotated:
            await audit(session, SYSTEM, "keys.rotated", "key", None, resealed=done.resealed)
        return done

    done = call(work)
    if as_json:
        show(done, as_json)
    elif done.is_rotated:
        out.print(f"Sealed anew: {done.resealed} stored secrets. Restart web and workers, so that they sign with the")
        out.print("first key. Keep the older ones until the last message signed with them is 30 days old or more.")
    else:
        out.print("The ring is given by the environment. Give every web and worker this one with its first key moved")
        out.print("to the end, and restart them; then this one as it stands, and restart them; then run `liquor keys")
        out.print("rotate` again to seal what is stored under its first key (docs/keys.md):\n")
        typer.echo(f"LIQUOR_SECRET_KEYS={done.ring}")


@app.command("retire")
@needs(Permission.DATA_ADMIN)
def retire(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: Json = False) -> None:
    """Forget every key but the first."""
    if not yes:
        typer.confirm(
            "Links in messages that were signed with an older key will no longer work, unsubscribe links among them:"
            " the law wants those to work for 30 days after the message (16 CFR 316.5). Retire the older keys?",
            abort=True,
        )

    async def work(session: Session) -> int:
        gone = await key_rotation.retire_keys(session, metadata)
        await audit(session, SYSTEM, "keys.retired", "key", None, retired=gone)
        return gone

    show({"retired": call(work)}, as_json, "Older keys retired; restart web and workers")
