"""E-mail people write back: a no in any words is obeyed at once, everything else waits for a person (Replies).

Both are kept: what stands in From can be forged, so somebody should see whom a letter took off. A no that the provider
could not prove is read by a person first, unless it answers a message of ours; until then it holds e-mail to its
address, though no more than `MOST_UNPROVED` of a day do (ADR 86).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.customers.addresses import normalise_email
from liquor_app.organization.channel import Channel
from liquor_app.organization.service import notify
from liquor_app.providers.kit.base import WebhookEvent
from liquor_app.sending.events.replies import NewReply, keep_replies, take_no_by_mail
from liquor_app.sending.events.sms_keywords import Wish, wish_of
from liquor_app.sending.models import Proof, ReplyStatus

BY_ITSELF = "the words themselves"
STAFF = "staff"
"""The "provider" of what somebody of the shop typed in."""
FIRST_LINES = 3
"""A no that stands alone on one of these is one, whatever name and greeting stand around it."""


def says_no(words: str) -> bool:
    """Tell whether a letter asks us to stop, in any of the words a text may use."""
    lines = [line for line in words.splitlines() if line.strip()]
    return any(wish_of(one) is Wish.STOP for one in (words, *lines[:FIRST_LINES]))


MOST_UNPROVED = 50
"""Letters of a day that failed the provider's proof and hold their addresses; more are somebody's forgery by the
thousand. They are tasks all the same, and hold nobody."""
_ANSWERED = unnest("a", address="text", name="text")
_OF_OURS = f"""
SELECT DISTINCT a.address FROM {_ANSWERED}
  JOIN sends s ON s.provider_message_id IN (a.name, '<' || a.name || '>', split_part(a.name, '@', 1))
 WHERE lower(s.recipient) = a.address
"""
_UNPROVED = f"SELECT count(*) FROM replies WHERE proof = '{Proof.FAILED}' AND holds AND received_at > :since"
FORGED = "E-mails in others' names"


async def _who_answers_us(session: AsyncSession, letters: Sequence[tuple[str, WebhookEvent]]) -> frozenset[str]:
    """Return the addresses whose letter names a message that went to that very address."""
    named = [(address, name) for address, event in letters for name in event.answers]
    if not named:
        return frozenset()
    addresses, names = zip(*named, strict=True)
    found = await session.execute(text(_OF_OURS), _ANSWERED.bind(address=list(addresses), name=list(names)))
    return frozenset(found.scalars())


async def take_mail_answers(session: AsyncSession, told: Sequence[tuple[str, WebhookEvent]]) -> None:
    """Keep each letter once; whoever says no gets no more e-mail, and nobody gets any before theirs is read."""
    answers: list[NewReply] = []
    letters = []
    for _, event in told:
        try:
            letters.append((normalise_email(event.recipient or ""), event))
        except Invalid:
            continue
    ours = await _who_answers_us(session, letters)
    counted = await session.execute(text(_UNPROVED), {"since": now() - timedelta(days=1)})
    unproved = int(counted.scalar_one())
    for provider, event in told:
        words = (event.text or "").strip()
        try:
            address = normalise_email(event.recipient or "")
        except Invalid:
            continue  # nobody we could write to
        if words:
            proof = _proof(event, is_answer=address in ours)
            unproved += proof is Proof.FAILED
            is_no = says_no(words) and proof is not Proof.FAILED
            status = ReplyStatus.NO if is_no else ReplyStatus.OPEN
            answers.append(
                NewReply(provider, event.event_id[:200], Channel.EMAIL, address, words, event.at, status,
                         BY_ITSELF if is_no else "", proof, proof is not Proof.FAILED or unproved <= MOST_UNPROVED)
            )  # fmt: skip
    for one in answers:
        if one.status is ReplyStatus.NO:
            await take_no_by_mail(session, one.address, {"text": one.said[:160], "at": str(one.at)})
    await keep_replies(session, answers)
    if not all(one.is_holding for one in answers):
        await _tell_of_forgeries(session)


def _proof(event: WebhookEvent, *, is_answer: bool) -> Proof:
    if is_answer:
        return Proof.ANSWER
    return {True: Proof.PASSED, False: Proof.FAILED, None: Proof.NOT_TOLD}[event.is_proved]


_TOLD = "SELECT EXISTS (SELECT FROM notifications WHERE title = :title AND created_at > :since)"


async def _tell_of_forgeries(session: AsyncSession) -> None:
    """Say once in a day that letters come by the dozen in names they cannot prove."""
    if (await session.execute(text(_TOLD), {"title": FORGED, "since": now() - timedelta(days=1)})).scalar_one():
        return
    await notify(
        session,
        title=FORGED,
        body=f"More than {MOST_UNPROVED} e-mails of a day could not be proved to come from whom they name. Further ones"
        " wait under Replies and hold nobody's e-mail: read them soon.",
        link="/replies",
        level="warning",
    )


async def note_mailed_no(session: AsyncSession, actor: Actor, address: str, words: str) -> None:
    """Note that somebody has answered an e-mail with a no, where it reached the shop's own mailbox: the address is
    taken off as its owner's own word.

    Raises:
        Forbidden: the actor is not a marketer.
        Invalid: it is no e-mail address, or the words are too long.
    """
    require(actor, Permission.SENDS_WRITE)
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
