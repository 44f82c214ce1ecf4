"""Custom fields in templates: escaped, with a fallback, never another customer's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from liquor_app.organization.models import Channel
from liquor_app.sending.pipeline.stencil import Stencils
from liquor_app.templates.rendering.render import Incomplete, TemplateSource, compile_template, render_message
from liquor_app.templates.rendering.variables import Recipient, build_context
from liquor_app.templates.template_lint import find_problems
from tests.sending.test_stencil import BRAND, OFFER, facts, legal, template

GRAPE = "{{ custom.favorite_grape | default: 'your grape' }}"


def drawn(html: str, **custom: str) -> str:
    source = TemplateSource(Channel.EMAIL, "Hi", f"<p>{html}</p>", None)
    person = Recipient("Ada", None, None, custom)
    return render_message(compile_template(source), build_context(person, OFFER, BRAND), legal()).html or ""


def test_a_field_is_shown_escaped_and_has_a_fallback() -> None:
    assert "<p>Riesling</p>" in drawn(GRAPE, favorite_grape="Riesling")
    assert "<p>your grape</p>" in drawn(GRAPE)
    assert "<p>your grape</p>" in drawn(GRAPE, other="x")
    hostile = drawn(GRAPE, favorite_grape="<script>alert(1)</script>{{ brand.name }}")
    assert "<script>alert" not in hostile
    assert "&lt;script&gt;" in hostile
    assert "{{ brand.name }}" in hostile, "a value is no template"
    with pytest.raises(Incomplete, match="favorite_grape"):
        drawn("{{ custom.favorite_grape }}")


def test_a_field_of_the_shops_own_is_no_slip_of_the_pen() -> None:
    def warned(words: str) -> list[str]:
        return [one.message for one in find_problems(TemplateSource(Channel.EMAIL, "Hi", f"<p>{words}</p>", None))]

    assert warned(GRAPE) == []
    assert any("custom" in one or "custmo" in one for one in warned("{{ custmo.grape | default: 'x' }}"))


@pytest.mark.parametrize(
    "words",
    [GRAPE, "{% assign g = custom.favorite_grape %}{{ g }}", "{{ custom['favorite_grape'] }}",
     "{% for one in custom %}{{ one[1] }}{% endfor %}"],
)  # fmt: skip
def test_nobody_gets_anothers_value_from_a_kept_rendering(words: str) -> None:
    stencils, made = Stencils(), template(f"<p>{words}</p>")
    for grape in ("Riesling", "Merlot", "Syrah"):
        person = replace(facts().person, custom={"favorite_grape": grape})
        letter = stencils.render(made, replace(facts(), person=person), legal())
        html = letter.body.html if hasattr(letter.body, "html") else ""
        assert grape in str(html)
