"""Hostile templates: refused in moments, with the line to blame, whatever they try to wear out."""

from __future__ import annotations

import gc
from itertools import count
from time import process_time, thread_time
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.errors import Invalid
from liquor_app.organization.models import Channel
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.preview import preview_draft
from liquor_app.templates.rendering import render_limits
from liquor_app.templates.rendering.render import Legal, Misshapen, TemplateSource, compile_template, render_message
from liquor_app.templates.rendering.render_limits import MAX_SECONDS, STRIKES, liquid_spans
from liquor_app.templates.rendering.variables import example_context
from liquor_app.templates.service import create_template
from liquor_app.templates.template_lint import find_problems
from tests.people import ensure_shop

LEGAL = Legal("Brand", "1 Main St", "", "21 and over.", 21, "https://example.com/u")
GROWN = "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 13
SLOW = (
    "x\n\n{% for i in (1..40) %}{% for j in (1..50) %}\n"
    "{{ (1..2000) | sort | join: ',' | split: ',' | sort | uniq | size }}{% endfor %}{% endfor %}"
)

HOSTILE = {
    "nested loops": (SLOW, 3, "takes longer than 0.5 seconds"),
    "a loop too many": (
        "{% for a in (1..99) %}{% for b in (1..99) %}x{% endfor %}{% endfor %}",
        1,
        "loops run more than 2,000 times",
    ),
    "a range joined": ("\n{{ (1..300000000) | join: ',' }}", 2, "range has more than 2,000 steps"),
    "a range searched": ("{% assign r = (1..900000000) %}{% if r contains 5.5 %}x{% endif %}", 1, "range has more"),
    "a text multiplied": (GROWN + "\n{{ x | replace: 'a', x }}", 2, "more than a message can need"),
    "a list multiplied": (GROWN + "{% assign y = x | split: '' %}\n{{ y | join: x }}", 1, "more than a message"),
    "a list compared": (GROWN + "\n{{ x | split: '' | uniq | size }}", 2, "more than a message can need"),
    "a list doubled": ("{% assign y = 'a,b' | split: ',' %}" + "{% assign y = y | concat: y %}" * 30, 1, "more than"),
    "a number squared": ("{% assign x = 99999 %}" + "{% assign x = x | times: x %}" * 30, 1, "more than a message"),
    "a condition without end": ("{% if " + "a or " * 9000 + "a %}x{% endif %}", 1, ""),
    "blocks in blocks": ("{% if a %}" * 3000 + "{% endif %}" * 3000, 1, "nesting"),
    "openings": ("a\n" + "{%" * 45_000, 2, "never closed with %}"),
    "more openings": ("{{" * 45_000, 1, "never closed with }}"),
    "tags": ("a\nb\n" + "<a " * 30_000, 3, "never closed with >"),
    "comments": ("<!--" * 20_000, 1, "never closed with -->"),
    "elements in elements": ("<div>" * 15_000, 1, "200 elements"),
    "MJML in MJML": ("<mjml><mj-body>" + "<mj-wrapper>" * 4000 + "</mj-body></mjml>", 1, "200 elements"),
}


def email(html: str) -> TemplateSource:
    return TemplateSource(Channel.EMAIL, "s", html, None)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_line_to_blame_is_told(name: str) -> None:
    html, line, words = HOSTILE[name]
    with pytest.raises(Invalid):
        render_message(compile_template(email(html)), example_context(), LEGAL)
    (problem, *_) = find_problems(email(html))
    assert words in problem.message
    assert problem.field == "body_html_template"
    assert problem.line in ({line, 0} if name == "a condition without end" else {line})


async def test_preview_and_saving_refuse_it(session: AsyncSession) -> None:
    await ensure_shop(session)
    with pytest.raises(Misshapen, match="line 3: it takes longer"):
        await preview_draft(session, SYSTEM, email(SLOW))
    with pytest.raises(Misshapen, match=r"line 3: it takes longer than 0.5 seconds. Use fewer or smaller loops."):
        await create_template(
            session, SYSTEM, name=str(uuid4()), channel="email", category="win_back", subject_template="s",
            body_html_template=SLOW,
        )  # fmt: skip
    with pytest.raises(Misshapen, match="subject_template, line 1"):
        await create_template(
            session, SYSTEM, name=str(uuid4()), channel="email", category="win_back", body_html_template="x",
            subject_template="{{ (1..99999) | join: '' }}",
        )  # fmt: skip


def test_whoever_sends_it_is_held_up_three_times_and_no_more() -> None:
    """It was stored before there were bounds, or is slow for some customers only."""
    compiled = compile_template(email(SLOW))
    for _ in range(STRIKES):
        with pytest.raises(Invalid):
            render_message(compiled, example_context(), LEGAL)
    began = process_time()
    for _ in range(100):
        with pytest.raises(Invalid):
            render_message(compiled, example_context(), LEGAL)
    assert process_time() - began < 100 * MAX_SECONDS / 2


def test_waiting_for_a_busy_machine_is_nobodys_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks at the clock other programs had the processor."""
    ticks = count(step=int(10 * MAX_SECONDS) + 1)
    monkeypatch.setattr(render_limits, "monotonic", lambda: float(next(ticks)))
    compiled = compile_template(email("<p>{{ offer.text }}, {{ customer.first_name }}</p>"))
    for _ in range(STRIKES + 1):
        assert "10% off" in (render_message(compiled, example_context(), LEGAL).html or "")


def test_what_shops_write_stays_possible() -> None:
    usual = (
        "<!-- a note --><!--[if mso]><table><tr><td><![endif]-->{% assign list = 'ale,stout' | split: ',' %}"
        "{% for one in list %}{{ one | capitalize | append: '!' }}{% endfor %}{% if 1 < 2 %}<br>{% endif %}"
        "{% for i in (1..5) %}{{ i }}{% endfor %}{{ (1..4) | join: '-' }}<img src='a.png' alt='5 > 4'>"
    )
    made = render_message(compile_template(email(usual)), example_context(), LEGAL)
    assert "Ale!Stout!" in (made.html or "")
    assert "123451-2-3-4" in (made.html or "")
    assert not find_problems(email(usual))
    for one in default_templates():
        assert not find_problems(TemplateSource(one.channel, one.subject, one.html, one.text))


def test_spans_are_where_liquid_stands() -> None:
    source = "a {{ b }} { c {% d %}{{ e"
    assert [source[start : end if end > 0 else None] for start, end in liquid_spans(source)] == [
        "{{ b }}", "{% d %}", "{{ e",
    ]  # fmt: skip


def test_collecting_garbage_is_not_the_templates_time() -> None:
    """A process with a large heap collects for half a second now and then, in whichever thread comes next."""

    class Collects:
        def __str__(self) -> str:
            began = thread_time()
            while thread_time() - began < MAX_SECONDS + 0.1:
                gc.collect()
            return "Portland"

    source = email("{{ customer.city }}{% assign a = 1 %}{% for i in (1..3) %}{{ a }}{% endfor %}")
    context = example_context()
    context["customer"] = {**context["customer"], "city": Collects()}
    assert "111" in (render_message(compile_template(source), context, LEGAL).html or "")
