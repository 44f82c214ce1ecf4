"""Files and templates made to burst: refused in words, outside of our own memory, while everybody else is served."""

from __future__ import annotations

import asyncio
import os
import zipfile
from pathlib import Path

import psutil
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.readers.formats import open_table
from liquor_app.organization.models import Channel
from liquor_app.templates.rendering.compile_sandboxed import COMPILING
from liquor_app.templates.rendering.render import TemplateSource, compile_template
from liquor_app.templates.template_lint import find_problems

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override'
    ' PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main'
    '+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship'
    f' Id="r1" Type="{RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELATION}"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets>'
    "</workbook>",
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="r1" Type="{RELATION}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
HEAD = '<row r="1"><c t="inlineStr"><is><t>email</t></is></c></row>'


def sheet(rows: str) -> str:
    return f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>"


def one(text: str) -> str:
    return f'<row r="2"><c t="inlineStr"><is><t>{text}</t></is></c></row>'


BOMBS = {
    "one cell of 320 MB": (lambda: sheet(HEAD + one("a" * 320_000_000)), "too large|damaged"),
    "a header of 300 MB": (lambda: sheet(one("b" * 300_000_000)), "too large|damaged"),
    "a row to be counted up to": (lambda: sheet(f'{HEAD}<row r="99999999999"><c><v>1</v></c></row>'), "which no sheet"),
    "rows that hold nothing": (lambda: sheet(HEAD + '<row r="1048577"/>' + "<row/>" * 3_000_000), "which no sheet"),
    "elements in elements": (lambda: sheet(HEAD + "<row>" * 400_000), "damaged|too large"),
    "entities": (
        lambda: (
            '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
            + f"]>{sheet(HEAD + one('&j;'))}"
        ),
        "damaged|too large",
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_a_workbook_made_to_burst(bomb: str, tmp_path: Path) -> None:
    """Random bytes beside the sheet defeat every ratio of sizes; what counts is what a worker may use."""
    make, words = BOMBS[bomb]
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in PARTS.items():
            archive.writestr(name, part)
        archive.writestr("xl/worksheets/sheet1.xml", make())
        archive.writestr("xl/media/noise.bin", os.urandom(2_500_000))
    memory = psutil.Process().memory_info().rss

    def read() -> int:
        with open_table(path) as table:
            return sum(1 for _ in table)

    reading = asyncio.create_task(asyncio.to_thread(read))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0.01)
        turns += 1
    with pytest.raises(Invalid, match=words) as caught:
        await reading
    assert caught.value.field == "file"
    assert turns > 3, "others had their turn meanwhile"
    assert psutil.Process().memory_info().rss - memory < 100 * 1024**2


def email(html: str) -> TemplateSource:
    return TemplateSource(Channel.EMAIL, "s", html, None)


STALLS = {
    "comments in comments": "<p>x</p>" + "<!--" * 24_000 + "-->",
    "styles times elements": "<style>" + "".join(f".a{n} b{{color:red}}" for n in range(1500)) + "</style>"
    + "<b>x</b>" * 3000,
    "selectors that climb": "<style>" + "* * * * * * * * * * * * * * * * *{color:red}" * 100 + "</style>"
    + ("<div>" * 190 + "</div>" * 190) * 20,
    "a style for everybody": "<style>*{background:url(" + "a" * 60_000 + ")}</style>" + "<b>x</b>" * 3900,
    "variables in circles": "<style>:root{" + "".join(f"--a{n}:var(--a{n + 1}) var(--a{n + 1});" for n in range(40))
    + "} p{color:var(--a0)}</style><p>x</p>",
    "selectors in selectors": "<style>" + ":not(" * 9000 + "a" + ")" * 9000 + "{color:red}</style><p>x</p>",
    "brackets": "<style>" + "[" * 40_000 + "{" * 40_000 + "</style><p>x</p>",
    "quotes in tags": "<mjml><mj-body>" + "<mj-text a=\"'\" b='\"' " * 2000 + "></mj-text></mj-body></mjml>",
    "quotes": "<p>" + "<a 'b\"" * 9000 + "></p>",
    "declarations": "<p>x</p>" + "<!" * 40_000 + ">",
    "half a marked section": "<p>x</p><![CDATA[" * 5000 + "]]>",
    "ampersands": "<p>" + "&#x" * 30_000 + "</p>",
}  # fmt: skip


@pytest.mark.parametrize("stall", STALLS)
async def test_a_template_made_to_stall(stall: str) -> None:
    """Compiled or refused within a worker's seconds, while everybody else is served."""
    looking = asyncio.create_task(COMPILING.run(find_problems, email(STALLS[stall])))
    turns = 0
    while not looking.done():
        await asyncio.sleep(0.002)
        turns += 1
    problems = await looking
    assert turns >= 1
    if problems:
        assert problems[0].field == "body_html_template"
    else:
        assert (await COMPILING.run(compile_template, email(STALLS[stall]))).html is not None


@pytest.mark.parametrize(
    "mark", ["LQ0QL", "LQ99999QL", "LQ0N0QL", "LQ" + "9" * 5000 + "QL", "\U0001f377LQ1QL\U0001f377"]
)
def test_marks_an_author_writes_are_words(mark: str) -> None:
    """What stands in for Liquid while a design is compiled cannot be written by hand."""
    made = compile_template(email(f"<p>{mark} {{{{ customer.name }}}} {mark}</p>"))
    assert made.html is not None
    shown = made.html.render(customer={"name": "Ann"}, legal={})
    assert f"{mark} Ann {mark}" in shown
