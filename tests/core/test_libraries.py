"""What the product is made of is told from the lock, and whether it has holes is not told where nobody was asked."""

from __future__ import annotations

import json
import re
import runpy
from typing import Any

import pytest

from liquor_app.core.config import PROJECT_ROOT

SBOM = runpy.run_path(str(PROJECT_ROOT / "scripts" / "sbom.py"))
AUDIT = runpy.run_path(str(PROJECT_ROOT / "scripts" / "audit_libraries.py"))
LOCK = (PROJECT_ROOT / "requirements.lock").read_text()
PROJECT = {"name": "shop", "version": "1", "license": "Apache-2.0"}


def test_every_library_of_the_lock_is_in_the_document() -> None:
    made = SBOM["document"](LOCK, PROJECT)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    pins = re.findall(r"^([a-z0-9._-]+)(?:\[.*?\])?==(\S+)", LOCK, re.MULTILINE)
    assert len(pins) > 100
    assert [(one["name"], one["version"]) for one in made["components"]] == pins
    hashes = [one for part in made["components"] for one in part["properties"] if one["name"] == "lock:sha256"]
    assert len(hashes) == LOCK.count("--hash=sha256:")
    known = {part["bom-ref"] for part in made["components"]} | {"pkg:pypi/shop@1"}
    assert {one["ref"] for one in made["dependencies"]} == known
    assert {other for one in made["dependencies"] for other in one["dependsOn"]} == known - {"pkg:pypi/shop@1"}
    wants = {one["ref"]: one["dependsOn"] for one in made["dependencies"]}
    webauthn = next(one for one in known if one.startswith("pkg:pypi/webauthn@"))
    assert webauthn in wants["pkg:pypi/shop@1"]
    assert any(one.startswith("pkg:pypi/cbor2@") for one in wants[webauthn])
    assert sum("licenses" in one for one in made["components"]) > 100
    assert SBOM["document"](LOCK, PROJECT) == made, "the same lock gives the same document"
    assert SBOM["document"](LOCK + "\n", PROJECT)["serialNumber"] != made["serialNumber"]


def test_a_lock_that_cannot_be_read_is_no_document() -> None:
    with pytest.raises(ValueError, match="no pin"):
        SBOM["libraries"]("left==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\nright>=2\n")


def answered(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(dependencies), "fixes": []})


CLEAN = {"name": "left", "version": "1", "vulns": []}
HOLE = {"name": "right", "version": "2", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "far", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        ("", 3, "Nothing was checked"),
        ("<html>", 3, "Nothing was checked"),
        (answered(UNKNOWN, UNKNOWN), 3, "Nothing was checked"),
        (answered(CLEAN), 0, "1 libraries checked, 0 known holes."),
        (answered(CLEAN, UNKNOWN), 0, "far: not found\n1 libraries checked"),
        (answered(CLEAN, HOLE), 1, "right 2: CVE-2026-1, mended in 2.1"),
    ],
)
def test_what_nobody_was_asked_is_no_all_clear(told: str, code: int, words: str) -> None:
    found = AUDIT["report"](told)
    assert found[0] == code
    assert words in found[1]
