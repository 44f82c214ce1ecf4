"""Write what the product is made of as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/): each library of the lock
with its version, the hashes it is installed by, its licence, and which others it came for. Nothing is fetched; the
same lock gives the same document.

    python scripts/sbom.py [dist/sbom.cdx.json]
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
OUT = ROOT / "dist" / "sbom.cdx.json"
_PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>\S+)(?: ; (?P<marker>.*?))? *\\?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_FOR = re.compile(r"^ +#\s+(?:via )?(?P<name>[a-zA-Z0-9._-]+)")
_SPDX = re.compile(r"^[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*$")


@dataclass
class Library:
    """One pin of the lock. `wanted_by`: which others it came for."""

    name: str
    version: str
    marker: str = ""
    hashes: list[str] = field(default_factory=list)
    wanted_by: list[str] = field(default_factory=list)

    @property
    def ref(self) -> str:
        """Its package URL, which names it in the document."""
        return f"pkg:pypi/{self.name}@{self.version}"


def libraries(lock: str) -> list[Library]:
    """Read the pins of a lock, in its order.

    Raises:
        ValueError: a line that is none of those a lock has.
    """
    found: list[Library] = []
    for line in lock.splitlines():
        if pin := _PIN.match(line):
            found.append(Library(pin["name"], pin["version"], pin["marker"] or ""))
        elif found and (hashed := _HASH.search(line)):
            found[-1].hashes.append(hashed[1])
        elif found and (wanted := _FOR.match(line)):
            found[-1].wanted_by += [wanted["name"]] if wanted["name"] != "via" else []
        elif line.strip() and not line.lstrip().startswith("#"):
            raise ValueError(f"this line is no pin: {line[:80]}")
    return found


def licence_of(name: str) -> dict[str, Any] | None:
    """Return the licence an installed library says, as the document has it; None if it is not here or says none."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return None
    expression = told.get("License-Expression")
    if expression and _SPDX.match(expression.replace("(", "").replace(")", "")):
        return {"expression": expression}
    classified = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    said = classified[0] if classified else (expression or told.get("License") or "").strip().partition("\n")[0][:80]
    return {"license": {"name": said}} if said else None


def document(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """Return the whole as CycloneDX 1.6."""
    found = libraries(lock)
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    refs = {one.name: one.ref for one in found}
    wants: dict[str, set[str]] = {own: set(), **{one.ref: set() for one in found}}
    for one in found:
        for other in one.wanted_by:
            wants[refs.get(other, own)].add(one.ref)
    serial = uuid5(NAMESPACE_URL, hashlib.sha256(lock.encode()).hexdigest())
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": own, "name": project["name"], "version": project["version"],
                "licenses": [{"expression": project["license"]}],
            },
        },
        "components": [_component(one) for one in found],
        "dependencies": [{"ref": ref, "dependsOn": sorted(others)} for ref, others in wants.items()],
    }  # fmt: skip


def _component(one: Library) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": "library", "bom-ref": one.ref, "name": one.name, "version": one.version, "purl": one.ref,
        # a wheel for each system has a hash of its own: one of them is what was installed
        "properties": [{"name": "lock:sha256", "value": value} for value in one.hashes],
    }  # fmt: skip
    if one.marker:
        told["properties"].append({"name": "lock:marker", "value": one.marker})
    if (licence := licence_of(one.name)) is not None:
        told["licenses"] = [licence]
    return told


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    made = document(LOCK.read_text(), project)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(made, indent=1) + "\n")
    unsaid = [one["name"] for one in made["components"] if "licenses" not in one]
    print(f"{out}: {len(made['components'])} libraries; {len(unsaid)} say no licence here: {', '.join(unsaid) or '–'}")


if __name__ == "__main__":
    main()
