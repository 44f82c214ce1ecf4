"""Every form of the product, how a test opens it, and something it refuses. A form that is not here fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.catalog.product_write import write_products
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.experiments.ab_tests.models import AbTopic, Measure
from liquor_app.experiments.ab_tests.service import AbAsked, define_ab_test
from liquor_app.organization.models import Channel
from liquor_app.screens.accounts.api_keys.state import ApiKeysState
from liquor_app.screens.accounts.profile.passkeys_state import PasskeysState
from liquor_app.screens.accounts.profile.state import ProfileState
from liquor_app.screens.accounts.team.state import TeamState
from liquor_app.screens.campaigns.builder.state import BuilderState
from liquor_app.screens.campaigns.detail.edit_state import EditState
from liquor_app.screens.campaigns.detail.licence_state import LicenceState
from liquor_app.screens.campaigns.list.state import CampaignsState
from liquor_app.screens.catalog.product.waiting_list_state import WaitingListState
from liquor_app.screens.catalog.products.state import ProductsState
from liquor_app.screens.compliance.law.state import LawState
from liquor_app.screens.coupons.pools.state import PoolsState
from liquor_app.screens.customers.detail.interests_state import InterestsState
from liquor_app.screens.customers.detail.labels_state import LabelsState
from liquor_app.screens.customers.detail.manage_state import ActsState
from liquor_app.screens.customers.detail.privacy_state import PrivacyState
from liquor_app.screens.customers.doubles.state import DoublesState
from liquor_app.screens.customers.form.state import EditCustomerState
from liquor_app.screens.customers.list.state import CustomersState
from liquor_app.screens.customers.suppressions.state import SuppressedState
from liquor_app.screens.experiments.ab_test.state import AbTestState
from liquor_app.screens.experiments.learning.rules_state import RulesState
from liquor_app.screens.forms.state import WHOLE
from liquor_app.screens.imports.drop_folders.state import DropFoldersState
from liquor_app.screens.organization.brand.state import BrandState
from liquor_app.screens.organization.guidance.state import GuidanceState
from liquor_app.screens.organization.settings.state import SettingsState
from liquor_app.screens.organization.sign_up.state import SignUpState
from liquor_app.screens.providers.channels.form_state import ProviderFormState
from liquor_app.screens.providers.channels.senders_state import SendersState
from liquor_app.screens.providers.channels.test_state import ChannelTrialState
from liquor_app.screens.segments.edit.state import EditSegmentState
from liquor_app.screens.sending.replies.state import RepliesState
from liquor_app.screens.templates.editor.state import EditorState
from liquor_app.screens.templates.editor.test_state import TrialState
from liquor_app.screens.templates.list.state import TemplatesState
from liquor_app.screens.webhooks.list.state import WebhooksState
from tests.factories import add_people, add_ready_campaign, product
from tests.tabs import Tab, run

Step = tuple[Any, ...]
"""A handler of the form's state, and what it is called with."""


@dataclass(frozen=True, slots=True)
class Formed:
    """A form: `opens` are the events before somebody types, `wrong` is refused with a complaint beside `blamed`."""

    state: Any
    opens: tuple[Step, ...]
    submit: Any
    wrong: tuple[Any, ...]
    blamed: str
    address: Callable[[], Awaitable[str]] | str = "/"
    in_dialog: bool = True
    fair: tuple[Any, ...] | None = None
    """What is refused for want of rights alone; `wrong` if that is told before what is wrong."""
    is_own: bool = False
    """About oneself: whoever is signed in may store it."""

    def __str__(self) -> str:
        return f"{self.state.__name__}.{self.submit.fn.__name__}"

    async def opened(self, tab: Tab) -> Any:
        state = await tab.state(self.state)
        for handler, *arguments in self.opens:
            owner = EditorState if handler is EditorState.load else self.state
            await run(handler, await tab.state(owner), *arguments)
        return state


PAIR = "01890000-0000-7000-8000-000000000001"


async def _product() -> str:
    async with transaction() as session:
        await write_products(session, [product(1, "RYE", None)], source="till", at=now())
        found = await session.execute(text("SELECT id FROM products"))
        return f"/catalogue/{found.scalar_one()}"


async def _customer() -> str:
    async with transaction() as session:
        (person,) = await add_people(session, 1)
    return f"/customers/{person}"


async def _customers() -> str:
    await _customer()
    return "/customers"


async def _passkey() -> str:
    """Of whoever is signed in, who is the shop's only user."""
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO passkeys (id, user_id, credential_id, public_key, name)"
                " SELECT :id, id, 'credential', 'key', 'Laptop' FROM users"
            ),
            {"id": PAIR},
        )
    return "/profile"


async def _doubles() -> str:
    async with transaction() as session:
        first, second = await add_people(session, 2)
        await session.execute(
            text(
                "INSERT INTO likely_doubles (id, first_id, second_id, reasons) VALUES (:id, :first, :second, '{phone}')"
            ),
            {"id": PAIR, "first": first, "second": second},
        )
    return "/customers/doubles"


async def _campaign() -> str:
    async with transaction() as session:
        campaign = await add_ready_campaign(session, await add_people(session, 1), status="draft")
        await session.execute(text("UPDATE actions SET id = :id"), {"id": ACTION})
    return f"/campaigns/{campaign}"


AB_TEST = {
    "name": "Subjects", "hypothesis": "", "topic": "subject", "channel": "email", "measure": "clicked",
    "variant_b": "Still here", "variant_c": "", "variant_d": "", "decide_on": "",
}  # fmt: skip


async def _tested_campaign() -> str:
    address = await _campaign()
    async with transaction() as session:
        campaign = parse_id(address.rpartition("/")[2], "campaign")
        asked = AbAsked("Subjects", AbTopic.SUBJECT, Channel.EMAIL, Measure.CLICKED, ["Still here"])
        await define_ab_test(session, SYSTEM, campaign, asked)
    return address


async def _template() -> str:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT id FROM message_templates WHERE channel = 'sms' ORDER BY id LIMIT 1")
        )
        return f"/templates/{found.scalar_one()}"


ACTION = "018f0000-0000-7000-8000-000000000001"
EMAIL, SMS = Channel.EMAIL.value, Channel.SMS.value
FORMS = (
    Formed(
        TeamState, ((TeamState.load,), (TeamState.ask, "new")), TeamState.invite,
        ({"email": "nobody", "role": "user"},), "email", fair=({"email": "nia@example.com", "role": "user"},),
    ),
    Formed(
        TeamState, ((TeamState.load,), (TeamState.ask, "role", ACTION)), TeamState.change_role, ({"role": "owner"},),
        "role", fair=({"role": "user", "full_name": ""},),
    ),
    Formed(
        ProfileState, ((ProfileState.load,),), ProfileState.save, ({"full_name": "x" * 121},), "full_name", "/profile",
        in_dialog=False, is_own=True,
    ),
    Formed(
        PasskeysState, ((PasskeysState.load,), (PasskeysState.ask, "rename", PAIR)), PasskeysState.rename,
        ({"name": " "},), "name", _passkey, is_own=True,
    ),
    Formed(
        ApiKeysState, ((ApiKeysState.load,), (ApiKeysState.ask, "new")), ApiKeysState.create,
        ({"name": " ", "role": "user", "days": "", "areas": "all"},), "name",
        fair=({"name": "Till", "role": "manager", "days": "", "areas": "some", "areapurchases": "write"},),
    ),
    Formed(
        ApiKeysState, ((ApiKeysState.load,), (ApiKeysState.ask, "limits", ACTION)), ApiKeysState.change_limits,
        ({"per_minute": "0", "per_month": ""},), "per_minute", fair=({"per_minute": "60", "per_month": "1,000"},),
    ),
    Formed(
        WebhooksState, ((WebhooksState.load,), (WebhooksState.ask, "new")), WebhooksState.create,
        ({"url": "no address", "tell.send.bounced": "on", "description": ""},), "url",
        fair=({"url": "https://hooks.example.com/a", "tell.send.bounced": "on", "description": ""},),
    ),
    Formed(
        WebhooksState, ((WebhooksState.load,), (WebhooksState.ask, "change", ACTION)), WebhooksState.change,
        ({"url": "no address", "tell.send.bounced": "on", "description": ""},), "url",
    ),
    Formed(
        EditCustomerState, ((EditCustomerState.add,),), EditCustomerState.save, ({"email": "no address"},), "email",
    ),
    Formed(
        ActsState, ((ActsState.ask, EMAIL),), ActsState.record, ({"status": "given", "source": ""},), "source",
        _customer,
    ),
    Formed(ActsState, ((ActsState.ask, "age"),), ActsState.prove, ({"born": "long ago"},), "born", _customer,
        fair=({"born": "1980-01-01", "proof": "Passport"},),
    ),
    Formed(
        CustomersState, ((CustomersState.load,), (CustomersState.toggle_page,), (CustomersState.ask_bulk, "tag")),
        CustomersState.do_bulk, ({"value": "a,b"},), "value", _customers, fair=({"value": "Autumn"},),
    ),
    Formed(
        CustomersState, ((CustomersState.load,), (CustomersState.ask_view,)), CustomersState.save_view,
        ({"name": " "},), "name", _customers, fair=({"name": "Mine", "shared": "yes"},),
    ),
    Formed(
        CampaignsState, ((CampaignsState.load,), (CampaignsState.ask_view,)), CampaignsState.save_view,
        ({"name": " "},), "name", fair=({"name": "Mine", "shared": "yes"},),
    ),
    Formed(
        ProductsState, ((ProductsState.load,), (ProductsState.ask_view,)), ProductsState.save_view,
        ({"name": " "},), "name", fair=({"name": "Mine", "shared": "yes"},),
    ),
    Formed(
        DoublesState, ((DoublesState.load,), (DoublesState.compare, PAIR)), DoublesState.merge, ({"reason": ""},),
        "reason", _doubles, fair=({"reason": "Showed both cards"},),
    ),
    Formed(
        InterestsState, ((InterestsState.ask,),), InterestsState.save, ({"code": "no such bottle"},), "code", _customer,
        fair=({"code": "RYE"},),
    ),
    Formed(
        PrivacyState, ((PrivacyState.ask,),), PrivacyState.erase, ({"ground": "asked", "word": "yes"},), "word",
        _customer, fair=({"ground": "asked", "word": "erase"},),
    ),
    Formed(
        WaitingListState, ((WaitingListState.ask, "tag"),), WaitingListState.add, ({"tag": "nobody has it"},), "tag",
        _product,
    ),
    Formed(
        WaitingListState, ((WaitingListState.ask, "allocation"),), WaitingListState.open_allocation,
        ({"bottles": "a few", "method": "draw", "counsel": ""},), "bottles", _product,
        fair=({"bottles": "12", "method": "draw", "counsel": ""},),
    ),
    Formed(
        LabelsState, ((LabelsState.ask, "values"),), LabelsState.save, ({"tags": "x" * 60},), "tags", _customer,
        fair=({"tags": "wine club"},),
    ),
    Formed(
        LabelsState, ((LabelsState.ask, "field"),), LabelsState.add, ({"label": "", "kind": "text"},), "label",
        _customer, fair=({"label": "Favorite grape", "kind": "text"},),
    ),
    Formed(
        ProviderFormState, ((ProviderFormState.open, EMAIL, "mailgun"),), ProviderFormState.save,
        ({"rate_per_second": "no", "warmup_first_day": "50", "warmup_growth_pct": "50"},), "rate_per_second",
        fair=({"rate_per_second": "20", "warmup_first_day": "50", "warmup_growth_pct": "50"},),
    ),
    Formed(
        ChannelTrialState, ((ChannelTrialState.open, SMS, "sandbox"),), ChannelTrialState.send, ({"phone": "x"},),
        WHOLE,
    ),
    Formed(
        SendersState, ((SendersState.tell, "harborvine.example "),), SendersState.save,
        ({"selectors": "not one!", "envelope": ""},), "selectors", fair=({"selectors": "s1", "envelope": ""},),
    ),
    Formed(
        LawState, ((LawState.load,), (LawState.ask, "add", "")), LawState.save,
        ({"kind": "hours", "valid_from": "soon"},), "valid_from",
        fair=({"kind": "note", "valid_from": "2027-01-01", "jurisdiction": "TX", "text": "x", "citation": "y"},),
    ),
    Formed(
        RepliesState, ((RepliesState.load,), (RepliesState.note,)), RepliesState.save,
        ({"address": "no address", "words": ""},), "address", fair=({"address": "a@b.example", "words": ""},),
    ),
    Formed(
        SuppressedState, ((SuppressedState.load,), (SuppressedState.ask, "add")), SuppressedState.add,
        ({"addresses": "no address"},), "addresses",
    ),
    Formed(
        TemplatesState, ((TemplatesState.load,), (TemplatesState.make, True)), TemplatesState.create,
        ({"name": "", "channel": EMAIL, "category": "win_back"},), "name",
    ),
    Formed(DropFoldersState, ((DropFoldersState.ask, "new", ""),), DropFoldersState.save,
        ({"name": "Till", "folder": "../etc", "kind": "products", "policy": "fill", "every_minutes": "15"},), "folder",
    ),
    Formed(PoolsState, ((PoolsState.ask, "new", ""),), PoolsState.save,
        ({"name": "", "discount_pct": "10", "low_water": "1"},), "name",
    ),
    Formed(PoolsState, ((PoolsState.ask, "add", ACTION),), PoolsState.paste, ({"codes": "?" * 5_000_000},), "codes",
        fair=({"codes": "AAA-1"},),
    ),
    Formed(RulesState, ((RulesState.ask,),), RulesState.save,
        ({"effect": "pin", "cell": "[]", "due": "", "reason": "why"},), "cell", address="/learning",
        fair=({"effect": "pin", "cell": '["all", "Ten", "email"]', "due": "", "reason": "why"},),
    ),
    Formed(AbTestState, ((AbTestState.ask, "form"),), AbTestState.save,
        ({**AB_TEST, "variant_b": "Free for all"},), "variant_b", _campaign, fair=(AB_TEST,),
    ),
    Formed(AbTestState, ((AbTestState.ask, "learned"),), AbTestState.keep_learned,
        ({"learned": "x" * 401},), "learned", _tested_campaign, fair=({"learned": "Dates hurry"},),
    ),
    Formed(LicenceState, ((LicenceState.ask, f"{ACTION}:seen"),), LicenceState.save,
           ({"licence_state": "ZZ"},), "licence_state", _campaign),
    Formed(EditState, ((EditState.ask, "move", ACTION),), EditState.save, ({"day": "soon"},), WHOLE, _campaign,
        fair=({"day": "2026-11-30"},),
    ),
    Formed(
        EditSegmentState, ((EditSegmentState.load_new,),), EditSegmentState.save,
        ({"name": ""},), "recommended_offers[0].name",
        "/segments/new", in_dialog=False,
    ),
    Formed(
        EditorState, ((EditorState.load,), (EditorState.type_in, "name", "")), EditorState.save, (), "name", _template,
        in_dialog=False,
    ),
    Formed(
        TrialState, ((EditorState.load,), (TrialState.load,)), TrialState.send, ({"phone": "x"},), WHOLE, _template,
        in_dialog=False,
    ),
    Formed(
        BrandState, ((BrandState.load,), (BrandState.type_in, "reply_to", "no address")), BrandState.save, (),
        "reply_to", in_dialog=False,
    ),
    Formed(
        SignUpState, ((SignUpState.load,), (SignUpState.type_in, "headline", "")), SignUpState.save, (), "headline",
        in_dialog=False,
    ),
    Formed(
        SettingsState, ((SettingsState.load,),), SettingsState.save, ({"timezone": "Nowhere"},), "timezone",
        in_dialog=False,
    ),
    Formed(
        GuidanceState, ((GuidanceState.load,),), GuidanceState.save, ({"autopilot_max_recipients": "many"},),
        "autopilot_max_recipients", in_dialog=False,
    ),
    Formed(
        BuilderState, ((BuilderState.load,),), BuilderState.generate, ({"name": ""},), "name", "/campaigns/new",
        in_dialog=False,
    ),
)  # fmt: skip
