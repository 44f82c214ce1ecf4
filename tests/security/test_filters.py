"""Every filter of templates, given everything: a word for the author, never an error of ours."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest

from liquor_app.core.errors import Invalid
from liquor_app.organization.models import Channel
from liquor_app.templates.rendering.render import _TEXT, Legal, TemplateSource, compile_template, render_message

LEGAL = Legal("Brand", "1 Main St", "", "21 and over.", 21, "https://example.com/u")
GIVEN = [
    "'Infinity'", "'NaN'", "'1e400'", "'-0'", "'0.0'", "''", "'gA=='", "'%ff'", "99999999999999", "-99999999999", "1.5",
    "nil", "true", "(1..3)", "self", "customer", "customer.name", "nothing.at.all", "'a,b' ", "'\U0001f377'",
]  # fmt: skip
ASKED = ["", ": 0", ": '0.0'", ": 'x', 'y'", ": nil", ": '%Y'", ": (1..2)", ": 1e3", ": customer"]


@pytest.mark.parametrize("name", sorted(_TEXT.filters))
def test_a_filter_given_anything(name: str) -> None:
    for given, asked in itertools.product(GIVEN, ASKED):
        source = TemplateSource(Channel.SMS, None, None, f"Hi {{{{ {given} | {name}{asked} }}}}")
        with suppress(Invalid):  # anything else fails
            compiled = compile_template(source)
            render_message(compiled, {"customer": {"name": "Infinity"}, "self": "me"}, LEGAL)
