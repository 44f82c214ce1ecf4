"""Check a domain we send as: SPF, DKIM and DMARC, and whether their names agree with the one in From."""

from __future__ import annotations

from dataclasses import dataclass

from liquor_app.providers.sender_check.dkim import check_dkim
from liquor_app.providers.sender_check.dmarc import Record, Walk, agrees, check_dmarc
from liquor_app.providers.sender_check.dns_lookups import Ask, Questions, is_name
from liquor_app.providers.sender_check.findings import WHY, Finding, Topic, Verdict, good, not_known
from liquor_app.providers.sender_check.spf import check_spf


@dataclass(frozen=True, slots=True)
class Sender:
    """A domain in From and who carries its mail.

    Attributes:
        signs_as: the domain DKIM keys stand under.
        envelope: the domain bounces go to, which SPF is about; empty where nobody has told it.
        selectors: names of the keys; `told` where a person gave them, else they are the provider's usual ones.
        includes: what SPF of the envelope has to include.
        where: where the provider shows its records.
    """

    domain: str
    provider: str
    signs_as: str
    envelope: str
    selectors: tuple[str, ...]
    told: bool
    includes: str = ""
    where: str = "your provider"


_WHERE = {
    "mailgun": "Mailgun (Sending, Domains)",
    "sendgrid": "SendGrid (Settings, Sender Authentication)",
    "postmark": "Postmark (Sender Signatures)",
    "smtp": "whoever runs the mail server",
}
_USUAL = {"mailgun": ("k1", "smtp", "mailo", "pic", "email", "mx"), "sendgrid": ("s1", "s2")}
"""Selectors providers use as a rule (documentation.mailgun.com "Domain verification", docs.sendgrid.com "Automated
security"); Postmark's hold a date, and a server of one's own may have any."""


def sender_of(domain: str, provider: str, own_domain: str, selectors: list[str], envelope: str) -> Sender:
    """Tell how a provider signs and which envelope it uses; what a person said goes before what it does as a rule.

    Args:
        own_domain: the domain of the provider's account, of Mailgun: it signs as that and bounces go there.
    """
    bounces = {"mailgun": own_domain, "postmark": f"pm-bounces.{domain}", "smtp": domain}.get(provider, "")
    return Sender(
        domain,
        provider,
        own_domain or domain,
        envelope or bounces,
        tuple(selectors) or _USUAL.get(provider, ()),
        bool(selectors),
        "mailgun.org" if provider == "mailgun" and not envelope else "",
        _WHERE.get(provider, "your provider"),
    )


async def check_sender(sender: Sender, ask: Ask) -> list[Finding]:
    """Return what a receiver would find, worst first; nothing is claimed that the DNS did not say."""
    if not is_name(sender.domain):
        return [not_known(Topic.DMARC, f"{sender.domain[:80]} is no name the DNS knows.")]
    questions = Questions(ask)
    spf, spf_passes = await check_spf(questions, sender.envelope or sender.domain, sender.includes)
    policy, record, walk = await check_dmarc(questions, sender.domain)
    dkim, dkim_passes = await check_dkim(questions, sender.signs_as, list(sender.selectors), sender.told, sender.where)
    found = [*spf, *dkim, *policy]
    if record is not None:
        found.append(await _alignment(questions, sender, record, walk, passes=(dkim_passes, spf_passes)))
    order = (Verdict.WRONG, Verdict.UNKNOWN, Verdict.BETTER, Verdict.GOOD)
    return sorted(found, key=lambda one: order.index(one.verdict))


async def _alignment(
    ask: Questions, sender: Sender, record: Record, walk: Walk, *, passes: tuple[bool | None, bool | None]
) -> Finding:
    """DMARC passes if one of the two passes under a name that agrees with From (RFC 9989 § 4.4)."""

    async def agreed(does_pass: bool | None, name: str, tag: str) -> bool | None:
        if does_pass is False:
            return False
        aligned = await agrees(ask, name, walk, strict=record.tags.get(tag, "r").lower() == "s") if name else None
        return aligned if does_pass or aligned is False else None

    by_dkim = await agreed(passes[0], sender.signs_as, "adkim")
    by_spf = await agreed(passes[1], sender.envelope, "aspf")
    if by_dkim or by_spf:
        which = " and ".join(name for name, yes in (("DKIM", by_dkim), ("SPF", by_spf)) if yes)
        return good(Topic.ALIGNMENT, f"{which} agrees with {sender.domain} in From.")
    if by_dkim is None or by_spf is None:
        words = f"Whether SPF or DKIM agrees with {sender.domain} in From is not known: see what is missing above."
        return not_known(Topic.ALIGNMENT, words)
    words = (
        f"Neither SPF nor DKIM passes under a name that agrees with {sender.domain} in From, so DMARC fails. Have"
        f" {sender.where} sign as {sender.domain}."
    )
    return Finding(Topic.ALIGNMENT, Verdict.WRONG, words, WHY)
