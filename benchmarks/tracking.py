"""What tracking costs a message: wrapped after rendering, as any template can be, and in the stencil's holes.

The shipped win-back template with its links in both parts and the pixel; microseconds a message, one process.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

from liquor_app.core.config import get_settings
from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.sending.stencil import Stencils
from liquor_app.sending.tracking import Tracker, track_message
from liquor_app.templates.catalog import CurrentTemplate
from liquor_app.templates.context import example_context
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.render import Legal, Rendered, TemplateSource


async def run(sends: int = 20_000) -> AsyncIterator[dict[str, object]]:
    """One line: `plain` is rendering alone."""
    made = next(one for one in default_templates() if one.channel is Channel.EMAIL)
    template = CurrentTemplate(uuid7(), TemplateSource(made.channel, made.subject, made.html, made.text))
    stencils, base, context = Stencils(), get_settings().base_url, example_context()
    ids = [uuid7() for _ in range(sends)]

    def legal(n: int) -> Legal:
        return Legal("Harbor & Vine", "14 Wharf St", "", "Drink responsibly.", 21, *(f"{base}/{p}/{n}" for p in "upm"))

    def tracker(n: int) -> Tracker:
        return Tracker(ids[n], clicks=True, opens=True)

    def micros(render: Callable[[int], Rendered]) -> float:
        render(0)
        began = time.perf_counter()
        for n in range(sends):
            render(n)
        return round((time.perf_counter() - began) / sends * 1e6, 1)

    yield {
        "benchmark": "tracking",
        "sends": sends,
        "plain_us": micros(lambda n: stencils.render(template, context, legal(n))),
        "wrapped_after_us": micros(lambda n: track_message(stencils.render(template, context, legal(n)), tracker(n))),
        "in_the_stencil_us": micros(lambda n: stencils.render(template, context, legal(n), tracker(n))),
    }
