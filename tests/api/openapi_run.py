"""Calls the API as its OpenAPI document describes it, rightly and wrongly, and gathers every answer that is not what
the document says (Schemathesis)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from liquor_app.core.errors import RULE

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "ignored_auth",
    "use_after_free",
    "unsupported_method",
    "allow_header_conformance",
)
"""What is asked of every answer, by the library's names."""
RULES = "rule_code_conformance"
"""Ours: a refusal by a rule is one that the operation names."""
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "429"]
TAKEN = ["2xx", "3xx", "401", "403", "404", "429"]
SEED = 20261102


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    """Rows, one a line."""
    return value if isinstance(value, bytes) else str(value).encode()


@dataclass(frozen=True, slots=True)
class Depth:
    """How much is tried.

    Attributes:
        examples: calls drawn of each operation; 0 for none.
        paths: ways through several operations.
        coverage: whether every bound of every field is tried too.
    """

    examples: int
    paths: int
    coverage: bool


@dataclass(slots=True)
class Told:
    """What came of a run: calls made, findings with an example of each and how often, and refusals by a rule."""

    calls: Counter[str] = field(default_factory=Counter)
    findings: dict[tuple[str, str, str], str] = field(default_factory=dict)
    times: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rules: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def by_check(self) -> dict[str, int]:
        found = Counter(check for check, _, _ in self.findings)
        return {check: found[check] for check in (*CHECKS, RULES)}

    def lines(self) -> Iterator[str]:
        """Say all of it, what matters first."""
        yield from (f"{check}: {count}" for check, count in self.by_check().items())
        yield f"calls: {self.calls.total()} {dict(self.calls)} {dict(sorted(self.statuses.items()))}"
        for (check, operation, about), example in sorted(self.findings.items()):
            yield f"{check} | {operation} | {about} | {self.times[check, operation, about]}\n    {example}"
        yield from (f"error | {one}" for one in self.errors)

    def add(self, check: str, operation: str, about: str, example: str) -> None:
        self.times[check, operation, about] += 1
        self.findings.setdefault((check, operation, about), example)


def run(
    base_url: str,
    document: dict[str, Any],
    headers: dict[str, str],
    depth: Depth,
    *,
    spared: frozenset[str] = frozenset(),
    only: Callable[[str], bool] | None = None,
) -> Told:
    """Call every operation of a document and return what came of it; the same calls each time.

    Args:
        headers: those of somebody who may do everything.
        spared: ids of what the caller itself lives by; these are left alone.
        only: tells by its label ("GET /api/v1/customers") whether an operation is called.
    """
    told = Told()
    schema = schemathesis.openapi.from_dict(document, config=_settings(base_url, headers, depth))
    if only is not None:
        schema = schema.include(lambda context: only(context.operation.label))

    @schema.hooks.hook
    def filter_case(context: Any, case: Any) -> bool:
        return not spared & {str(one) for one in (case.path_parameters or {}).values()}

    @schema.hooks.hook
    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        if type(failure).__name__ == "AcceptedNegativeData":
            return not (_refuses_rows(response) or _is_stale(response))
        if type(failure).__name__ != "RejectedPositiveData":
            return True
        # an id it found to be null in another answer: that of a row that was refused
        if rule_of(response) is not None or "null" in response.request.url.split("?")[0].split("/"):
            return False
        # a version nobody has is no fault of the rest
        return not _is_stale(response)

    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            told.errors.append(f"{event.label}: {event.info.title} {event.info.message}"[:500])
        elif isinstance(event, events.ScenarioFinished):
            _gather(told, event)
    return told


def _is_stale(response: Any) -> bool:
    """Tell whether nothing was done because the call named a version that is not the thing's."""
    return response.status_code == 412 and any(one.lower() == "if-match" for one in response.request.headers)


def _refuses_rows(response: Any) -> bool:
    """Tell whether an answer to many rows says of some that they were refused."""
    try:
        return bool(json.loads(response.content)["refused"])
    except (ValueError, KeyError, TypeError):
        return False


def rule_of(response: Any) -> str | None:
    """Return the code of a refusal by a rule; None for any other answer."""
    if response is None or response.status_code not in (409, 422):
        return None
    try:
        code = json.loads(response.content).get("code")
    except (ValueError, AttributeError):
        return None
    return code if isinstance(code, str) and code.startswith(RULE) else None


def _settings(base_url: str, headers: dict[str, str], depth: Depth) -> SchemathesisConfig:
    drawn = {"deterministic": True, "no-shrink": True, "database": "none", "with-security-parameters": False}
    checks: dict[str, Any] = {"enabled": False, **{name: {"enabled": True} for name in CHECKS}}
    checks["negative_data_rejection"]["expected-statuses"] = REFUSED
    checks["positive_data_acceptance"]["expected-statuses"] = TAKEN
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": base_url,
            "headers": headers,
            "workers": 1,
            "auth": {"auto-signup": False},
            "cache": {"enabled": False},  # what an earlier run saw would change what this one tries
            "continue-on-failure": True,
            "request-timeout": 60,
            "checks": checks,
            "generation": {**drawn, "max-examples": max(depth.examples, 1)},
            "phases": {
                "examples": {"enabled": depth.examples > 0},
                "coverage": {"enabled": depth.coverage},
                # nor does it guess from words of refusals what else a body might need
                "fuzzing": {"enabled": depth.examples > 0, "error-feedback": {"enabled": False}},
                "stateful": {"enabled": depth.paths > 0, "generation": {**drawn, "max-examples": max(depth.paths, 1)}},
            },
        }
    )


def _gather(told: Told, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        told.calls[event.phase.value] += 1
        told.statuses[interaction.response.status_code if interaction.response else 0] += 1
        if (code := rule_of(interaction.response)) is not None and case_id in recorder.cases:
            operation = recorder.cases[case_id].value.operation
            told.rules[operation.label, code, json.loads(interaction.response.content).get("field") or ""] += 1
            if code not in operation.definition.raw.get("x-rules", ()):
                told.add(RULES, operation.label, code, _shown(interaction))
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                interaction = recorder.interactions.get(failure.case_id or case_id) or recorder.interactions[case_id]
                told.add(check.name, failure.operation, _about(failure, interaction), _shown(interaction, failure))


def _about(failure: Any, interaction: Any) -> str:
    response = interaction.response
    about = f"{failure.title} {response.status_code if response else 'no answer'}"
    try:
        said = json.loads(response.content) if response and response.status_code >= 400 else {}
        return f"{about} {said.get('code', '')} {said.get('field', '')}"
    except (ValueError, AttributeError):
        return f"{about} no problem document"


def _shown(interaction: Any, failure: Any = None) -> str:
    request, response = interaction.request, interaction.response
    said = " ".join(failure.message.split())[:300] if failure is not None else ""
    answer = f"{response.status_code} {(response.content or b'')[:300]!r}" if response else "nothing"
    return f"{said} {request.method} {request.uri[:300]} {(request.body or b'')[:300]!r} -> {answer}"
