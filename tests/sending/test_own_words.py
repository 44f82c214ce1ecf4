"""Words that somebody gives one message are what its recipient reads; where the template has no place for them, that is
said before anything is stored, and nothing leaves that says something else."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.edit_offer import change_copy, change_offer
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.factories import ALL_DAY, add_people, add_played_campaign, open_shop

WORDS = "A bottle of stout stands on the counter. {{ offer.text }}."


async def drafted(session: AsyncSession, channel: str) -> tuple[UUID, list[UUID]]:
    """A campaign that waits for approval, and its two actions."""
    people = await add_people(session, 2)
    campaign = await add_played_campaign(session, people, window=ALL_DAY, channel=channel, status="awaiting_approval")
    await session.execute(
        text(
            'UPDATE actions SET offer_terms = offer_terms || \'{"basket": 40, "answers": {}, "uplifts": {}}\','
            " expected_response = 0.1"
        )
    )
    found = await session.execute(
        text("SELECT id FROM actions WHERE campaign_id = :id ORDER BY customer_id"), {"id": campaign}
    )
    return campaign, list(found.scalars())


async def sent(campaign: UUID) -> dict[UUID, str]:
    """What the recipients of each action read."""
    async with transaction() as session:
        await session.execute(text("UPDATE campaigns SET status = 'active' WHERE id = :id"), {"id": campaign})
        await launch_campaign(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    async with transaction() as session:
        found = await session.execute(
            text(
                "SELECT s.action_id, o.body_text, o.body_html FROM sends s JOIN outbox_messages o ON o.send_id = s.id"
                " WHERE s.campaign_id = :id"
            ),
            {"id": campaign},
        )
        return {row.action_id: f"{row.body_text} {row.body_html or row.body_text}" for row in found}


@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_own_words_are_read(database: str, channel: str) -> None:
    """In every part of the message, in the place of the template's own; the other recipient gets these."""
    async with transaction() as session:
        await open_shop(session)
        campaign, (one, other) = await drafted(session, channel)
        await change_copy(session, SYSTEM, one, message=WORDS)
    said = await sent(campaign)
    own = "A bottle of stout stands on the counter. 10% off craft beer."
    assert said[one].count(own) == 2
    assert own not in said[other]
    usual = "we have not seen you for a bit" if channel == "email" else "We kept yours cold"
    assert usual in said[other]
    assert usual not in said[one]


async def test_another_offer_has_the_templates_words_again(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
        campaign, (one, _) = await drafted(session, "email")
        await change_copy(session, SYSTEM, one, message=WORDS)
        await change_offer(session, SYSTEM, one, offer="{discount}% off stout", discount_pct=5)
    said = await sent(campaign)
    assert "on the counter" not in said[one]
    assert "5% off stout" in said[one]


async def _without_slot(session: AsyncSession) -> None:
    await session.execute(
        text(
            "UPDATE template_versions SET body_html_template = replace(body_html_template, 'own_words', 'offer.code'),"
            " body_text_template = replace(body_text_template, 'own_words', 'offer.code')"
        )
    )


async def test_a_template_without_a_place_for_them(database: str) -> None:
    """Refused with the way out; a subject alone needs no place. What was given before the template changed does not go
    out as something else."""
    async with transaction() as session:
        await open_shop(session)
        campaign, (one, other) = await drafted(session, "email")
        await change_copy(session, SYSTEM, one, message=WORDS)
        await _without_slot(session)
        was = (await session.execute(text("SELECT message FROM actions WHERE id = :id"), {"id": other})).scalar_one()
        with pytest.raises(Conflict, match="no place for words") as refused:
            await change_copy(session, SYSTEM, other, message=WORDS)
        assert refused.value.field == "message"
        await change_copy(session, SYSTEM, other, message=was.replace("10% off craft beer", "{{ offer.text }}"),
                          subject="Still here")  # fmt: skip
    said = await sent(campaign)
    assert set(said) == {other}
    async with transaction() as session:
        stopped = (
            await session.execute(text("SELECT skip_reason, note FROM sends WHERE action_id = :id"), {"id": one})
        ).one()
    assert stopped.skip_reason == "cannot_render"
    assert "no place for words of their own" in stopped.note
