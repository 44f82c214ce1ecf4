"""The sample's shop: Harbor & Vine, which is made up, and only ever the sample's."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.organization.shop_identity import UNNAMED

SHOP = {
    "name": "Harbor & Vine",
    "from_name": "Harbor & Vine",
    "from_email": "offers@harborvine.example",
    "sms_sender": "+12075550100",
    "postal_address": "14 Wharf St, Portland, ME 04101",
    "licence_state": "ME",
    "website_url": "https://shop.example.com",
}


async def wear_sample_brand(session: AsyncSession) -> None:
    """Give a shop nobody has named yet the sample's name; one that has a name keeps it."""
    sets = ", ".join(f"{name} = :{name}" for name in SHOP)
    await session.execute(
        text(f"UPDATE brands SET {sets}, updated_at = now() WHERE is_default AND name = :unnamed"),
        {**SHOP, "unnamed": UNNAMED},
    )
    await _rename(session, UNNAMED, SHOP["name"])


async def take_off_sample_brand(session: AsyncSession) -> None:
    """A shop that still is called as the sample's is nobody's again; what somebody has changed stays."""
    blank = {"name": UNNAMED, "from_name": UNNAMED, "from_email": "", "sms_sender": None, "postal_address": "",
             "licence_state": None, "website_url": ""}  # fmt: skip
    # its address was made of the sample's name
    await session.execute(
        text(
            "DELETE FROM sign_up_pages p USING brands b WHERE b.id = p.brand_id AND b.is_default AND b.name = :sample"
        ),
        {"sample": SHOP["name"]},
    )
    for name, empty in blank.items():
        await session.execute(
            text(f"UPDATE brands SET {name} = :blank, updated_at = now() WHERE is_default AND {name} = :sample"),
            {"blank": empty, "sample": SHOP[name]},
        )
    await _rename(session, SHOP["name"], UNNAMED)


async def _rename(session: AsyncSession, old: str, new: str) -> None:
    """The name of the shop in its settings, where it is stored and still the old one, or not stored at all."""
    await session.execute(
        text(
            "INSERT INTO settings (key, value) VALUES ('general', jsonb_build_object('organization_name',"
            " CAST(:new AS text))) ON CONFLICT (key) DO UPDATE SET value = settings.value || excluded.value"
            " WHERE COALESCE(settings.value ->> 'organization_name', :old) = :old"
        ),
        {"old": old, "new": new},
    )
