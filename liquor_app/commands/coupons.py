"""`liquor coupons …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.arguments import Json
from liquor_app.commands.kit import call, show, show_rows
from liquor_app.core.db import Session
from liquor_app.core.errors import Unknown
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.paging import MAX_LIMIT

app = typer.Typer(no_args_is_help=True, help="Pools of coupon codes.")


@app.command("list")
@needs(Permission.COUPONS_READ)
def list_command(as_json: Json = False) -> None:
    """Every pool and how many codes it has left."""
    from liquor_app.coupons.lists import list_pools

    page = call(lambda session: list_pools(session, SYSTEM, ListQuery(limit=MAX_LIMIT)))
    columns = ("id", "name", "discount_pct", "is_standing", "total", "remaining", "redeemed")
    show_rows(page.items, columns, as_json, total=page.total)


@app.command("add")
@needs(Permission.COUPONS_WRITE)
def add_command(
    pool: Annotated[str, typer.Argument(help="The pool's name; a new one is made.")],
    file: Annotated[Path, typer.Argument(help="Codes, one a line or in a CSV: the column Code, else the first.")],
    discount: Annotated[str, typer.Option(help="Per cent off, for a new pool.")] = "",
    standing: Annotated[bool, typer.Option(help="A new pool serves every campaign with its discount.")] = False,
    as_json: Json = False,
) -> None:
    """Add a file of codes to a pool; known ones are left alone."""
    from liquor_app.coupons.coupon_pools import add_codes, create_pool
    from liquor_app.coupons.lists import list_pools
    from liquor_app.imports.readers.encoding import open_text

    if not file.is_file():
        raise Unknown(f"There is no file {file}.", field="file")

    async def work(session: Session) -> Any:
        known = {row.name: row.id for row in (await list_pools(session, SYSTEM, ListQuery(limit=MAX_LIMIT))).items}
        if pool not in known:
            if not discount:
                raise Unknown(f"There is no pool {pool!r}. Give --discount to make it.", field="discount")
            made = await create_pool(session, SYSTEM, name=pool, discount_pct=discount, is_standing=standing)
            known[pool] = made.id
        with open_text(file)[0] as lines:
            return await add_codes(session, SYSTEM, known[pool], lines)

    show(call(work), as_json)
