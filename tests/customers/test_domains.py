"""Domains of e-mail addresses in other letters, as mail servers have them (IDNA 2008, RFC 5891)."""

from __future__ import annotations

import pytest

from liquor_app.core.errors import Invalid
from liquor_app.customers.addresses import normalise_email


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ann@straße.de", "ann@xn--strae-oqa.de"), ("ann@STRASSE.de", "ann@strasse.de"),
        ("ann@MÜNCHEN.example", "ann@xn--mnchen-3ya.example"), ("ann@exämple。com", "ann@xn--exmple-cua.com"),
        ("ann@βόλος.com", "ann@xn--nxasmm1c.com"),
    ],
)  # fmt: skip
def test_a_domain_is_the_one_that_is_meant(written: str, kept: str) -> None:
    assert normalise_email(written) == kept


@pytest.mark.parametrize("written", ["ann@☃.com", "ann@ü-.com", "ann@" + "ü" * 64 + ".com", "ann@\u0301a.com"])
def test_what_no_registry_gives_out_is_no_domain(written: str) -> None:
    with pytest.raises(Invalid):
        normalise_email(written)
