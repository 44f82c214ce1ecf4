"""A no in any words is a no, and what only sounds like one is read by a person and holds (47 CFR 64.1200(a)(10))."""

from __future__ import annotations

import time

import pytest

from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.customers.addresses import address_hash
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.inbox import hear_texts
from liquor_app.sending.events.replies import unread_from
from liquor_app.sending.events.sms_keywords import Wish, not_understood, wish_of
from liquor_app.sending.events.stop_requests import asks_to_stop
from liquor_app.sending.events.text_answers import UNANSWERED, twiml
from tests.people import add_customer, ensure_shop

ASKED = (
    "STOP", "Stop.", "stop please", "STOPALL", "END", "quit", "Cancel", "UNSUBSCRIBE", "revoke", "opt out", "OPT-OUT",
    "pls stop texting me", "Stop sending me these", "stop 🛑", "No más", "no mas mensajes por favor",
    "ya no me manden mensajes", "dejen de mandarme textos", "quítenme de la lista", "no quiero más mensajes",
    "cancelar suscripción", "Who is this? Stop", "leave me alone", "take my number off your list", "\"STOP\"",
    "do not contact me again", "I no longer wish to receive these", "unsubscribe me from this list", "stop it",
    "stop!! u r annoying", "end this", "basta ya", "ALTO por favor", "wrong number", "Please remove this number",
    "I want to opt out", "please take me off this list", "stop messaging me", "no more", "I don't want these texts",
    "don’t text me anymore", "no me escriban más", "desuscribir", "Stop\nSent from my iPhone", "I said STOP",
    "STOP STOP STOP", "S T O P", "stop pls 🙏", "Unsubscribe me", "no thanks stop",
    "I love your store but please stop texting me", "Stop texting me about wine", "please quit messaging this phone",
    "I'd like to opt out please", "OPTOUT", "Please opt-me-out", "how do I stop these", "how do i unsubscribe",
    "How can I opt out of these texts?", "I want off this list", "get me off this list",
    "stop sending messages to this number", "please stop contacting me", "do not text", "No more SMS please",
    "quit texting", "TEXT STOP", "reply stop", "STOP (not interested)", "Please cease all messages", "cease",
    "I revoke my consent", "revoke consent", "I withdraw my consent", "never text this number again",
    "I'm not a customer, remove this number", "PLEASE STOP!!! THIS IS THE 3RD TIME", "stop texting or I report you",
    "Stop now please, thank you", "no more spam", "Unsubscribe please 🙏🏽", "i dont want any more texts",
    "I don't want text messages from you", "i do not want to receive texts", "no deseo más mensajes",
    "no me interesa, no manden más", "paren de mandar mensajes", "no más textos", "sáquenme de la lista",
    "por favor no me envíen más mensajes", "ya no más", "deténganse", "darse de baja", "Baja por favor",
    "SALIR DE LA LISTA", "Ok stop", "Remove me\n\nSent from my Galaxy", "i dont want to receive these",
    "who is this stop texting me", "I do not want to be on your list", "How do I get off this list?",
    "opt out of these messages", "please stop all stop all", "Unsub", "s\u200bto\u00adp", "Cancelen por favor",
    "eliminar", "Detente ya", "HALT",
)  # fmt: skip
NOT_ASKED = (
    "Please don't remove me", "Don't take me off the list", "I did not unsubscribe",
    "I got no message about the sale", "There was no text with the code", "do not send it, I'll pick it up",
    "don't bother, I'll come tomorrow", "Don't send the driver today", "Why did you remove me?",
    "no texts about beer yet, when is the next?", "I don't want you to stop texting me",
    "Take this number: 207 555 0100", "drop me a line", "I never contact support, who do I call",
    "Delete this number 2075550100 from my order and use mine",
    "Remove us from the waitlist for Friday and add Saturday", "Will you opt out of the wine fair?",
    "the wrong number of bottles came", "wrong number of bottles", "Do I have to quit my other membership",
    "never write checks there", "dont write off the Merlot", "no more messages? I miss them", "don't text and drive",
    "enough texts already arrived, thanks!", "Don't stop", "I'd take me one of those", "non-stop fun!",
    "Can't stop laughing", "What time do you close?", "Weekend?", "I'll stop by at 5",
    "I will stop by tomorrow to pick up", "When does the sale end?", "remove the whisky from my order",
    "can you stop by?", "no more whisky left?", "thanks", "fin de semana?", "where's the bus stop",
    "Never stop sending these", "no, más tarde", "the end", "please cancel my order", "quitting time!",
    "¿a qué hora termina la cata?", "elimina el whisky del pedido", "halt the presses, Pappy is back?",
    "endless summer wine?", "Do you have Full Stop IPA?", "baja california wine?",
    "I dont want to get up early", "I no longer want to get the Merlot",
    "I don't want to receive the package on Friday", "stop sending the driver to the wrong door",
    "You never text me back", "you dont text me anymore?", "if you stop texting me I will be sad",
    "what happens if I text STOP?",
)  # fmt: skip


def text_of(words: str, **more: str) -> WebhookEvent:
    return WebhookEvent(EventKind.INBOUND, words, now(), None, recipient="+12072000043", text=words, **more)


@pytest.mark.parametrize("words", ASKED)
def test_any_reasonable_words(words: str) -> None:
    assert wish_of(words) is Wish.STOP
    assert wish_of(f"  {words.upper()}  ") is Wish.STOP


@pytest.mark.parametrize("words", NOT_ASKED)
def test_what_only_sounds_like_it_is_a_persons_to_read(words: str) -> None:
    assert wish_of(words) is None
    assert not_understood(text_of(words)), "it waits under Replies, and holds"


@pytest.mark.parametrize("told", ["HELP", "START", "help", "nonsense", None])
def test_a_no_is_never_lost_to_what_the_provider_took_it_for(told: str | None) -> None:
    assert wish_of("STOP", told) is Wish.STOP
    assert wish_of("please remove me from your list", told) is Wish.STOP


@pytest.mark.parametrize(
    "run", ["stop all ", "please stop ", "please ", "texts ", "no more ", "dont ", "remove me ", "a b ",
            "unsubscribe from ", "take me off the ", "how do i ", "dont want to get any more ", "- ", "sac", "i said "],
)  # fmt: skip
def test_nobody_can_make_it_slow(run: str) -> None:
    asked = (run * 2_000)[:1_999] + "x"
    began = time.thread_time()
    asks_to_stop(asked)
    assert time.thread_time() - began < 0.1


@pytest.mark.integration
async def test_who_was_not_understood_is_neither_taken_off_nor_written_to(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        await add_customer(session, phone="+12072000043")
        await hear_texts(session, [("twilio", text_of("Please don't remove me"))])
        assert "unsubscribed" in await twiml(session, [text_of("please stop", opt_out="HELP")])
        assert await twiml(session, [text_of("please stop", opt_out="STOP")]) == UNANSWERED, "Twilio has said so"
    async with transaction() as session:
        held = await unread_from(session, {address_hash("+12072000043")})
        assert held == {address_hash("+12072000043")}
