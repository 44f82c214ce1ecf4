"""The templates every shop starts with: for each kind of message an e-mail and a text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from liquor_app.organization.models import Channel

FRIEND = "{{ customer.first_name | default: 'there' }}"
UNTIL = "{% if offer.discount != '0' %} until {{ offer.ends }}{% endif %}"
"""What takes no money off has no last day."""
FAVOURITE = "{{ customer.favourite | default: 'the good bottles' }}"


@dataclass(frozen=True, slots=True)
class DefaultTemplate:
    """A template as it is first stored."""

    name: str
    channel: Channel
    category: str
    subject: str | None
    html: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class _Letter:
    """The parts of the shared layout that differ; `sms` is the same message in a breath."""

    name: str
    category: str
    subject: str
    preview: str
    band: str
    kicker: str
    title: str
    opening: str
    button: str
    closing: str
    sms: str


_LETTERS = (
    _Letter(
        name="Win-back",
        category="win_back",
        subject="{{ customer.first_name | default: 'Hello' }}, we kept your " + FAVOURITE + " cold",
        preview="{{ offer.text }}" + UNTIL + ".",
        band="#f6dfaf",
        kicker="IT HAS BEEN A WHILE",
        title="Your shelf misses you",
        opening=f"Hello {FRIEND}, we have not seen you for a bit, and we still remember what you like: {FAVOURITE}."
        " So we put something aside.",
        button="Come by or order ahead",
        closing="No hurry, and no hard feelings if your taste has moved on.<br />See you soon,",
        sms=f"Hi {FRIEND}! {{{{ offer.text }}}}{UNTIL}."
        "{% if offer.code %} Code {{ offer.code }}.{% endif %} We kept yours cold.",
    ),
    _Letter(
        name="Thank-you for regulars",
        category="loyalty",
        subject="First pour is yours, {{ customer.first_name | default: 'friend' }}",
        preview="{{ offer.text }}. For regulars, before anybody else.",
        band="#ecd9c6",
        kicker="FOR OUR REGULARS",
        title="First pour is yours",
        opening=f"{FRIEND}, you have kept this shop going, and we would rather thank you than shout at strangers."
        " Here is something before it goes on the shelf.",
        button="See what is new",
        closing="With our thanks,",
        sms=f"{FRIEND}, for regulars first: {{{{ offer.text }}}}{UNTIL}."
        "{% if offer.code %} Code {{ offer.code }}.{% endif %}",
    ),
    _Letter(
        name="Better as a pair",
        category="bundle_offer",
        subject="Better as a pair: {{ offer.text }}",
        preview="One for tonight, one for Friday.",
        band="#f3d9a4",
        kicker="ONE FOR NOW, ONE FOR LATER",
        title="Better as a pair",
        opening=f"Hello {FRIEND}, one more {FAVOURITE} beside the usual saves you a trip"
        "{% if offer.discount != '0' %}, and a little money{% endif %}.",
        button="Make it a pair",
        closing="Carry bags are on us,",
        sms=f"{FRIEND}, better as a pair: {{{{ offer.text }}}}{UNTIL}."
        "{% if offer.code %} Code {{ offer.code }}.{% endif %}",
    ),
    _Letter(
        name="Something new",
        category="discovery",
        subject="If you like " + FAVOURITE + ", try this",
        preview="One bottle you have not had yet. {{ offer.text }}.",
        band="#dfe6d8",
        kicker="PICKED FOR YOUR SHELF",
        title="If you like that, try this",
        opening=f"{FRIEND}, going by your taste for {FAVOURITE}, there is a bottle on our tasting shelf"
        " we think you would take home twice.",
        button="Have a look",
        closing="Tell us if we were wrong,",
        sms=f"{FRIEND}, something new beside your usual: {{{{ offer.text }}}}{UNTIL}."
        "{% if offer.code %} Code {{ offer.code }}.{% endif %}",
    ),
    _Letter(
        name="Good to have met you",
        category="second_purchase",
        subject="Good to have met you, {{ customer.first_name | default: 'friend' }}",
        preview="{{ offer.text }}" + UNTIL + ".",
        band="#e8dcc8",
        kicker="WELCOME IN",
        title="Good to have met you",
        opening=f"Hello {FRIEND}, thank you for your first visit. We are a small shop with long shelves:"
        " ask us anything, we taste it all.",
        button="Plan your second visit",
        closing="See you at the counter,",
        sms=f"{FRIEND}, good to have met you: {{{{ offer.text }}}}{UNTIL}."
        "{% if offer.code %} Code {{ offer.code }}.{% endif %}",
    ),
)


CODE = "{% if offer.code %} Code {{ offer.code }}.{% endif %}"


def _sms(words: str) -> str:
    return f"{{% if own_words %}}{{{{ own_words }}}}{CODE}{{% else %}}{words}{{% endif %}}"


@cache
def default_templates() -> tuple[DefaultTemplate, ...]:
    """Return all of them, in the order they are listed."""
    layout = (Path(__file__).parent / "layout.mjml").read_text()
    made = []
    for letter in _LETTERS:
        html = layout
        for part in ("preview", "band", "kicker", "title", "opening", "button", "closing"):
            html = html.replace(f"@{part}@", getattr(letter, part))
        made.append(
            DefaultTemplate(f"{letter.name}, e-mail", Channel.EMAIL, letter.category, letter.subject, html, None)
        )
        made.append(DefaultTemplate(f"{letter.name}, SMS", Channel.SMS, letter.category, None, None, _sms(letter.sms)))
    return tuple(made)
