"""The frame of a letter: its `html` and `body`, which nobody hides, and the end of it, which is ours. Pure."""

from __future__ import annotations

import re
from html import unescape

from liquor_app.templates.rendering.layout import firm
from liquor_app.templates.rendering.mail_tags import HtmlTag, html_tags
from liquor_app.templates.rendering.unclosed_markup import Unclosed, closing_of

SHOWN = firm(
    "display:block;visibility:visible;opacity:1;overflow:visible;height:auto;max-height:none;transform:none;filter:none"
    ";translate:none;scale:none;rotate:none;offset-path:none;mix-blend-mode:normal;clip:auto"
    ";clip-path:none;mask:none;content-visibility:visible;zoom:1;text-indent:0;left:auto;top:auto;right:auto;bottom:auto"
)
"""Behind whatever else stands in `style=`: a letter that hides its body hides the way out."""
_STYLE = re.compile(r"""\sstyle\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""", re.IGNORECASE)
_QUOTED = re.compile(r""""[^"\n]*+"|'[^'\n]*+'""")
_UNENDING = re.compile(r"""/\*|[\\"'{}\n]""")
END = "</body></html>"


def framed(made: str) -> str:
    """Return a compiled design up to the end of its body; its frame is shown whatever its sheets say."""
    first: dict[str, HtmlTag] = {}
    end = len(made)
    for tag in html_tags(made):
        if tag.name in ("html", "body"):
            if tag.closes:
                end = tag.start if tag.name == "body" else end
            else:
                first.setdefault(tag.name, tag)
    parts, at = [], 0
    for tag in sorted(first.values()):
        parts += [made[at : tag.start], _shown(tag)]
        at = tag.end
    return "".join([*parts, made[at:end]])


def with_end(html: str, below: str) -> str:
    """Return a rendered design with what stands below it, out of reach of whatever it leaves open.

    Raises:
        Unclosed: it cannot be closed, or its frame is not the one it was compiled with.
    """
    closing = closing_of(html)
    for name in ("html", "body"):
        told = _STYLE.search(closing.frame.get(name, ""))
        style = (told[1] or "") if told else ""
        if not style.endswith(SHOWN) or not _ends(style[: -len(SHOWN)]):
            raise Unclosed(f"Liquid takes its <{name}> away, or changes how it is shown.")
    return f"{html}{closing.markup}{below}{END}"


def _shown(tag: HtmlTag) -> str:
    told = _STYLE.search(tag.inside)
    own = next((one for one in told.groups() if one is not None), "") if told else ""
    own = own.strip().rstrip(";") if _ends(own) else ""
    kept = _STYLE.sub("", tag.inside).rstrip("/ ")
    return f'<{tag.name} style="{own.replace(chr(34), "&quot;")}{";" if own else ""}{SHOWN}"{kept}>'


def _ends(style: str) -> bool:
    """Tell whether what stands in `style=` ends where it seems to: no comment, text or bracket is left open."""
    bare = _QUOTED.sub("", unescape(style))
    depth = 0
    for sign in bare:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            return False
    return depth == 0 and _UNENDING.search(bare) is None
