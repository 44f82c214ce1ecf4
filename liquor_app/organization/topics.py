"""What recipients may choose from: topics in their words, each standing for kinds of messages. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TOPICS = 8
SHIPPED = (
    "When you have not been in for a while: win_back, second_purchase; New discoveries: discovery;"
    " For regulars: loyalty; Better as a pair: bundle_offer"
)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Topic:
    """A name recipients read, and the template categories it stands for."""

    name: str
    kinds: tuple[str, ...]


def parse_topics(written: str) -> tuple[Topic, ...]:
    """`Name: kind, kind; Name: kind`. Empty is no topics.

    Raises:
        ValueError: a part says nothing, or a name or kind stands twice; the message says which.
    """
    topics: list[Topic] = []
    for part in filter(None, (part.strip() for part in written.split(";"))):
        name, colon, listed = part.rpartition(":")
        name, kinds = name.strip(), tuple(kind.strip() for kind in listed.split(","))
        if not colon or not 1 <= len(name) <= 60:
            raise ValueError(f"write {part[:40]!r} as a name, a colon and kinds, such as New things: discovery")
        for kind in kinds:
            if not _KIND.fullmatch(kind):
                raise ValueError(f"{kind[:40]!r} is no kind of message, such as win_back")
        topics.append(Topic(name, kinds))
    names, kinds_named = [topic.name for topic in topics], [kind for topic in topics for kind in topic.kinds]
    for several in (names, kinds_named):
        if twice := next((one for one in several if several.count(one) > 1), None):
            raise ValueError(f"{twice!r} stands there twice")
    if len(topics) > MAX_TOPICS:
        raise ValueError(f"at most {MAX_TOPICS} topics: more is not read")
    return tuple(topics)
