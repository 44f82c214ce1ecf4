"""What a browser answers in a ceremony, held against what it was asked. Pure; whatever cannot be read is no proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_attestation_object
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from liquor_app.accounts.entry.passkey_ceremony import SECONDS, RelyingParty

SHOP = "Liquor Marketing"
"""As devices name what a passkey is for."""
MOST_CHARACTERS = 16_384
"""Of an answer; real ones have some 1,500."""
_MILLISECONDS = SECONDS * 1000


@dataclass(frozen=True, slots=True)
class Proved:
    """A passkey whose device signed our challenge, and its user before it. `sign_count` is what the device says."""

    credential_id: str
    public_key: str
    sign_count: int


def options_to_add(
    party: RelyingParty, challenge: bytes, user_id: UUID, *, email: str, full_name: str | None, known: list[str]
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` is asked for, bytes as base64url: a key that names its user by itself,
    of a device that makes sure who is before it. `known` are the user's passkeys: no device makes a second one."""
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=SHOP,
        user_id=user_id.bytes,
        user_name=email,
        user_display_name=full_name or email,
        challenge=challenge,
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(one)) for one in known],
    )
    return options_to_json_dict(options)


def options_to_enter(party: RelyingParty, challenge: bytes) -> dict[str, Any]:
    """Return what `navigator.credentials.get` is asked for. No passkey is named: nobody learns who has one."""
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=_MILLISECONDS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def prove_new(party: RelyingParty, challenge: bytes, answer: Mapping[str, Any]) -> Proved | None:
    """Return the new passkey of an answer; None if it proves nothing. Who made a device is not asked, so certificates
    of strangers are not read."""
    try:
        if len(str(answer)) > MOST_CHARACTERS:
            return None
        stated = parse_attestation_object(base64url_to_bytes(answer["response"]["attestationObject"]))
        if stated.fmt not in (AttestationFormat.NONE, AttestationFormat.PACKED) or stated.att_stmt.x5c:
            return None
        made = verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception:  # whatever a stranger's bytes break, they prove nothing
        return None
    return Proved(
        bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key), made.sign_count
    )


def named_user(answer: Mapping[str, Any]) -> tuple[str, UUID] | None:
    """Return the passkey and the user that an answer names, unproved; None if it names none."""
    try:
        return str(answer["id"])[:2000], UUID(bytes=base64url_to_bytes(answer["response"]["userHandle"]))
    except Exception:
        return None


def prove_known(party: RelyingParty, challenge: bytes, answer: Mapping[str, Any], public_key: str) -> Proved | None:
    """Return the passkey of an answer that the key we know has signed; None if it proves nothing. Whether its count
    went on is asked of the result."""
    try:
        if len(str(answer)) > MOST_CHARACTERS:
            return None
        seen = verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=base64url_to_bytes(public_key),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:
        return None
    return Proved(bytes_to_base64url(seen.credential_id), public_key, seen.new_sign_count)
