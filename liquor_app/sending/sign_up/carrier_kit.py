"""What carriers ask of a shop before its texts go out (10DLC, The Campaign Registry): every answer, made of what is
set here, and what is still missing.

What is registered must be what happens: the words are those of the pages, the messages those of the templates in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Invalid
from liquor_app.customers.ages.birth_dates import LEGAL_AGE
from liquor_app.organization.models import Channel
from liquor_app.organization.service import BrandRow, get_brand
from liquor_app.organization.settings import ComplianceSettings, load_settings
from liquor_app.organization.shop_identity import UNNAMED
from liquor_app.organization.us_states import state_name
from liquor_app.providers.registry import SANDBOX
from liquor_app.providers.service import load_routes
from liquor_app.sending.events.sms_keywords import HELP, help_words, started_words, stopped_words
from liquor_app.sending.events.stop_requests import STOP
from liquor_app.sending.sign_up.sign_up_message import asking_text, welcome_text
from liquor_app.sending.sign_up.sign_up_pages import PageRow, read_sign_up_page
from liquor_app.sending.sign_up.turned_away import TURNED_AWAY
from liquor_app.templates.preview import preview_draft
from liquor_app.templates.rendering.render import Legal, Notice, render_notice
from liquor_app.templates.template_catalog import load_catalog
from liquor_app.ui.words import plural

SAMPLES = 5
"""The registry takes five messages at most."""
WHERE_TO_SET = (
    "Twilio's own answer to STOP does not name you, which carriers ask for: in the Messaging Service, under Opt-Out"
    " Management, turn Advanced Opt-Out on and enter the opt-out, opt-in and help messages below and above."
)


@dataclass(frozen=True, slots=True)
class KitField:
    """An answer: what the registry calls it, and what to hand in; empty where it is missing. Of `is_advice` nothing is
    handed in: it is told to whoever fills the form in."""

    key: str
    label: str
    value: str
    is_advice: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """What is still to be done, and the page where; no page for what an operator sets."""

    words: str
    page: str


@dataclass(frozen=True, slots=True)
class CarrierKit:
    """The registration of a brand and of its campaign."""

    brand_id: UUID
    brand: str
    brand_fields: list[KitField]
    campaign_fields: list[KitField]
    missing: list[Missing]

    @property
    def fields(self) -> list[KitField]:
        return [*self.brand_fields, *self.campaign_fields]

    def as_text(self) -> str:
        """Return all of it as one text file."""
        parts = [f"10DLC registration of {self.brand}", "Have counsel review this before it is handed in."]
        if self.missing:
            parts.append("STILL MISSING\n" + "\n".join(f"- {one.words}" for one in self.missing))
        for title, fields in (("BRAND", self.brand_fields), ("CAMPAIGN", self.campaign_fields)):
            parts.append(title + "\n" + "\n\n".join(f"{one.label}:\n{one.value or '(missing)'}" for one in fields))
        return "\n\n".join(parts) + "\n"


async def carrier_kit(session: AsyncSession, actor: Actor, brand_id: UUID | None) -> CarrierKit:
    """Return what to hand in for a brand, the default one for None.

    Raises:
        Forbidden: the actor is not a marketer.
        NotFound: there is no such brand.
    """
    require(actor, Permission.SETTINGS_EXPORT)
    brand = await get_brand(session, brand_id)
    page = await read_sign_up_page(session, actor, brand.id)
    compliance = await load_settings(session, ComplianceSettings)
    age = max(compliance.minimum_age, LEGAL_AGE)
    samples = await _samples(session)
    has_carrier = any(
        route.channel is Channel.SMS and route.provider != SANDBOX for route in await load_routes(session)
    )
    return CarrierKit(
        brand.id,
        brand.name,
        _brand_fields(brand),
        _campaign_fields(brand, page, age, samples, _asking(brand, page, compliance.minimum_age)),
        _missing(brand, page, has_samples=bool(samples), has_carrier=has_carrier),
    )


def _brand_fields(brand: BrandRow) -> list[KitField]:
    return [
        KitField("legal_name", "Legal company name, as on the tax papers", "" if brand.name == UNNAMED else brand.name),
        KitField("ein", "Tax number (EIN)", "From your papers: we do not keep it.", is_advice=True),
        KitField("vertical", "Vertical", "Retail and consumer products"),
        KitField("website", "Website", brand.website_url),
        KitField("address", "Address", brand.postal_address),
        KitField("support_email", "Support e-mail", brand.reply_to or brand.from_email),
        KitField(
            "licence", "Alcohol licence",
            f"Licensed retailer of alcohol in {state_name(brand.licence_state)}" if brand.licence_state else "",
        ),
    ]  # fmt: skip


def _campaign_fields(
    brand: BrandRow, page: PageRow, age: int, samples: list[str], asking: str
) -> list[KitField]:  # fmt: skip
    often = plural(page.wording.messages_a_month, "message")
    name, sheet = brand.name, f"{page.address}/sheet" if page.address else ""
    has_page = bool(page.is_open and not page.no_texts)
    flow = (
        f"Customers opt in on {name}'s sign-up page, {page.address}, which they reach by its link or by the QR code on"
        f" the counter ({sheet}). They type their mobile number and their full date of birth, and tick a box that is"
        f" not ticked beforehand and is separate from the one for e-mail. Beside it stands: “{page.boxes['sms']}” Who"
        f" is under {age} is turned away, and nothing is kept of them but a keyed hash of the address, which cannot"
        f" sign up with another date within {TURNED_AWAY.days} days. The number then gets one text: “{asking}”"
        " Only a YES from that number makes the consent (double opt-in). We keep the words, their version, the time and"
        " the address it came from. Consents are never bought, shared or taken from third parties."
    )
    gate = (
        f"Age-gated content: yes. Texts go only to people whose full date of birth shows that they are {age} or older."
        f" Every link in a text leads first to a page of {name} that asks “Are you {age} or older?”; nothing about"
        " alcohol is shown before a yes, and a no leads nowhere."
    )
    base = get_settings().base_url
    return [
        KitField("use_case", "Use case", "Marketing"),
        KitField(
            "description", "Campaign description",
            f"{name} is a licensed retailer of wine, beer and spirits. It texts its own customers, who signed up for"
            f" it, {page.wording.programme}: up to {often} a month. Messages go only to people of {age} or older in the"
            " United States, between 8 am and 9 pm at the recipient's place or fewer hours where the state says so.",
        ),
        KitField("opt_in_flow", "Call to action / message flow", flow if has_page else ""),
        *(
            KitField(f"sample_{number}", f"Sample message {number}", words)
            for number, words in enumerate(samples or [""], 1)
        ),
        KitField("opt_in_keywords", "Opt-in keywords", "YES"),
        KitField("opt_in_message", "Opt-in message", asking),
        KitField("welcome_message", "Answer to a YES", welcome_text(brand, page.wording)),
        KitField("opt_out_keywords", "Opt-out keywords", ", ".join(sorted(one.upper() for one in STOP))),
        KitField("opt_out_message", "Opt-out message", stopped_words(brand)),
        KitField("opt_in_again_message", "Answer to START", started_words(brand)),
        KitField("answers_setup", "Where to enter these answers", WHERE_TO_SET, is_advice=True),
        KitField("help_keywords", "Help keywords", ", ".join(sorted(one.upper() for one in HELP))),
        KitField("help_message", "Help message", help_words(brand)),
        KitField("age_gating", "Age gating", gate),
        KitField("links", "Embedded links", f"Yes, all on our own domain: {base}/l/… No public link shortener."),
        KitField("phone_numbers", "Embedded phone numbers", "No"),
        KitField("lending", "Direct lending or loans", "No"),
        KitField("volume", "Messages a recipient gets", f"Up to {often} a month"),
        KitField("terms", "Terms and conditions", page.wording.terms_url),
        KitField("privacy", "Privacy policy", page.wording.privacy_url),
        KitField(
            "privacy_line", "Line for the privacy policy",
            f"Mobile numbers and consents to texts are not sold or shared with third parties for their marketing."
            f" {name} uses them only to send the messages you agreed to.",
        ),
        KitField(
            "screenshots", "Screenshots of the opt-in",
            f"The page: {page.address} · The sheet on the counter: {sheet}" if has_page else "",
        ),
    ]  # fmt: skip


def _asking(brand: BrandRow, page: PageRow, minimum_age: int) -> str:
    """Return the text that asks for a YES, to the letter as it goes out."""
    notice = Notice("", "", "", "", "", asking_text(brand.name, page.wording))
    return render_notice(Channel.SMS, notice, Legal(brand.name, brand.postal_address, "", "", minimum_age, "")).text


def _missing(brand: BrandRow, page: PageRow, *, has_samples: bool, has_carrier: bool) -> list[Missing]:
    sign_up, here = "/settings/sign-up", "/settings/brand"
    asked = (
        (brand.name != UNNAMED, "The brand has no name", here),
        (bool(brand.website_url), "The brand has no website", here),
        (bool(brand.postal_address), "The brand has no postal address", here),
        (bool(brand.licence_state), "Nobody has said which state gave the licence", here),
        (bool(brand.sms_sender), "The brand has no SMS sender", here),
        (page.is_open, "The sign-up page is shut: reviewers open it", sign_up),
        (bool(page.wording.terms_url), "There is no link to your terms", sign_up),
        (bool(page.wording.privacy_url), "There is no link to your privacy policy", sign_up),
        (has_samples, "No template for texts is in use", "/templates"),
        (has_carrier, "No provider for texts is set up", "/settings/channels"),
        (
            get_settings().base_url.startswith("https://"),
            "The server has no public address on https yet (LIQUOR_PUBLIC_URL): reviewers cannot open the page", "",
        ),
    )  # fmt: skip
    return [Missing(words, where) for is_there, words, where in asked if not is_there]


async def _samples(session: AsyncSession) -> list[str]:
    """Texts of the templates in use, for an example customer: with the way out and the age, as they go out."""
    made: list[str] = []
    for (channel, _), template in sorted((await load_catalog(session)).items(), key=lambda one: one[0]):
        if channel is not Channel.SMS or len(made) == SAMPLES:
            continue
        try:
            made.append((await preview_draft(session, SYSTEM, template.source)).text)
        except Invalid:
            continue  # nothing that could be sent
    return made
