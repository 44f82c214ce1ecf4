"""Where columns may name somebody in passing: the statements that tell such rows and take the name out of them."""

from __future__ import annotations

from collections.abc import Sequence

from liquor_app.core.platform.personal_data import Mention

_NEVER = "false"


def named_in(
    table: str,
    texts: Sequence[str] = (),
    documents: Sequence[str] = (),
    lists: Sequence[str] = (),
    *,
    unique: Sequence[str] = (),
    key: str = "id",
    name: str = "",
    only: str = "",
    also: str = "",
) -> Mention:
    """Return a mention whose erasure takes whole names, addresses and numbers out of some columns of a table.

    Args:
        texts, documents, lists: columns of text, of JSON, of lists of texts.
        unique: of the texts those no two rows may share: what is left of them ends with the row's own number.
        key, name: how a row is told.
        only: which rows at all, as a condition.
        also: what else is set with them.
    """
    said = spoken(texts, documents, lists)
    changes = [
        *(f"{one} = {_text(one)}{_number(one, key) if one in unique else ''}" for one in texts),
        *(f"{one} = without_words({one}, :named, :mark)" for one in documents),
        *(f"{one} = {_list(one)}" for one in lists),
        *([also] if also else ()),
    ]
    which = f"{f'{only} AND ' if only else ''}{names_them(said)}"
    told = f"SELECT {key} AS id, {name or key} AS name FROM {table} WHERE {which} ORDER BY 1"
    return Mention(table, rows=told, scrub=f"UPDATE {table} SET {', '.join(changes)} WHERE {which}")


def spoken(texts: Sequence[str], documents: Sequence[str] = (), lists: Sequence[str] = ()) -> str:
    """Return all that columns say, as one text."""
    columns = [*texts, *documents, *(f"array_to_string({one}, ' ')" for one in lists)]
    return f"concat_ws(' ', {', '.join(columns)})"


def names_them(said: str, pattern: str = ":named") -> str:
    """Return the condition that a text names somebody, by `:words` or `:named` of `Traces`. What holds no piece of
    their name or address is passed over first, regardless of all but plain letters: that is far quicker (ADR 147)."""
    return f'CASE WHEN {said} COLLATE "C" ~* :hints THEN {said} ~* {pattern} ELSE {_NEVER} END'


def _text(column: str) -> str:
    return f"regexp_replace({column}, :named, :mark, 'gi')"


def _number(column: str, key: str) -> str:
    return f" || CASE WHEN {column} ~* :named THEN '-' || right(CAST({key} AS text), 12) ELSE '' END"


def _list(column: str) -> str:
    pieces = f"unnest({column}) WITH ORDINALITY p(piece, place)"
    return f"ARRAY(SELECT regexp_replace(p.piece, :named, :mark, 'gi') FROM {pieces} ORDER BY p.place)"
