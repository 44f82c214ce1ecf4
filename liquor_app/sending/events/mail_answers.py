"""E-mail people write back: a no in any words is obeyed at once, everything else waits for a person (Replies).

Both are kept: what stands in From can be forged, so somebody should see whom a letter took off.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.customers.addresses import normalise_email
from liquor_app.organization.channel import Channel
from liquor_app.providers.kit.base import WebhookEvent
from liquor_app.sending.events.replies import NewReply, keep_replies, take_no_by_mail
from liquor_app.sending.events.sms_keywords import Wish, wish_of
from liquor_app.sending.models import ReplyStatus

BY_ITSELF = "the words themselves"
STAFF = "staff"
"""The "provider" of what somebody of the shop typed in."""
FIRST_LINES = 3
"""A no that stands alone on one of these is one, whatever name and greeting stand around it."""


def says_no(words: str) -> bool:
    """Tell whether a letter asks us to stop, in any of the words a text may use."""
    lines = [line for line in words.splitlines() if line.strip()]
    return any(wish_of(one) is Wish.STOP for one in (words, *lines[:FIRST_LINES]))


async def take_mail_answers(session: AsyncSession, told: Sequence[tuple[str, WebhookEvent]]) -> None:
    """Keep each letter once; whoever says no gets no more e-mail, and nobody gets any before theirs is read."""
    answers: list[NewReply] = []
    for provider, event in told:
        words = (event.text or "").strip()
        try:
            address = normalise_email(event.recipient or "")
        except Invalid:
            continue  # nobody we could write to
        if words:
            is_no = says_no(words)
            status = ReplyStatus.NO if is_no else ReplyStatus.OPEN
            answers.append(
                NewReply(provider, event.event_id[:200], Channel.EMAIL, address, words, event.at, status,
                         BY_ITSELF if is_no else "")
            )  # fmt: skip
    for one in answers:
        if one.status is ReplyStatus.NO:
            await take_no_by_mail(session, one.address, {"text": one.said[:160], "at": str(one.at)})
    await keep_replies(session, answers)


async def note_mailed_no(session: AsyncSession, actor: Actor, address: str, words: str) -> None:
    """Note that somebody has answered an e-mail with a no, where it reached the shop's own mailbox: the address is
    taken off as its owner's own word.

    Raises:
        Forbidden: the actor is not a marketer.
        Invalid: it is no e-mail address, or the words are too long.
    """
    require(actor, Role.MANAGER)
    key, said = normalise_email(address, "address"), words.strip()
    if len(said) > 1_600:
        raise Invalid("Copy the few words that say no: 1,600 letters at most.", field="words")
    at = now()
    evidence = {"text": said[:160], "at": str(at), "noted_by": actor.name[:120]}
    await take_no_by_mail(session, key, evidence)
    kept = NewReply(
        STAFF, uuid7().hex, Channel.EMAIL, key, said or "Noted by hand", at, ReplyStatus.NO, actor.name[:120]
    )
    await keep_replies(session, [kept])
    await audit(session, actor, "reply.noted", "reply", None, meant="no")
