"""The API's reference as one page of plain HTML: it works offline, without scripts, and prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

STYLE = """
@font-face{font-family:Inter;src:url(/fonts/inter-latin-wght.woff2) format("woff2");font-weight:100 900;
font-display:swap}
:root{color-scheme:light dark;--ink:#21201c;--soft:#63635e;--line:#e9e8e6;--paper:#fdfdfc;--card:#fff;--act:#995a07}
@media(prefers-color-scheme:dark){:root{--ink:#eeeeec;--soft:#b5b3ad;--line:#3b3a37;--paper:#111110;--card:#191918;
--act:#ffca16}}
body{margin:0;font:15px/1.55 Inter,system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:960px;margin:0 auto;padding:40px 24px 96px}
h1{font-size:28px;margin:0 0 8px}h2{font-size:18px;margin:40px 0 12px}a{color:var(--act)}
p{color:var(--soft);max-width:72ch}nav a{margin-right:16px}
details{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:8px 0}
summary{padding:10px 14px;cursor:pointer;display:flex;gap:12px;align-items:baseline;list-style:none}
summary small{color:var(--soft);margin-left:auto;text-align:right}
.in{padding:4px 14px 14px;border-top:1px solid var(--line)}
b{font:600 12px/1 ui-monospace,monospace;min-width:52px}code,pre{font:13px/1.5 ui-monospace,monospace}
pre{background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:12px;overflow:auto}
table{border-collapse:collapse;width:100%}td{padding:4px 12px 4px 0;vertical-align:top}
h4{margin:14px 0 4px;font-size:13px;color:var(--soft)}
"""


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)
    return schema


def example(schema: dict[str, Any], root: dict[str, Any], depth: int = 0) -> Any:
    """Return the shape of a schema as a value: names with their types in place of content."""
    schema = _resolve(schema, root)
    options = [item for item in schema.get("anyOf", []) if item.get("type") != "null"]
    if options:
        shape = example(options[0], root, depth)
        return f"{shape} or null" if isinstance(shape, str) and len(options) < len(schema["anyOf"]) else shape
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        return "…" if depth > 4 else {
            name: example(part, root, depth + 1) for name, part in schema["properties"].items()
        }  # fmt: skip
    if kind == "array":
        return [example(schema.get("items", {}), root, depth + 1)]
    return schema.get("format") or kind or "any"


def _words(text: str) -> str:
    """Prose as HTML: what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _pre(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _shape(title: str, content: dict[str, Any], root: dict[str, Any]) -> str:
    for media, part in content.items():
        if schema := part.get("schema"):
            told = [f"<h4>{escape(title)} · {escape(media)}</h4>", _pre(example(schema, root))]
            if shown := part.get("example"):
                told += ["<h4>Example</h4>", _pre(shown)]
            return "".join(told)
    return ""


def _operation(method: str, path: str, operation: dict[str, Any], root: dict[str, Any]) -> str:
    told = operation.get("description", "")
    brief = told.split(". ")[0].split("; ")[0].rstrip(".") or operation.get("summary", "")
    parts = [f"<p>{_words(told)}</p>"] if told else []
    if parameters := operation.get("parameters"):
        rows = "".join(
            f"<tr><td><code>{escape(item['name'])}</code></td><td>{escape(item['in'])}"
            f"{', required' if item.get('required') else ''}</td>"
            f"<td>{escape(str(example(item.get('schema', {}), root)))}</td>"
            f"<td>{_words(item.get('description', ''))}</td></tr>"
            for item in parameters
        )
        parts.append(f"<h4>Parameters</h4><table>{rows}</table>")
    if body := operation.get("requestBody"):
        parts.append(_shape("Request", body.get("content", {}), root))
    for status, answer in operation.get("responses", {}).items():
        if status.startswith("2"):
            parts.append(_shape(f"Answer {status}", answer.get("content", {}), root))
    return (
        f"<details><summary><b>{method.upper()}</b><code>{escape(path)}</code><small>{_words(brief)}</small></summary>"
        f"<div class=in>{''.join(parts)}</div></details>"
    )


def _by_tag(spec: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            found.setdefault(tag, []).append(_operation(method, path, operation, spec))
    return found


def _sockets(messages: dict[str, Any]) -> Iterator[str]:
    for path, model in messages.items():
        schema = model.model_json_schema(mode="serialization")
        body = json.dumps(example(schema, {"$defs": schema.get("$defs", {})}), indent=2, ensure_ascii=False)
        yield (
            f"<details><summary><b>WS</b><code>{escape(path)}</code></summary><div class=in>"
            f"<p>{_words(model.__doc__ or '')}</p><h4>Message</h4><pre>{escape(body)}</pre></div></details>"
        )


def page(spec: dict[str, Any], sockets: dict[str, Any]) -> str:
    """Return the page for an OpenAPI document; `sockets` maps WebSocket paths to the pydantic models of their
    messages."""
    sections = [
        f"<h2 id='{escape(tag)}'>{escape(tag.capitalize())}</h2>{''.join(operations)}"
        for tag, operations in _by_tag(spec).items()
    ]
    if sockets:
        told = (
            "Connect with the browser's session, with <code>?token=…</code>, or send"
            ' <code>{"type": "auth", "token": "…"}</code> first. The present state comes at once, then every change.'
        )
        sections.append(f"<h2>Live</h2><p>{told}</p>{''.join(_sockets(sockets))}")
    info = spec["info"]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style><main>"
        f"<h1>{escape(info['title'])} API <small>{escape(info['version'])}</small></h1>"
        f"<p>{_words(info.get('description', ''))}</p><nav><a href='/openapi.json'>OpenAPI document</a></nav>"
        f"{''.join(sections)}</main></html>"
    )
