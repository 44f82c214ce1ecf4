"""A device that holds passkeys, in software: it makes real key pairs and signs as authenticators do (WebAuthn 3, 6)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Device:
    """One with a single passkey, made by `make` and used by `sign`.

    Attributes:
        origin: the page it believes to be on.
        counts: how often it signed, as it says; 0 for ever where `is_counting` is false.
    """

    origin: str
    rp_id: str = ""
    counts: int = 0
    is_counting: bool = True
    flags: int = PRESENT | VERIFIED
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    user_handle: bytes = b""

    @property
    def credential_id(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return hashlib.sha256(f"{numbers.x} {numbers.y}".encode()).digest()

    def make(self, options: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """What `navigator.credentials.create` returns. `changed` are fields of the attestation object that lie."""
        self.user_handle = base64url_to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(public)
        stated = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + attested, **changed}
        return self._answer(
            clientDataJSON=self._client("webauthn.create", options), attestationObject=cbor2.dumps(stated)
        )

    def sign(self, options: dict[str, Any], *, user_handle: bytes | None = None) -> dict[str, Any]:
        """What `navigator.credentials.get` returns."""
        self.counts += self.is_counting
        client, data = self._client("webauthn.get", options), self._data()
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ECDSA(hashes.SHA256()))
        return self._answer(
            clientDataJSON=client, authenticatorData=data, signature=signature,
            userHandle=self.user_handle if user_handle is None else user_handle,
        )  # fmt: skip

    def _data(self, more: int = 0) -> bytes:
        name = self.rp_id or urlsplit(self.origin).hostname or ""
        return hashlib.sha256(name.encode()).digest() + bytes([self.flags | more]) + self.counts.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _answer(self, **response: bytes) -> dict[str, Any]:
        name = bytes_to_base64url(self.credential_id)
        return {
            "id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {},
            "response": {part: bytes_to_base64url(one) for part, one in response.items()},
        }  # fmt: skip
