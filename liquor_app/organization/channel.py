"""The ways to reach somebody. Imports nothing: sandboxed code asks for channels too."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"

    @property
    def label(self) -> str:
        return {"email": "E-mail", "sms": "SMS"}[self.value]
