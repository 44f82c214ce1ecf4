"""What tracking costs a message: wrapped after rendering, as any template can be, and in the stencil's holes.

The shipped win-back template with its links in both parts and the pixel; microseconds a message, one process.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

from liquor_app.core.config import get_settings
from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.organization.service import BrandRow
from liquor_app.sending.pipeline.stencil import Facts, Letter, Stencils
from liquor_app.sending.tracking.links import Tracker, track_message
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.rendering.render import Legal, Rendered, TemplateSource
from liquor_app.templates.rendering.variables import OfferFacts, Recipient
from liquor_app.templates.template_catalog import CurrentTemplate

BRAND = BrandRow(
    uuid7(), "Harbor & Vine", None, "", "band", "#995a07", "https://shop.example.com", "Harbor & Vine",
    "offers@shop.example.com", None, None, "14 Wharf St", "", "America/New_York", True, True,
)  # fmt: skip


async def run(sends: int = 20_000) -> AsyncIterator[dict[str, object]]:
    """One line: `plain` is rendering alone."""
    made = next(one for one in default_templates() if one.channel is Channel.EMAIL)
    template = CurrentTemplate(uuid7(), TemplateSource(made.channel, made.subject, made.html, made.text))
    stencils, base = Stencils(), get_settings().base_url
    person = Recipient("Marguerite Okafor", "Portland", "Craft beer")
    terms = {"name": "Favourite category", "discount_pct": "10", "category": "Craft beer", "expires_on": "2026-11-29"}
    facts = Facts(person, OfferFacts("10% off craft beer", "It has been a while.", terms, "KV7Q-2MRT"), BRAND)
    ids = [uuid7() for _ in range(sends)]

    def legal(n: int) -> Legal:
        return Legal("Harbor & Vine", "14 Wharf St", "", "Drink responsibly.", 21, *(f"{base}/{p}/{n}" for p in "upm"))

    def tracker(n: int) -> Tracker:
        return Tracker(ids[n], clicks=True, opens=True)

    def joined(letter: Letter) -> Rendered:
        return Rendered(letter.subject, letter.body.html, letter.body.text)

    def micros(render: Callable[[int], object]) -> float:
        render(0)
        began = time.perf_counter()
        for n in range(sends):
            render(n)
        return round((time.perf_counter() - began) / sends * 1e6, 1)

    yield {
        "benchmark": "tracking",
        "sends": sends,
        "plain_us": micros(lambda n: joined(stencils.render(template, facts, legal(n)))),
        "wrapped_after_us": micros(
            lambda n: track_message(joined(stencils.render(template, facts, legal(n))), tracker(n))
        ),
        "in_the_stencil_us": micros(lambda n: joined(stencils.render(template, facts, legal(n), tracker(n)))),
        "not_joined_us": micros(lambda n: stencils.render(template, facts, legal(n), tracker(n))),
    }
