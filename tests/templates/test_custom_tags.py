"""Custom fields in templates: escaped, with a fallback, never another customer's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.customers.labels.custom_values import custom_of
from liquor_app.organization.models import Channel
from liquor_app.sending.pipeline.stencil import Stencils
from liquor_app.templates.preview import preview_draft
from liquor_app.templates.rendering.render import Incomplete, TemplateSource, compile_template, render_message
from liquor_app.templates.rendering.variables import Recipient, build_context
from liquor_app.templates.template_lint import find_problems
from tests.factories import open_shop
from tests.imports.test_import import run
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


@pytest.mark.integration
async def test_a_field_a_file_filled_is_shown_and_sent(database: str, tmp_path: Path) -> None:
    """From the file's own column through the preview, to what a sender is told of somebody."""
    path = tmp_path / "people.csv"
    path.write_text("email,Favoritegrape\nann@t.example,Riesling\nbo@t.example,\n")
    await run(path, mapping={"email": "email", "custom.text.favorite_grape": "Favoritegrape"})
    source = TemplateSource(Channel.EMAIL, "Hi", f"<p>{GRAPE}</p>", None)
    async with transaction() as session:
        await open_shop(session)
        found = await session.execute(text("SELECT id, raw_data FROM customers ORDER BY email"))
        people = list(found)
        shown = [(await preview_draft(session, SYSTEM, source, customer_id=one.id)).html or "" for one in people]
    assert ["Riesling" in shown[0], "your grape" in shown[1]] == [True, True]
    assert [custom_of(one.raw_data) for one in people] == [{"favorite_grape": "Riesling"}, {}]
