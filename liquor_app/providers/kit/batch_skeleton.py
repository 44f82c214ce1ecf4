"""One body for many: what messages share is written once, what differs becomes a variable of its recipient.

Mailgun and SendGrid put each recipient's values into one body. Messages of one stencil bring both. Of others the
skeleton is taken from the finished messages, tag by tag and line by line, and never from the template: whatever
rendering, tracking or a coupon did to a message, putting the values back gives exactly the message that was rendered
and kept. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import count

from markupsafe import escape

from liquor_app.providers.kit.base import OutgoingMessage
from liquor_app.providers.kit.message_bodies import Filled, Parts

TAG, LINE = ">", "\n"
"""Where HTML and text are cut. HTML is often one long line, and values are escaped, so that they hold no tag's end."""

SAMPLE = 8


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A message with marks where recipients differ; `values` holds each one's, by the mark's name, in order."""

    subject: str
    html: str
    text: str
    headers: dict[str, str]
    values: list[dict[str, str]]


def group(
    messages: Sequence[OutgoingMessage], *, limit: int, forbidden: str, value_bytes: int = 10_000
) -> list[list[OutgoingMessage]]:
    """Return messages that may share a call: of one template version, equal in shape, each address once. The rest go
    alone.

    Args:
        forbidden: what marks begin with; a message that contains it goes alone.
        value_bytes: the most one recipient's values may take.
    """
    alike: dict[Hashable, list[list[OutgoingMessage]]] = defaultdict(list)
    addresses: dict[int, set[str]] = {}
    alone: list[list[OutgoingMessage]] = []
    for message in messages:
        shape = _shape(message)
        if shape is None or any(forbidden in part for part in _own_texts(message)):
            alone.append([message])
            continue
        address = message.recipient.lower()
        for call in alike[shape]:
            if len(call) < limit and address not in addresses[id(call)]:
                call.append(message)
                addresses[id(call)].add(address)
                break
        else:
            call = [message]
            alike[shape].append(call)
            addresses[id(call)] = {address}
    together = [call for calls in alike.values() for call in calls]
    for call in together:
        is_marked = any(forbidden in part for part in _shared_texts(call[0]))
        if len(call) > 1 and (is_marked or value_bytes < _largest(call)):
            alone.extend([message] for message in call)
            call.clear()
    return [*(call for call in together if call), *alone]


def skeleton_of(messages: Sequence[OutgoingMessage], mark: Callable[[str], str]) -> Skeleton:
    """Return the skeleton of messages `group` has put together. `mark` writes a variable of that name."""
    values: list[dict[str, str]] = [{} for _ in messages]
    numbers = count()

    def variable() -> str:
        return f"v{next(numbers)}"

    def weave(texts: Sequence[str], cut: str = LINE) -> str:
        made = texts[0].split(cut)
        parts = [text.split(cut) for text in texts]
        if any(len(own) != len(made) for own in parts):
            raise ValueError("messages of one call differ in shape")
        for at in _differing(made, parts):
            name = variable()
            for lines, own in zip(parts, values, strict=True):
                own[name] = lines[at]
            made[at] = mark(name)
        return cut.join(made)

    def pour(parts: Parts, *, is_html: bool) -> str:
        """Return the stencil with marks in its holes; a value that reads the same in HTML and in text is one
        variable."""
        made = list(parts)
        for at in range(1, len(parts), 2):
            hole = parts[at]
            if (hole, is_html) not in names:
                plain = [filled.values[hole] for filled in casts]
                own = [str(escape(value)) for value in plain] if is_html else plain
                names[hole, is_html] = name = variable()
                if own == plain:
                    names[hole, not is_html] = name
                for each, value in zip(values, own, strict=True):
                    each[name] = value
            made[at] = mark(names[hole, is_html])
        return "".join(made)

    subject = weave([message.subject or "" for message in messages])
    headers = {name: weave([message.headers[name] for message in messages]) for name in messages[0].headers}
    casts = [message.body for message in messages if isinstance(message.body, Filled)]
    if len(casts) == len(messages) and len({filled.stencil.id for filled in casts}) == 1:
        names: dict[tuple[str, bool], str] = {}
        stencil = casts[0].stencil
        html, plain = pour(stencil.html, is_html=True), pour(stencil.text, is_html=False)
    else:
        html, plain = weave([message.html or "" for message in messages], TAG), weave([one.text for one in messages])
    return Skeleton(subject, html, plain, headers, values)


def _differing(first: Sequence[str], parts: Sequence[list[str]]) -> list[int]:
    """Tell where not all are like the first. Most differ at the same few places, which are then known: one comparison
    of whole lists says that there are no others."""
    known: list[int] = []
    for own in parts:
        trial = own
        if known:
            trial = own.copy()
            for at in known:
                trial[at] = first[at]
        if trial != first:
            known += [at for at, (one, other) in enumerate(zip(first, trial, strict=True)) if one != other]
    return sorted(known)


def _own_texts(message: OutgoingMessage) -> list[str]:
    """Tell what one message says by itself."""
    own = [message.subject or "", *message.headers.values()]
    body = message.body
    return [*own, *body.values.values()] if isinstance(body, Filled) else [*own, body.html or "", body.text]


def _shared_texts(message: OutgoingMessage) -> Sequence[str]:
    """Tell what messages of its shape say alike, beyond `_own_texts`."""
    return message.body.stencil.literals if isinstance(message.body, Filled) else ()


def _shape(message: OutgoingMessage) -> Hashable | None:
    if message.template_version_id is None:
        return None
    body = message.body
    return (
        message.template_version_id,
        message.campaign_id,
        message.sender,
        message.sender_name,
        message.reply_to,
        tuple(message.headers),
        (message.subject or "").count(LINE),
        *((body.stencil.id,) if isinstance(body, Filled) else ((body.html or "").count(TAG), body.text.count(LINE))),
    )


def _largest(messages: Sequence[OutgoingMessage]) -> int:
    """Return bytes of the largest recipient's values, their names included, of some: should another's be larger, the
    provider refuses the call, and halving it finds the one."""
    own = skeleton_of(messages[:SAMPLE], lambda name: name).values
    return max(sum(len(name) + len(value.encode()) for name, value in values.items()) for values in own)
