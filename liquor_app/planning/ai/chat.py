"""One question to a language model, through the OpenAI protocol, so that any compatible server serves. Nothing here
touches the database; time, tokens and bytes are bounded and counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from liquor_app.core.config import Settings
from liquor_app.ui.words import figure

OPENAI = "https://api.openai.com/v1"
MAX_BYTES = 2_000_000
"""Of one answer; what is longer is cut off and refused."""
LETTERS_A_TOKEN = 3
"""For estimates before the server has counted; a little pessimistic for English and JSON."""
RETRIES = 2
"""Of a request that met 429, 5xx or a broken connection; the client waits in between, within the whole time."""

Messages = Sequence[Mapping[str, str]]


@dataclass(slots=True)
class Attempt:
    """One request: seconds it took, tokens the server counted, and what was wrong with the answer."""

    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    problems: list[str] = field(default_factory=list)


class ChatFailed(Exception):
    """It cannot be asked, or does not answer in a way worth repairing."""

    def __init__(self, outcome: str, why: str) -> None:
        super().__init__(why)
        self.outcome, self.why = outcome, why


class CutOff(Exception):
    """The answer was longer than it may be."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an answer must look like: a JSON schema, and its name; `who` is asked, in words."""

    name: str
    schema: dict[str, Any]
    who: str


def estimate(messages: Messages, schema: Mapping[str, Any]) -> int:
    """Return about how many tokens asking takes."""
    letters = sum(len(message["content"]) for message in messages) + len(json.dumps(schema))
    return letters // LETTERS_A_TOKEN


async def chat(messages: Messages, shape: Shape, settings: Settings, most: int, attempt: Attempt) -> str:
    """Return the text of one answer; counts its tokens into `attempt`.

    Args:
        most: tokens of the answer.

    Raises:
        ChatFailed: no answer, or one that is not of the protocol.
        CutOff: the answer was cut off.
    """
    import httpx2
    from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError

    client = AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url or OPENAI,
        timeout=settings.openai_timeout_seconds,
        max_retries=RETRIES,
    )
    asked: dict[str, Any] = {
        "model": settings.openai_model,
        "messages": messages,
        "max_completion_tokens": most,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": shape.name, "strict": True, "schema": shape.schema},
        },
    }
    body = b""
    try:
        async with (
            client,
            client.chat.completions.with_streaming_response.create(**asked) as response,
        ):
            async for part in response.iter_bytes():
                body += part
                if len(body) > MAX_BYTES:
                    raise ChatFailed("failed", f"{shape.who}'s answer is longer than {figure(MAX_BYTES)} bytes")
    except APIStatusError as error:
        raise ChatFailed("failed", f"{shape.who} answered with HTTP status {error.status_code}") from error
    except (APIConnectionError, httpx2.HTTPError) as error:
        raise ChatFailed("failed", f"{shape.who} cannot be reached") from error
    except OpenAIError as error:
        raise ChatFailed("failed", f"{shape.who} failed ({type(error).__name__})") from error
    return _content(body, messages, shape.who, attempt)


def _content(body: bytes, messages: Messages, who: str, attempt: Attempt) -> str:
    try:
        answer = json.loads(body)
        choice = answer["choices"][0]
        content, why = choice["message"].get("content"), choice.get("finish_reason")
        refusal = choice["message"].get("refusal")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        attempt.prompt_tokens = estimate(messages, {})
        raise ChatFailed("failed", f"{who}'s server does not speak the chat protocol") from error
    text = content if isinstance(content, str) else ""
    usage = answer.get("usage") if isinstance(answer.get("usage"), dict) else {}
    attempt.prompt_tokens = _count(usage.get("prompt_tokens"), estimate(messages, {}))
    attempt.completion_tokens = _count(usage.get("completion_tokens"), len(text) // LETTERS_A_TOKEN)
    if refusal:
        raise ChatFailed("refused", f"{who} declined to answer")
    if why == "length":
        raise CutOff
    return text


def _count(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else otherwise
