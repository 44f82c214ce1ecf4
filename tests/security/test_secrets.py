"""Production starts with secrets only."""

from __future__ import annotations

import os
import re
import secrets

import pytest

from liquor_app.core import config
from liquor_app.core.config import PROJECT_ROOT, Settings
from liquor_app.core.errors import Invalid
from liquor_app.core.security.secret_strength import key_weakness, password_weakness

GOOD = {
    "LIQUOR_ENV": "production",
    "LIQUOR_SECRET_KEY": "vZ7nqk3Xf0uTtY2cR9wPz5LhB8sGmJd1eQaWoKi4NxUy6Vb",
    "DATABASE_URL": "postgresql://liquor:kX92mTqLw7RzPb4c@db:5432/liquor",
    "REDIS_URL": "redis://:hV38sNfKq1YdGt6u@redis:6379/0",
    "LIQUOR_PUBLIC_URL": "https://shop.test",
}
EXAMPLE = dict(re.findall(r"^([A-Z_]+)=(.+)$", (PROJECT_ROOT / ".env.example").read_text(), re.MULTILINE))


def _settings(monkeypatch: pytest.MonkeyPatch, **changes: str) -> Settings:
    for name in [name for name in os.environ if name.startswith("LIQUOR_")]:
        monkeypatch.delenv(name)
    for name, value in {**GOOD, **changes}.items():
        monkeypatch.setenv(name, value)
    config.get_settings.cache_clear()
    try:
        return config.get_settings()
    finally:
        config.get_settings.cache_clear()


def test_secrets_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _settings(monkeypatch).env == "production"
    assert _settings(monkeypatch, LIQUOR_ADMIN_PASSWORD="tundra-oboe-kestrel")
    assert _settings(monkeypatch, DATABASE_URL="postgresql://liquor@db/liquor"), "a certificate, or a local socket"


@pytest.mark.parametrize(
    "key",
    [
        "", "tiny", EXAMPLE["LIQUOR_SECRET_KEY"], EXAMPLE["LIQUOR_SECRET_KEY"].upper(), "not-a-secret-" + "x" * 32,
        "x" * 64, "abc123" * 10, "0123456789" * 4, "abcdefghijklmnopqrstuvwxyz0123456789", "password" * 6,
        "secret-key-secret-key-secret-key-secret-key", "ab" * 32, "1" * 20 + "2" * 20,
        "correcthorsebatterystaplecorrecthorsebat", "your-32-character-secret-goes-right-here-ok",
        GOOD["LIQUOR_SECRET_KEY"][:31],
    ],
)  # fmt: skip
def test_what_is_no_secret_is_refused(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with pytest.raises(Invalid, match="secret_key") as refused:
        _settings(monkeypatch, LIQUOR_SECRET_KEY=key)
    assert not key or key not in refused.value.message
    with pytest.raises(Invalid, match="secret_key"):
        _settings(
            monkeypatch, LIQUOR_SECRET_KEY="", LIQUOR_SECRET_KEYS=f"{key},{GOOD['LIQUOR_SECRET_KEY']}" if key else ""
        )


def test_one_may_rotate_away_from_a_placeholder(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = f"{GOOD['LIQUOR_SECRET_KEY']},{EXAMPLE['LIQUOR_SECRET_KEY']}"
    settings = _settings(monkeypatch, LIQUOR_SECRET_KEY="", LIQUOR_SECRET_KEYS=ring)
    assert len(settings.key_ring()) == 2, "what it signed and sealed is not lost"


@pytest.mark.parametrize("password", [EXAMPLE["POSTGRES_PASSWORD"], EXAMPLE["REDIS_PASSWORD"], "change%2Dme-postgres",
                                      "postgres", "password1234", "aaaaaaaaaaaaaaaa", "abcabcabcabcabc",
                                      "liquorliquorliquor", "postgres123456", "Passw0rd12345"])  # fmt: skip
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://liquor:{}@db:5432/liquor"),
        ("DATABASE_URL", "postgresql://liquor@db:5432/liquor?password={}"),
        ("REDIS_URL", "redis://:{}@redis:6379/0"),
        ("LIQUOR_STATE_REDIS_URL", "redis://:{}@redis:6379/0"),
    ],
)
def test_placeholders_in_addresses_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, password: str
) -> None:
    with pytest.raises(Invalid, match="password") as refused:
        _settings(monkeypatch, **{name: url.format(password)})
    assert name in refused.value.message
    assert password not in refused.value.message


@pytest.mark.parametrize("name", ["REDIS_URL", "LIQUOR_STATE_REDIS_URL"])
def test_redis_has_a_password(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(Invalid, match="Redis with a password"):
        _settings(monkeypatch, **{name: "redis://redis:6379/0"})


def test_the_first_admins_password_is_no_placeholder(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match="admin_password"):
        _settings(monkeypatch, LIQUOR_ADMIN_PASSWORD="change-me-please")


def test_what_is_random_is_never_refused() -> None:
    """A refusal by bad luck would be a riddle: thousands of each kind people make."""
    urlsafe, hexadecimal = secrets.token_urlsafe, secrets.token_hex
    for _ in range(2000):
        for key in (urlsafe(32), hexadecimal(16), hexadecimal(32), urlsafe(24)):
            assert key_weakness(key) is None, key
        for password in (urlsafe(12), hexadecimal(8), urlsafe(9)):
            assert password_weakness(password) is None, password


def test_a_run_of_digits_within_chance_is_no_placeholder() -> None:
    """One random key of ten million holds such a run; a key that is little else does not pass by what else it says."""
    assert key_weakness("86eb1aeb1234567886bf637d1c1aee5e") is None
    for key in ("1234567812345678123456781234567812", "liquor-1234567-shop-7654321-wine-12", "12345678" * 6 + "ab"):
        assert key_weakness(key) is not None, key


def test_every_example_is_visibly_none() -> None:
    for name, value in EXAMPLE.items():
        if name.endswith(("PASSWORD", "KEY")):
            assert password_weakness(value), name


@pytest.mark.parametrize("host", ["marketing.example.com", "example.org", "shop.example", "Shop.Example.NET."])
def test_an_examples_address_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    with pytest.raises(Invalid, match="LIQUOR_PUBLIC_URL is an example"):
        _settings(monkeypatch, LIQUOR_PUBLIC_URL=f"https://{host}/")
    with pytest.raises(Invalid, match="LIQUOR_PUBLIC_URL is an example"):
        _settings(monkeypatch, LIQUOR_PUBLIC_URL=EXAMPLE["LIQUOR_PUBLIC_URL"])
    assert _settings(monkeypatch, LIQUOR_PUBLIC_URL="https://myexample.com").public_url == "https://myexample.com"
