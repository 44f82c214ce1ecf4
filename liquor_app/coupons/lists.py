"""The list of coupon pools."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.coupons.coupon_pools import REDEEMED, REMAINING, TOTAL, PoolRow

POOLS = ListSpec(
    name="coupon_pools",
    row=PoolRow,
    source="coupon_pools t",
    select={"total": TOTAL, "remaining": REMAINING, "redeemed": REDEEMED},
    order="name",
    permission=Permission.COUPONS_READ,
    export_permission=Permission.COUPONS_EXPORT,
    sorts=(Sort("name", by="natural_order"), Sort("discount_pct", first="-"), Sort("remaining")),
    filters=(Filter("is_standing", "t.is_standing", Match.FLAG),),
    search="lower(t.name) LIKE :search",
    bounded="there are 200 at most",
    export={
        "id": "id", "name": "name", "discount_pct": "discount percent", "is_standing": "for every campaign",
        "total": "codes", "remaining": "left", "redeemed": "redeemed", "low_water": "notice at", "created_at": "made",
    },
)  # fmt: skip


async def list_pools(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[PoolRow]:
    """Return a page of coupon pools, by name unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, POOLS, query)
