"""Rows of JSON: an array of objects, or one object a line; an order may carry its lines inside.

Objects are flattened to columns: `{"customer": {"email": …}}` becomes `customer.email`. An order with a list of lines
becomes a row for each; what belongs to the order stands in every one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liquor_app.core.errors import Invalid
from liquor_app.imports.readers.encoding import bytes_read, open_text
from liquor_app.imports.readers.row_reader import MAX_CELL, MAX_COLUMNS, SHOWN, Record, Table, storable_name
from liquor_app.ui.words import figure

READ = 65_536
SAMPLE = 500
"""Objects looked at for their fields; a field seen only later is left out."""
MAX_OBJECT = 4_000_000
"""Characters of one object, its lines included."""
MAX_DEPTH = 5
LINES = ("lines", "items", "line_items", "lineitems", "lineItems", "products", "basket")
OF_A_LINE = frozenset(
    {"amount", "total", "subtotal", "price", "unitprice", "quantity", "qty", "discount", "coupondiscount", "value"}
)
"""Names that, said of an order, must not be taken for its lines'."""

_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_SPACE = " \t\r\n\ufeff"
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a pair (`"\\ud83d"` of a text cut in two), which is no character and cannot be kept."""


class JsonFile(Table):
    """An open JSON or JSON Lines file.

    Args:
        encoding: what it is written in, where somebody said so (`encoding.ENCODINGS`).

    Raises:
        Invalid: no object in it, or too many different fields.
    """

    def __init__(self, path: Path, encoding: str = "") -> None:
        self._size = path.stat().st_size
        self._path = path
        self._text, self.letters = open_text(path, encoding)
        self.taken = 0
        try:
            self.columns = self._fields()
            self._text.close()
            self._text, _ = open_text(path, encoding)
        except BaseException:
            self._text.close()
            raise

    def close(self) -> None:
        self._text.close()

    @property
    def read_share(self) -> float:
        return bytes_read(self._text) / self._size if self._size else 1.0

    def _fields(self) -> list[str]:
        names: dict[str, None] = {}
        for position, found in enumerate(self._objects()):
            if position >= SAMPLE:
                break
            if isinstance(found, dict):
                for row in _rows(found):
                    names.update(dict.fromkeys(row))
        if not names:
            raise Invalid("The file holds no objects: a JSON list of them, or one a line.", field="file")
        if len(names) > MAX_COLUMNS:
            raise Invalid(f"The file has {len(names)} fields; {MAX_COLUMNS} are allowed.", field="file")
        return list(names)

    def _records(self) -> Iterator[Record]:
        self.taken = number = 0
        for found in self._objects():
            if not isinstance(found, dict):
                number += 1
                problem = found.problem if isinstance(found, _Unreadable) else "This is no JSON object."
                shown = found.text if isinstance(found, _Unreadable) else json.dumps(found)
                yield Record(number, [shown[:SHOWN]], problem)
                continue
            for row in _rows(found):
                number += 1
                cells = [row.get(name, "") for name in self.columns]
                if any(len(cell) > MAX_CELL for cell in cells):
                    yield Record(
                        number, [cell[:SHOWN] for cell in cells], f"A value is longer than {figure(MAX_CELL)}."
                    )
                elif any(cell.strip() for cell in cells):
                    yield Record(number, cells)

    def _objects(self) -> Iterator[Any]:
        """Each value of the array or of the lines. In JSON Lines a bad line costs itself alone; an array that
        breaks cannot be picked up again.

        Raises:
            Invalid: an array breaks off or holds what is no JSON.
        """
        buffer = self._text.read(READ).lstrip(_SPACE)
        is_array = buffer.startswith("[")
        if not is_array:
            yield from self._lines(buffer)
            return
        at, ended = 1, False
        while True:
            while at < len(buffer) and buffer[at] in " \t\r\n,":
                at += 1
            if at < len(buffer) and buffer[at] == "]":
                return
            try:
                if at >= len(buffer):
                    raise ValueError
                found, end = _DECODER.raw_decode(buffer, at)
                if end >= len(buffer) and not ended:
                    raise ValueError
            except RecursionError as error:
                raise Invalid("The JSON nests too deeply to be read.", field="file") from error
            except ValueError as error:
                if ended or len(buffer) - at > MAX_OBJECT:
                    raise Invalid(
                        f"The JSON breaks after {figure(self.taken)} characters. Mend the file, or send JSON Lines.",
                        field="file",
                    ) from error
                more = self._text.read(max(READ, len(buffer) - at))
                buffer, at, ended = buffer[at:] + more, 0, not more
                continue
            self.taken += end - at
            at = end
            yield found

    def _lines(self, buffer: str) -> Iterator[Any]:
        rest = buffer
        while True:
            more = "" if "\n" in rest else self._text.read(READ)
            if "\n" not in rest:
                if not more:
                    break
                rest += more
                if len(rest) > MAX_OBJECT and "\n" not in rest:
                    yield _Unreadable(rest[:SHOWN], f"The line is longer than {figure(MAX_OBJECT)} characters.")
                    self._skip_line()
                    rest = self._after
                continue
            *whole, rest = rest.split("\n")
            for line in whole:
                self.taken += len(line)
                yield from _parsed(line)
        yield from _parsed(rest)

    def _skip_line(self) -> None:
        self._after = ""
        while more := self._text.read(READ):
            if "\n" in more:
                self._after = more.split("\n", 1)[1]
                return


class _Unreadable:
    def __init__(self, text: str, problem: str) -> None:
        self.text, self.problem = text, problem


def _parsed(line: str) -> Iterator[Any]:
    text = line.strip(_SPACE)
    if not text:
        return
    try:
        yield _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        yield _Unreadable(text[:SHOWN], f"The line is no JSON: {error}."[:200])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:MAX_CELL]
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def _flat(found: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    row: dict[str, str] = {}
    for key, value in found.items():
        name = f"{prefix}{' '.join(storable_name(_text(key)).split())[:100]}"
        if isinstance(value, dict) and depth < MAX_DEPTH:
            row |= _flat(value, f"{name}.", depth + 1)
        else:
            row[name] = _text(value)
    return row


def _rows(found: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Yield an object's rows: itself, or one for each of its lines."""
    key = next((name for name in LINES if _is_lines(found.get(name))), None)
    if key is None:
        yield _flat(found)
        return
    order = _flat({name: value for name, value in found.items() if name != key})
    for line in found[key]:
        inner = _flat(line)
        yield {
            (f"order.{name}" if name in inner or _plain(name) in OF_A_LINE else name): value
            for name, value in order.items()
        } | inner


def _is_lines(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(line, dict) for line in value)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
