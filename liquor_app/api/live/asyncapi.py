"""The WebSockets described as AsyncAPI 3 has it, generated from the models of what they say: `/asyncapi.json`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

_REF = "#/components/schemas/{model}"
_CLOSES = (
    "Close codes are 4000 + the HTTP status that fits: 4401 nobody known, 4403 not allowed, 4404 no such thing, 4422"
    " an address that makes no sense; 1008 for who does not read, 1009 for who says too much at once, 1013 for too"
    " many. What ends a session or a key closes its sockets."
)


class AuthMessage(BaseModel):
    """Said first by who sends neither a header nor a ticket: whose socket it is."""

    type: Literal["auth"]
    token: str


class Heartbeat(BaseModel):
    """Said while there is nothing to say: who hears none for a minute connects anew."""

    type: Literal["heartbeat"] = "heartbeat"
    at: datetime


@dataclass(frozen=True, slots=True)
class SocketDoc:
    """What one WebSocket says. `parameters`: of its path or its query, each with what it means."""

    message: type[BaseModel]
    parameters: Mapping[str, str] = field(default_factory=dict)


def asyncapi(title: str, version: str, sockets: Mapping[str, SocketDoc]) -> dict[str, Any]:
    """Return the document.

    Args:
        sockets: path → what is said there.
    """
    models: list[type[BaseModel]] = [AuthMessage, Heartbeat, *(one.message for one in sockets.values())]
    _, defined = models_json_schema([(one, "serialization") for one in models], ref_template=_REF)
    schemas = defined["$defs"]
    messages = {
        model.__name__: {
            "name": model.__name__, "contentType": "application/json", "summary": (model.__doc__ or "").strip(),
            "payload": {"$ref": _REF.format(model=model.__name__)},
        }
        for model in models
    }  # fmt: skip
    channels, operations = {}, {}
    for path, doc in sockets.items():
        name = _name(path)
        told = [doc.message.__name__, Heartbeat.__name__]
        channels[name] = {
            "address": path,
            "description": (doc.message.__doc__ or "").strip(),
            "messages": {one: {"$ref": f"#/components/messages/{one}"} for one in (*told, AuthMessage.__name__)},
            "parameters": {
                key: {"description": words} for key, words in doc.parameters.items() if f"{{{key}}}" in path
            },
            "bindings": {"ws": {"method": "GET", "query": _query(path, doc), "bindingVersion": "0.1.0"}},
        }
        of_channel = f"#/channels/{name}"
        operations[f"{name}_tells"] = {
            "action": "send", "channel": {"$ref": of_channel},
            "messages": [{"$ref": f"{of_channel}/messages/{one}"} for one in told],
        }  # fmt: skip
        operations[f"{name}_hears"] = {
            "action": "receive", "channel": {"$ref": of_channel},
            "messages": [{"$ref": f"{of_channel}/messages/{AuthMessage.__name__}"}],
        }  # fmt: skip
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version, "description": _CLOSES},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, in the handshake."},
                "key": {"type": "httpApiKey", "in": "header", "name": "X-API-Key"},
                "ticket": {
                    "type": "httpApiKey", "in": "query", "name": "ticket",
                    "description": "Of POST /api/v1/socket-tickets: good once, for thirty seconds.",
                },
            },
        },
    }  # fmt: skip


def _name(path: str) -> str:
    return "_".join(re.findall(r"\w+", path.removeprefix("/ws/")))


def _query(path: str, doc: SocketDoc) -> dict[str, Any]:
    own = {key: {"type": "string", "description": words} for key, words in doc.parameters.items() if key not in path}
    return {"type": "object", "properties": {"ticket": {"type": "string"}, **own}}
