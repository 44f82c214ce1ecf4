"""What the image would hold, run as the image would run it: it takes no container engine to know that it works."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from os import geteuid
from pathlib import Path

import httpx
import pytest
from sqlalchemy.engine import make_url

from liquor_app.core import config
from liquor_app.core.config import PROJECT_ROOT, Settings
from liquor_app.core.platform.child_process import Child, free_port
from tests.e2e.conftest import environment, wait_until_ready
from tests.reliability.chaos import own_engines

pytestmark = [pytest.mark.reliability, pytest.mark.beside, pytest.mark.xdist_group("up")]

DOCKERFILE = (PROJECT_ROOT / "Dockerfile").read_text()
COMPOSE = (PROJECT_ROOT / "docker-compose.yml").read_text()


@pytest.fixture
def image() -> Iterator[Path]:
    """A folder with what the Dockerfile copies, built and thinned out as it says."""
    root = Path(tempfile.mkdtemp(prefix="liquor-image-", dir="/var/lib" if geteuid() == 0 else None))
    app = root / "app"
    app.mkdir()
    build_stage = DOCKERFILE.split("\nFROM ")[1]
    for copied in re.findall(r"^COPY (?!--from)(.+)$", build_stage, re.MULTILINE):
        *sources, target = copied.split()
        for source in sources:
            found = PROJECT_ROOT / source
            if found.is_dir():
                shutil.copytree(found, app / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, app / target)
    subprocess.run(
        [sys.executable, "-m", "liquor_app.cli", "build"],
        cwd=app, env=environment(root / "data", PYTHONPATH=str(app), LIQUOR_GALLERY="0"),
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    kept = set(re.findall(r"! -name (\S+)", build_stage))
    assert kept == {"build", "backend", "build.stamp"}
    for entry in (app / ".web").iterdir():
        if entry.name not in kept:
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    yield app
    shutil.rmtree(root, ignore_errors=True)


def test_the_image_serves_in_production(image: Path) -> None:
    port = free_port()
    with own_engines():
        settings = config.get_settings()
        plain = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        # behind the new key the one the database was made with
        ring = ",".join([secrets.token_urlsafe(48), *(key.decode() for key in settings.given_keys())])
        production = environment(
            image.parent / "data", LIQUOR_ENV="production", DATABASE_URL=plain, REDIS_URL=settings.redis_url,
            LIQUOR_SECRET_KEYS=ring, LIQUOR_PUBLIC_URL="https://marketing.shop.test",
            LIQUOR_ADMIN_PASSWORD="tundra-oboe-kestrel", LIQUOR_SAMPLE="0", LIQUOR_PORT=str(port),
            PYTHONPATH=str(image), PYTHONDONTWRITEBYTECODE="1", LIQUOR_GALLERY="0",
        )  # fmt: skip

        def part(*command: str) -> Child:
            return Child(command[-1], [sys.executable, "-m", *command], image.parent / "log", production, image)

        before = _tree(image)
        migrate = part("liquor_app.cli", "migrate")
        migrate.start()
        assert migrate.wait(60), migrate.tail(20)
        assert migrate.exit_code == 0, migrate.tail(20)
        web, worker = part("liquor_app.cli", "web"), part("worker")
        try:
            web.start()
            worker.start()
            url = f"http://127.0.0.1:{port}"
            assert web.process is not None
            wait_until_ready(web.process, url, image.parent / "log", 60)
            host = {"host": "marketing.shop.test"}
            page = httpx.get(f"{url}/login", headers=host)
            assert "Sign in" in page.text
            script = re.search(r'"(/assets/[^"]+\.js)"', page.text)
            assert script is not None
            assert httpx.get(url + script[1]).headers["cache-control"].startswith("public")
            assert "script-src 'self' 'unsafe-eval' 'sha256-" in page.headers["content-security-policy"]
            assert not (image / ".web" / "build" / "client" / "_gallery").exists()
            assert httpx.get(f"{url}/_gallery", headers=host).status_code == 404
            given = {"email": "admin@example.com", "password": "tundra-oboe-kestrel"}
            assert httpx.post(f"{url}/api/v1/auth/login", json=given).status_code == 200
            assert worker.running, worker.tail(20)
            assert (image.parent / "data" / "tmp").stat().st_mode & 0o777 == 0o700, "where uploads come in"
            assert _tree(image) == before, "the code is read-only in the image: nothing may be written beside it"
        finally:
            web.stop(5)
            worker.stop(5)


def _tree(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in root.rglob("*") if path.is_file()}


def test_compose_and_dockerfile_name_only_what_exists() -> None:
    known = {f"LIQUOR_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bLIQUOR_[A-Z_]+", COMPOSE + DOCKERFILE + (PROJECT_ROOT / ".env.example").read_text()))
    assert named <= known, "a setting nobody reads"
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE))
    offered = set(re.findall(r"^([A-Z_]+)=", (PROJECT_ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked <= offered, "something compose insists on is missing from .env.example"
    for service in ("postgres", "redis", "states", "migrate", "web", "worker"):
        assert re.search(rf"^  {service}:", COMPOSE, re.MULTILINE), service
    assert "minio" not in COMPOSE.lower(), "nothing uses it"


def _service(name: str) -> str:
    """What compose says of a service, anchors resolved as far as this file uses them."""
    shared = re.findall(r"^x-([a-z]+):(.*?)(?=^\S|\Z)", COMPOSE, re.MULTILINE | re.DOTALL)
    services = COMPOSE.partition("\nservices:\n")[2].partition("\nnetworks:\n")[0]
    blocks = dict(shared + re.findall(r"^  ([a-z]+):(.*?)(?=^  [a-z]+:|\Z)", services, re.MULTILINE | re.DOTALL))
    said = blocks[name]
    for anchor in re.findall(r"<<: \*([a-z]+)", said):
        said += _service(anchor) if anchor in blocks else ""  # a part of one, and told with it
    return said


def test_compose_opens_nothing_to_strangers() -> None:
    published = re.findall(r"^    ports: \[(.*?)\]", COMPOSE, re.MULTILINE)
    assert published
    assert all(port.startswith('"127.0.0.1:') for port in published), "plain http stays on the machine"
    for name in ("web", "worker", "migrate"):
        said = _service(name)
        assert "read_only: true" in said
        assert "cap_drop: [ALL]" in said
    for name in ("redis", "states"):
        said = _service(name)
        assert "--requirepass" in said, "states are pickles: whoever writes there runs code"
        assert "networks: [inside]" in said
    assert "networks: [inside]" in _service("postgres")
    owner = "LIQUOR_DATABASE_OWNER_URL"
    assert [name for name in ("web", "worker", "migrate") if owner in _service(name)] == ["migrate"]
    assert re.search(r"^  inside: \{internal: true\}", COMPOSE, re.MULTILINE)
    for name in ("web", "worker", "migrate", "postgres", "redis", "states"):
        assert "max-size" in _service(name), "logs are bounded"
        assert "no-new-privileges" in _service(name)
    assert "--chown" not in DOCKERFILE.split("\nFROM ")[-1], "the code is not its user's to change"
    assert re.search(r"^USER liquor$", DOCKERFILE, re.MULTILINE)
