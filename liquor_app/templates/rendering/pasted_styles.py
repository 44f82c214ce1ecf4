"""Style sheets of pasted designs: what is written onto the elements, and what only a mail client can decide. Pure.

A phone's width, a dark screen, a pointer above a link and what clients put around a letter (`[data-ogsc]`, `u + .body`)
are known where it is read: such rules stay in a `<style>`. They would lose to the `style=` they are meant to change, so
what is kept is `!important`; a rule that is inlined and outranks it ("the small print stays small") is said again.
`style="width: 600px !important"` would win for ever: an inlined declaration is important no longer where a kept one
that is changes the same of its element. What an author (or our footer) writes so into `style=` is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from secrets import token_hex
from typing import NamedTuple

from liquor_app.templates.rendering.text_part import MARK, unescape_attribute

_STYLE = re.compile(r"""<!--|<style\b((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""", re.IGNORECASE)
_STYLE_ENDS = re.compile(r"</style\s*+>", re.IGNORECASE)
_MEDIA = re.compile(r"""(?<![\w-])media\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_EVERYWHERE = frozenset({"", "all", "screen", "only screen"})
_PIECE = re.compile(r"""/\*|\\.|"(?:[^"\\\n]++|\\.)*+"|'(?:[^'\\\n]++|\\.)*+'|[{}();,\[\]]""", re.DOTALL)
_CONDITIONAL = re.compile(r"@(?:-\w+-)?(?:media|supports|container|layer|document)\b", re.IGNORECASE)
_IMPORTANT = re.compile(r"!\s*important\s*$", re.IGNORECASE)
_STYLED = re.compile(r"""(?<=\sstyle=)"[^"]*+"|(?<=\sstyle=)'[^']*+'""", re.IGNORECASE)
_DECLARATIONS = re.compile(r"(?:[^;&]++|&[#\w]++;|&)++")
_SIMPLE = re.compile(r"(?:[\w.#*-]|\\[^\s{}])+")
_PSEUDO = re.compile(r"(?<!\\)::?[\w-]++(?:\([^)]*+\))?|\[[^\]]*+\]")
_DEEPEST = 3
"""At-rules in one another; what lies deeper stays as it is written."""


_Weight = tuple[int, int, int, int, int]
"""Ids, classes, names; then which sheet, which rule in it: who weighs more wins."""
_Plain = dict[str, dict[tuple[str, bool], tuple[_Weight, str]]]
"""The declarations that are inlined, by selector, then by property and whether it is important: the one that wins."""


class _Rule(NamedTuple):
    """A rule or an at-rule of a sheet; `body` is None where it has no block."""

    head: str
    body: str | None

    def __str__(self) -> str:
        return f"{self.head};" if self.body is None else f"{self.head}{{{self.body}}}"


class _Sheet(NamedTuple):
    media: str
    rules: list[_Rule]


def split_styles(html: str, inline: Callable[[str], str]) -> str:
    """Return the document with its rules inlined by `inline`, and the others in a `<style>` where theirs stood."""
    parts: list[str | _Sheet] = [*_parts(html)]
    sheets = [part for part in parts if isinstance(part, _Sheet)]
    if not sheets:
        return inline(html)
    found = _Found(parts, inline)
    plain = _plain(sheets)
    eased = _Eased()
    fence = f"S{token_hex(6)}"
    whole, kept = [], list[str]()
    first: int | None = None
    for part in parts:
        if isinstance(part, str):
            whole.append(eased.guard(part))
            continue
        inlined, left = _divided(part, len(kept), found, plain, eased)
        first = len(whole) if first is None else first
        whole.append(f"<style>{inlined}</style><!--{fence}{len(kept)}-->")
        kept.append(f"<style>{left}</style>" if left else "")
    if first is not None:
        whole.insert(first, eased.sheet())
    made = eased.ease(inline("".join(whole)))
    return re.sub(rf"<!--{fence}(\d+)-->", lambda place: kept[int(place[1])], made)


class _Eased:
    """Takes `!important` from what was inlined where a kept rule that had it, or has got it, changes the same: the
    inliner tells the elements, by properties of our own."""

    def __init__(self) -> None:
        self._name = f"--e{token_hex(6)}"
        self._told = dict[tuple[str, str], None]()

    def guard(self, html: str) -> str:
        """Mark what `style=` itself says is important."""

        def marked(style: re.Match[str]) -> str:
            own = [_property(one) for one in _DECLARATIONS.findall(style[0][1:-1]) if _IMPORTANT.search(one)]
            return style[0][:-1] + "".join(f";{self._name}-own-{one}:1" for one in own if one) + style[0][-1]

        return _STYLED.sub(marked, html)

    def learn(self, kept: _Rule) -> None:
        for leaf in _leaves(kept):
            stems = {_stem(one) for one in _pieces(leaf.body or "", ";") if _IMPORTANT.search(one)}
            for selector in map(_reached, _pieces(MARK.sub("", leaf.head), ",") if stems else ()):
                if _SIMPLE.fullmatch(selector):
                    self._told |= dict.fromkeys((selector, stem) for stem in stems if stem.isalnum())

    def sheet(self) -> str:
        rules = "\n".join(f"{selector}{{{self._name}-{stem}:1}}" for selector, stem in self._told)
        return f"<style>{rules}</style>" if rules else ""

    def ease(self, html: str) -> str:
        return re.sub(rf' style="([^"]*{self._name}-[^"]*)"', self._eased, html)

    def _eased(self, style: re.Match[str]) -> str:
        told = [one.strip() for one in _DECLARATIONS.findall(style[1])]
        ours = {_property(one).removeprefix(f"{self._name}-") for one in told if one.startswith(self._name)}
        left = [
            _IMPORTANT.sub("", one).rstrip() if _stem(one) in ours and f"own-{_property(one)}" not in ours else one
            for one in told
            if one and not one.startswith(self._name)
        ]
        return f' style="{"; ".join(left)};"' if left else ""


class _Found:
    """Which selectors find an element, and which find the same: the inliner itself is asked, by a property of its own
    for each."""

    def __init__(self, parts: list[str | _Sheet], inline: Callable[[str], str]) -> None:
        name = f"--s{token_hex(6)}"
        self._numbers: dict[str, str] = {}
        for part in parts:
            for rule in part.rules if isinstance(part, _Sheet) else ():
                for leaf in _leaves(rule):
                    for one in _pieces(leaf.head, ","):
                        for selector in (one, _last(one)):
                            if selector and all(selector.count(a) == selector.count(b) for a, b in ("()", "[]")):
                                self._numbers.setdefault(selector, str(len(self._numbers)))
        self._selectors = [*self._numbers]
        sheet = "\n".join(f"{selector}{{{name}-{number}:1}}" for selector, number in self._numbers.items())
        body = "".join(part for part in parts if isinstance(part, str))
        made = inline(f"<style>{sheet}</style>{body}") if sheet else ""
        mark = re.compile(rf"{name}-(\d+):")
        styles = re.findall(rf'style="([^"]*{name}-[^"]*)"', made)
        self._elements = {frozenset(mark.findall(one)) for one in styles}
        self._all = set().union(*self._elements)

    def lands(self, selector: str) -> bool:
        return self._numbers.get(selector) in self._all

    def beside(self, selector: str) -> Iterator[list[str]]:
        """Yield, for each element this one finds, the selectors that do."""
        number = self._numbers.get(selector)
        for on in self._elements:
            if number in on:
                yield [self._selectors[int(one)] for one in on]


def _plain(sheets: list[_Sheet]) -> _Plain:
    told: _Plain = {}
    for number, sheet in enumerate(sheets):
        for at, rule in enumerate(sheet.rules if _is_everywhere(sheet.media) else ()):
            if rule.body is None or rule.head.startswith("@"):
                continue
            declared = {(_property(one), _is_whole(one)): one for one in _pieces(rule.body, ";") if ":" in one}
            for selector in _pieces(rule.head, ","):
                weight = (*_specificity(selector), number, at)
                told.setdefault(selector, {}).update({key: (weight, one) for key, one in declared.items()})
    return told


def _said_again(rule: _Rule, place: tuple[int, int], found: _Found, plain: _Plain) -> tuple[str, str]:
    """Return the inlined declarations that outrank an at-rule's on the same element: those before it, those after."""
    again: set[tuple[tuple[int, int], str, str]] = set()
    for leaf in _leaves(rule):
        stems = {(_stem(one), _is_whole(one)) for one in _pieces(leaf.body or "", ";") if ":" in one}
        for selector in _pieces(leaf.head, ",") if stems else ():
            own = (*_specificity(selector), *place)
            for others in found.beside(selector):
                winners: dict[tuple[str, bool], tuple[_Weight, str, str]] = {}
                for other in others:
                    for key, (weight, one) in plain.get(other, {}).items():
                        if (_stem(one), key[1]) in stems and weight > own:
                            winners[key] = max(winners.get(key, (weight, other, one)), (weight, other, one))
                again |= {(weight[3:], other, one) for weight, other, one in winners.values()}
    lines = [
        (at, f"{selector}{{{one if _is_whole(one) else f'{one} !important'}}}") for at, selector, one in sorted(again)
    ]
    return " ".join(line for at, line in lines if at < place), " ".join(line for at, line in lines if at > place)


def _specificity(selector: str) -> tuple[int, int, int]:
    """Return how much ids, classes and names weigh, as browsers count them (Selectors 4, 17), nearly."""
    bare = re.sub(r"\[[^\]]*\]", ".a", selector)
    return (
        bare.count("#"),
        len(re.findall(r"\.|(?<!:):(?!:|not\(|is\(|where\()", bare)),
        len(re.findall(r"(?:^|[\s>+~(])[A-Za-z]|::", bare)),
    )


def _reached(selector: str) -> str:
    """Return which elements a kept rule may change, as the inliner can find them: those of the selector's last part,
    pointer above it or not."""
    return _PSEUDO.sub("", _last_part(selector.strip())) or "*"


def _last_part(selector: str) -> str:
    """Return what stands behind the last combinator that is in no brackets."""
    depth = 0
    for place in range(len(selector) - 1, -1, -1):
        sign = selector[place]
        if sign in ")]":
            depth += 1
        elif sign in "([":
            depth -= 1
        elif depth <= 0 and (sign.isspace() or sign in ">+~"):
            return selector[place + 1 :]
    return selector


def _property(declaration: str) -> str:
    return declaration.partition(":")[0].strip().lower() if ":" in declaration else ""


def _stem(declaration: str) -> str:
    """Return the property that a declaration sets a part of: `padding` of `padding-left: 0`."""
    return MARK.sub("", declaration).partition(":")[0].strip().lower().lstrip("-").partition("-")[0]


def _leaves(rule: _Rule, depth: int = 0) -> Iterator[_Rule]:
    """Yield the rules that at-rules are around."""
    if not rule.head.startswith("@"):
        yield rule
    elif rule.body is not None and depth < _DEEPEST and _CONDITIONAL.match(rule.head):
        for one in _rules(rule.body):
            yield from _leaves(one, depth + 1)


def _parts(html: str) -> Iterator[str | _Sheet]:
    """Yield the document piece by piece; a sheet inside of a comment is Outlook's own."""
    at, begun = 0, 0
    while (opening := _STYLE.search(html, at)) is not None:
        if opening[1] is None:
            at = html.find("-->", opening.start() + 2) + 3
            if at < 3:
                break
            continue
        closing = _STYLE_ENDS.search(html, opening.end())
        if closing is None:
            break
        at = closing.end()
        yield html[begun : opening.start()]
        begun = at
        told = _MEDIA.search(opening[1])
        media = unescape_attribute(next((one for one in told.groups() if one is not None), "")) if told else ""
        if not re.search(r"[{};<]", media):  # else no browser reads it
            yield _Sheet(
                media.strip(), [*_rules(html[opening.end() : closing.start()].replace("<!--", "").replace("-->", ""))]
            )
    yield html[begun:]


def _is_everywhere(media: str) -> bool:
    return any(" ".join(one.lower().split()) in _EVERYWHERE for one in media.split(","))


def _divided(sheet: _Sheet, number: int, found: _Found, plain: _Plain, eased: _Eased) -> tuple[str, str]:
    """Return what is inlined of a sheet, and what is kept."""
    if not _is_everywhere(sheet.media):
        is_import = [rule.body is None and rule.head.startswith("@") for rule in sheet.rules]
        imports = "".join(
            f"{rule.head} {sheet.media};" for rule, is_one in zip(sheet.rules, is_import, strict=True) if is_one
        )
        rest = " ".join(str(rule) for rule, is_one in zip(sheet.rules, is_import, strict=True) if not is_one)
        whole = _Rule(f"@media {sheet.media}", rest)
        eased.learn(whole)
        return "", imports + _around(_forced(whole), *_said_again(whole, (number, 0), found, plain))
    # where Liquid chooses among rules, from the first to the last of its tags, the rules stay together
    chosen = [at for at, rule in enumerate(sheet.rules) if MARK.search(rule.head)]
    inlined, kept = [], []
    for at, rule in enumerate(sheet.rules):
        if rule.head.startswith("@") and rule.body is not None:
            eased.learn(rule)
            kept.append(_around(_forced(rule), *_said_again(rule, (number, at), found, plain)))
            continue
        if rule.head.startswith("@") or (chosen and chosen[0] <= at <= chosen[-1]):
            eased.learn(rule)
            kept.append(_forced(rule))
            continue
        selectors = [*_pieces(rule.head, ",")]
        here = [one for one in selectors if found.lands(one)]
        elsewhere = [
            one for one in selectors if ":root" in one or (one not in here and _is_for_clients(one, found.lands))
        ]
        if here:
            inlined.append(f"{','.join(here)}{{{rule.body}}}")
        if elsewhere:
            left = _Rule(", ".join(elsewhere), rule.body)
            eased.learn(left)
            kept.append(_forced(left))
    return "\n".join(inlined), "\n".join(kept)


def _around(block: str, before: str, after: str) -> str:
    """Put rules to the beginning and the end of a block."""
    opening = block.index("{") + 1
    return f"{block[:opening]}{before}{block[opening:-1]}{after}}}" if before or after else block


def _is_for_clients(selector: str, lands: Callable[[str], bool]) -> bool:
    """Tell whether a selector that finds nothing here may find something where the letter is read; a class that nobody
    bears is a page's, and left out."""
    return ":" in selector or "[" in selector or lands(_last(selector))


def _last(selector: str) -> str:
    """Return the last part of a plain selector that has several."""
    words = [] if re.search(r"[:\[(]", selector) else re.split(r"[\s>+~]+", selector.strip())
    return words[-1] if len(words) > 1 else ""


def _rules(css: str) -> Iterator[_Rule]:
    css = _without_comments(css)
    at, level, body = 0, 0, 0
    for piece in _PIECE.finditer(css):
        sign = piece[0]
        if sign == "{":
            level += 1
            body = piece.end() if level == 1 else body
        elif sign == "}" and level:
            level -= 1
            if not level:
                yield _Rule(css[at : body - 1].strip(), css[body : piece.start()].strip())
                at = piece.end()
        elif sign == ";" and not level and css[at : piece.start()].lstrip().startswith("@"):
            yield _Rule(css[at : piece.start()].strip(), None)
            at = piece.end()
    if level:  # a browser closes what is open at the end
        yield _Rule(css[at : body - 1].strip(), css[body:].strip() + "}" * (level - 1))
    elif MARK.search(css, at):
        yield _Rule(css[at:].strip(), None)


def _without_comments(css: str) -> str:
    parts, at = [], 0
    for piece in _PIECE.finditer(css):
        if piece[0] == "/*" and piece.start() >= at:
            parts.append(css[at : piece.start()])
            end = css.find("*/", piece.end())
            at = end + 2 if end >= 0 else len(css)
    return "".join([*parts, css[at:]])


def _pieces(text: str, divider: str) -> Iterator[str]:
    """Yield what stands between dividers, those in brackets and quotes left alone."""
    at, level = 0, 0
    for piece in _PIECE.finditer(text):
        if piece[0] in "([":
            level += 1
        elif piece[0] in ")]":
            level -= 1
        elif piece[0] == divider and level <= 0:
            yield text[at : piece.start()].strip()
            at = piece.end()
    yield text[at:].strip()


def _forced(rule: _Rule, depth: int = 0) -> str:
    """Return a rule that wins over what is written onto the elements."""
    if rule.body is None:
        return rule.head if MARK.search(rule.head) else str(rule)
    if rule.head.startswith("@"):
        if depth >= _DEEPEST or _CONDITIONAL.match(rule.head) is None:
            return str(rule)  # a font, the steps of an animation: nothing there competes
        return f"{rule.head}{{{' '.join(_forced(one, depth + 1) for one in _rules(rule.body))}}}"
    if any(piece[0] == "{" for piece in _PIECE.finditer(rule.body)):
        return str(rule)
    told = [one for one in _pieces(rule.body, ";") if one]
    return f"{rule.head}{{{';'.join(one if _is_whole(one) else f'{one} !important' for one in told)}}}"


def _is_whole(declaration: str) -> bool:
    return ":" not in declaration or _IMPORTANT.search(declaration) is not None
