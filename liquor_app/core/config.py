"""The one reader of the environment."""

from __future__ import annotations

import os
import pwd
import secrets
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from liquor_app.core.errors import Invalid
from liquor_app.core.files.bucket import Bucket
from liquor_app.core.security.secret_strength import MAKE_ONE, is_example, key_weakness, password_in, password_weakness

PROJECT_ROOT = Path(__file__).resolve().parents[2]
ROOT_DATA = Path("/var/lib/liquor-marketing-agent")
"""Where root keeps data directories and the engines' binaries."""


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


def _default_data_dir() -> Path:
    """`.data/` beside the code; as root under /var/lib, because PostgreSQL runs as another user who must reach it."""
    if os.name == "posix" and os.geteuid() == 0:
        return ROOT_DATA / PROJECT_ROOT.as_posix().strip("/").replace("/", "-")
    return PROJECT_ROOT / ".data"


Network = IPv4Network | IPv6Network


@lru_cache(maxsize=8)
def _networks_of(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise ValueError("must be addresses or networks separated by commas, like 127.0.0.1, 10.0.0.0/8") from error


def _alias(name: str) -> AliasChoices:
    return AliasChoices(f"LIQUOR_{name}", name)


class Settings(BaseSettings):
    """Every knob of the application. Names in the environment: `LIQUOR_<NAME>`, and the bare name for the few
    that platforms set themselves (`DATABASE_URL`, `REDIS_URL`, `PORT`, `HOST`)."""

    model_config = SettingsConfigDict(env_prefix="LIQUOR_", extra="ignore", populate_by_name=True)

    env: Environment = Environment.DEVELOPMENT
    host: str = Field("127.0.0.1", validation_alias=_alias("HOST"))
    port: int = Field(8000, ge=1, le=65535, validation_alias=_alias("PORT"))
    public_url: str = ""
    """Address recipients reach us under, for links in messages; defaults to http://host:port."""
    database_url: str = Field("", validation_alias=_alias("DATABASE_URL"))
    database_owner_url: str = ""
    """Of the account that owns the tables, where that of `database_url` does not: migrations go by it and grant the
    other what web and worker need, which are not given it (ADR 115)."""
    redis_url: str = Field("", validation_alias=_alias("REDIS_URL"))
    state_redis_url: str = ""
    """Where the states of open tabs live, if not in `redis_url`: a Redis of their own, with a limit to its memory and
    the policy volatile-ttl, cannot take the queue's and the limits' room. The embedded engines always have one."""
    data_dir: Path = Field(default_factory=_default_data_dir)
    secret_key: SecretStr = SecretStr("")
    """Signs tokens and links and derives the key that encrypts stored secrets. Made once per data directory
    when not given; must be given in production."""
    secret_keys: SecretStr = SecretStr("")
    """A ring instead of one key, separated by commas: the first signs and encrypts, all verify and decrypt. See
    `liquor keys`."""
    admin_email: str = "admin@example.com"
    admin_password: SecretStr = SecretStr("")
    sample: bool = Field(True, validation_alias=AliasChoices("LIQUOR_SAMPLE", "SAMPLE"))
    web_workers: int = Field(1, ge=1, le=32, validation_alias=_alias("WEB_WORKERS"))
    workers: int = Field(1, ge=0, le=32, validation_alias=_alias("WORKERS"))
    db_pool_size: int = Field(10, ge=1, le=200)
    session_days: int = Field(14, ge=1, le=90)
    session_idle_minutes: int = Field(720, ge=5, le=43_200)
    """A browser's session ends when nobody has done anything in it for so long."""
    trusted_proxies: str = ""
    """Addresses or networks, separated by commas, of the proxies in front of us. Only their `X-Forwarded-For` is
    believed: it decides the source address of limits, sign-ins, evidence of consent and the audit log."""
    access_token_minutes: int = Field(15, ge=1, le=1440)
    openai_api_key: SecretStr = Field(
        SecretStr(""), validation_alias=AliasChoices("LIQUOR_OPENAI_API_KEY", "OPENAI_API_KEY")
    )
    openai_base_url: str = Field("", validation_alias=AliasChoices("LIQUOR_OPENAI_BASE_URL", "OPENAI_BASE_URL"))
    openai_model: str = "gpt-4.1-mini"
    openai_timeout_seconds: float = Field(90, ge=1, le=900)
    """For a whole plan, repair and retries included."""
    openai_token_budget: int = Field(40_000, ge=1_000, le=10_000_000)
    """Tokens one plan may use, both ways."""
    openai_max_output_tokens: int = Field(8_000, ge=200, le=200_000)
    openai_input_price: float = Field(0.40, ge=0)
    """US dollars a million tokens, to record what a plan cost."""
    openai_output_price: float = Field(1.60, ge=0)
    files_url: str = ""
    """Where files are kept that web servers and workers share, such as s3://bucket/folder?region=us-east-1 (and
    &endpoint=https://… for what is not Amazon's); `files/` of the data directory if empty."""
    files_key: SecretStr = SecretStr("")
    """Of that bucket: the access key's id and its secret, with a colon between."""
    drop_folder: Path | None = None
    """Where tills lay files for the drop folders: a folder every worker sees. Unset: `drop/` in the bucket, or of the
    data directory."""
    log_json: bool = False
    outbound_allow: str = ""
    """Networks inside that providers may stand in, such as 10.1.2.3/32, separated by commas; everything private is
    refused otherwise."""
    gallery: bool = False
    """Whether the pages that show the design system are built and served; never in production."""

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _driver(cls, value: str) -> str:
        if not value:
            return value
        for prefix in ("postgresql+psycopg://", "postgresql://", "postgres://"):
            if value.startswith(prefix):
                return "postgresql+psycopg://" + value.removeprefix(prefix)
        raise ValueError("must look like postgresql://user:password@host:5432/database")

    @field_validator("outbound_allow")
    @classmethod
    def _reachable(cls, value: str) -> str:
        _networks_of(value)  # its own words name the part that is none
        return value

    @field_validator("redis_url", "state_redis_url")
    @classmethod
    def _redis_scheme(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://")):
            raise ValueError("must look like redis://host:6379/0")
        return value

    @field_validator("files_url")
    @classmethod
    def _bucket(cls, value: str) -> str:
        if value:
            Bucket.of(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for network in _networks_of(value):
            if not network.prefixlen:
                raise ValueError(f"{network} is everybody: name the proxies' own addresses or networks")
        return value

    @model_validator(mode="after")
    def _whole_bucket(self) -> Settings:
        key = self.files_key.get_secret_value()
        if bool(self.files_url) != bool(key):
            missing, given = ("files_key", "LIQUOR_FILES_URL") if self.files_url else ("files_url", "LIQUOR_FILES_KEY")
            raise ValueError(f"{missing}: {given} is set without LIQUOR_{missing.upper()}; a bucket needs both")
        if key and not all(key.partition(":")):
            raise ValueError("files_key: LIQUOR_FILES_KEY must look like ACCESS_KEY_ID:SECRET")
        return self

    @model_validator(mode="after")
    def _owner_of_what(self) -> Settings:
        if self.database_owner_url and not self.database_url:
            raise ValueError("database_owner_url: LIQUOR_DATABASE_OWNER_URL is set without DATABASE_URL; it needs both")
        return self

    @model_validator(mode="after")
    def _safe_in_production(self) -> Settings:
        if self.env is Environment.PRODUCTION:
            given = self.given_keys()
            if not given:
                raise ValueError(f"secret_key: production needs LIQUOR_SECRET_KEY; {MAKE_ONE}")
            # the first one signs; those behind it may be what one rotates away from
            if (why := key_weakness(given[0].decode(errors="replace"))) is not None:
                raise ValueError(
                    f"secret_key: LIQUOR_SECRET_KEY {why}; {MAKE_ONE}. If messages were sent with it already, keep it:"
                    " LIQUOR_SECRET_KEYS=<the new one>,<the old one>, then `liquor keys rotate`"
                )
            if not self.database_url or not self.redis_url:
                raise ValueError("database_url: production needs DATABASE_URL and REDIS_URL")
            if not self.public_url.startswith("https://"):
                raise ValueError("public_url: production needs LIQUOR_PUBLIC_URL=https://…, links in messages use it")
            if is_example(self.public_url):
                raise ValueError(
                    "public_url: LIQUOR_PUBLIC_URL is an example; give the address recipients reach you at"
                )
            self._check_passwords()
            if self.gallery:
                raise ValueError("gallery: the design system's pages are for developers; unset LIQUOR_GALLERY")
        return self

    def _check_passwords(self) -> None:
        """Passwords of the servers, and of the first admin, are no placeholders; Redis has one: whoever writes there
        runs code here, for the states of open pages are pickles."""
        passwords = {
            "database_url: the password in DATABASE_URL": password_in(self.database_url),
            "database_owner_url: the password in LIQUOR_DATABASE_OWNER_URL": password_in(self.database_owner_url),
            "redis_url: the password in REDIS_URL": password_in(self.redis_url),
            "state_redis_url: the password in LIQUOR_STATE_REDIS_URL": password_in(self.state_redis_url),
            "files_key: the secret in LIQUOR_FILES_KEY": self.files_key.get_secret_value().partition(":")[2],
        }
        for what, password in passwords.items():
            if password and (why := password_weakness(password)) is not None:
                raise ValueError(f"{what} {why}; {MAKE_ONE}")
        for field, url in (("redis_url", self.redis_url), ("state_redis_url", self.state_redis_url)):
            if url and not password_in(url):
                raise ValueError(
                    f"{field}: production needs a Redis with a password, like redis://:password@host:6379/0"
                )
        admin = self.admin_password.get_secret_value()
        if admin and (why := password_weakness(admin)) is not None:
            raise ValueError(f"admin_password: LIQUOR_ADMIN_PASSWORD {why}; leave it empty to set up by a code")

    @property
    def base_url(self) -> str:
        """Public address without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """Where a proxy of ours may speak from."""
        return _networks_of(self.trusted_proxies)

    @property
    def reachable_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Where providers may stand though nobody outside reaches it."""
        return _networks_of(self.outbound_allow)

    @property
    def bucket(self) -> Bucket | None:
        """Where files are kept; None for the data directory."""
        return Bucket.of(self.files_url) if self.files_url else None

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    def given_keys(self) -> tuple[bytes, ...]:
        """Return the secret keys of the environment, the first one first; empty if none was given."""
        listed = f"{self.secret_keys.get_secret_value()},{self.secret_key.get_secret_value()}".split(",")
        return tuple(dict.fromkeys(one.strip().encode() for one in listed if one.strip()))

    @property
    def key_file(self) -> Path:
        """Where the ring lies when the environment gives none: a key a line, the first one first."""
        return self.data_dir / "secret.key"

    def key_ring(self) -> tuple[bytes, ...]:
        """Return the secret keys in force, never empty; one is made and kept (mode 0600) if none was given."""
        if given := self.given_keys():
            return given
        if not self.key_file.exists():
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self.key_file.with_suffix(f".{os.getpid()}")
            write_private(fresh, secrets.token_urlsafe(48))
            try:
                os.link(fresh, self.key_file)  # whoever was first wins
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        ring = tuple(line.strip() for line in self.key_file.read_bytes().splitlines() if line.strip())
        if not ring:
            raise Invalid(f"{self.key_file} is empty: restore it from a backup, or delete it to begin with a new key.")
        return ring


def write_private(path: Path, words: str) -> None:
    """A file only we may read, whatever stood there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(words)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings, read once.

    Raises:
        Invalid: a setting is missing or malformed; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = str(first["msg"]).removeprefix("Value error, ")
        raise Invalid(f"Setting {where or ''}: {message}".replace("Setting :", "Setting"), field=where) from error


def inherited_environment() -> dict[str, str]:
    """Return our own environment, to hand on to a child process; settings themselves are read through
    `get_settings`."""
    return dict(os.environ)


def unprivileged_user() -> pwd.struct_passwd | None:
    """Return the account the embedded servers drop to when we are root; None when we are not."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    return pwd.getpwnam("nobody")
