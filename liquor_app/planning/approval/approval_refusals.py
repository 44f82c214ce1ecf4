"""Everything that refuses an approval, as one list: approving asks it in order, and the outlook tells all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import Actor
from liquor_app.campaigns.models import CampaignType
from liquor_app.core.errors import AppError, Conflict
from liquor_app.experiments.ab_tests.service import check_ab_test
from liquor_app.organization.shop_identity import require_identity
from liquor_app.planning.approval.approval_checks import (
    refuse_forbidden,
    refuse_overtaken,
    refuse_unguided,
    refuse_unlawful,
    refuse_untrue_subjects,
    require_approver,
)
from liquor_app.planning.approval.approval_context import ApprovalContext

Check = Callable[[AsyncSession, Actor, ApprovalContext], Awaitable[None]]
"""Raises an error that is the approver's to mend; changes nothing."""


async def _nobodys(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    require_identity(context.brand)
    if not context.brand.sms_sender and context.planned.has_texts:
        raise Conflict(
            "The plan has text messages, and the brand has no sender for them: add one under Settings, Brand, or plan"
            " the campaign again without SMS."
        )


async def _empty(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    if not context.planned.messages and context.brief.type is not CampaignType.TRIGGERED:
        raise Conflict("The plan holds no action. Widen the audience or loosen a limit, then plan again.")


async def _overtaken(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    if context.brief.type is not CampaignType.TRIGGERED:
        await refuse_overtaken(session, context.brief, context.plan.created_at)


async def _unguided(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    await refuse_unguided(session, context.brief, context.plan.guidance_version)


async def _forbidden(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    await refuse_forbidden(session, context.brief.id)


async def _unlawful(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    await refuse_unlawful(session, context.planning)


async def _untrue(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    await refuse_untrue_subjects(session, context.brief)


async def _ab_test(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    await check_ab_test(session, context.brief.id, context.plan.summary.get("ab_test"))


async def _beyond(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    require_approver(actor, context.plan, context.guidance)


REFUSALS: tuple[Check, ...] = (
    _nobodys, _empty, _overtaken, _unguided, _forbidden, _unlawful, _untrue, _ab_test, _beyond,
)  # fmt: skip


async def refuse(session: AsyncSession, actor: Actor, context: ApprovalContext) -> None:
    """Raise the first thing that stands against approving a plan. A corridor: whoever approves was asked.

    Raises:
        Conflict, Forbidden: what it is, and what to do.
    """
    for check in REFUSALS:
        await check(session, actor, context)


async def refusals_of(session: AsyncSession, actor: Actor, context: ApprovalContext) -> list[AppError]:
    """Return everything that stands against it. A corridor, too."""
    found = []
    for check in REFUSALS:
        try:
            await check(session, actor, context)
        except AppError as error:
            found.append(error)
    return found
