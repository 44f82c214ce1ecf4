"""The address of a bucket, as the settings give it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a bucket is: `endpoint` speaks S3, `prefix` is a folder in the bucket or empty."""

    name: str
    prefix: str
    endpoint: str
    region: str

    @classmethod
    def of(cls, url: str) -> Bucket:
        """Return the bucket an address like s3://bucket/folder?region=…&endpoint=https://… names.

        Raises:
            ValueError: it is none; the message says what one looks like.
        """
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        region = given.pop("region", "us-east-1")
        endpoint = given.pop("endpoint", f"https://s3.{region}.amazonaws.com").rstrip("/")
        prefix = parts.path.strip("/")
        if (
            parts.scheme != "s3"
            or re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc) is None
            or re.fullmatch(r"(?:[\w-]+(?:/[\w-]+)*)?", prefix, re.ASCII) is None
            or re.fullmatch(r"[a-z0-9-]+", region) is None
            or re.fullmatch(r"https?://[^/@?#\s]+", endpoint) is None
            or given
            or parts.fragment
        ):
            raise ValueError(
                "must look like s3://bucket/folder?region=us-east-1&endpoint=https://s3.shop.internal:9000"
            )
        return cls(parts.netloc, prefix, endpoint, region)
