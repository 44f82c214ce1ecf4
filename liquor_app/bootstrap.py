"""The first run: what every shop starts with, and its first admin. On the roof: it sees all slices."""

from __future__ import annotations

from liquor_app.accounts import profile, users
from liquor_app.accounts.entry.passwords import hash_password
from liquor_app.accounts.entry.setup_code import current_code
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.compliance import service as compliance
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.organization import service as organization
from liquor_app.providers import service as providers
from liquor_app.segments import service as segments
from liquor_app.templates import service as templates


async def defaults(admin_password: str | None) -> bool:
    """Tell what every shop starts with; creates the admin if there is no user and a password is given.

    Returns:
        Whether the admin was created now.
    """
    async with transaction() as session:
        await organization.ensure_defaults(session)
        await providers.ensure_sandbox(session)
        await segments.ensure_default_segments(session)
        await templates.ensure_default_templates(session)
        await compliance.ensure_rule_pack(session)
        if admin_password is None or await users.has_users(session):
            return False
    hashed = await hash_password(admin_password, about=(get_settings().admin_email,))
    async with transaction() as session:
        await users.register_first_admin(
            session, email=get_settings().admin_email, password=hashed, full_name="Admin", code=None
        )
    return True


async def renew_unread_password(password: str) -> bool:
    """Give the admin a new password if nobody has signed in yet: a first start that was interrupted made one up that
    nobody may have read. Returns whether it did."""
    email = get_settings().admin_email
    async with transaction() as session:
        if not await users.is_unclaimed(session, email):
            return False
    hashed = await hash_password(password, about=(email,))
    async with transaction() as session:
        await profile.reset_password(session, SYSTEM, email=email, password=hashed)
    return True


async def setup_code() -> str | None:
    """Return the one-time code of a shop nobody has set up; None for one that has users."""
    async with transaction() as session:
        return await current_code(session)
