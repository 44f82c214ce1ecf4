"""Consents, names and birthdays under Portuguese and Italian headings; and columns that may say who agreed, under
headings nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.imports.cleaning.answers.refusals import refusal_field
from liquor_app.imports.cleaning.answers.status_columns import may_be_consent
from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.dry_run import Trial, try_file
from liquor_app.imports.readers.row_reader import Record
from liquor_app.screens.imports.wizard.trial_view import seen_words
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write

FILES = {
    "Portuguese": (
        "E-mail;Nome;Sobrenome;Data de nascimento;Aceita marketing",
        "ana@x.example;Ana;Souza;1980-02-03;não",
        {"email": "E-mail", "first_name": "Nome", "last_name": "Sobrenome", "date_of_birth": "Data de nascimento",
         "email_consent": "Aceita marketing"},
    ),
    "Italian": (
        "Indirizzo e-mail;Nome;Cognome;Data di nascita;Consenso marketing",
        "ana@x.example;Ana;Rossi;1980-02-03;no",
        {"email": "Indirizzo e-mail", "first_name": "Nome", "last_name": "Cognome",
         "date_of_birth": "Data di nascita", "email_consent": "Consenso marketing"},
    ),
    "Portuguese in full": (
        "Endereço de e-mail;Nome completo;Telefone;Cidade;CEP;Aniversário;Consentimento de marketing",
        "ana@x.example;Ana Souza;;Lisboa;;1980-02-03;não",
        {"email": "Endereço de e-mail", "name": "Nome completo", "phone": "Telefone", "city": "Cidade",
         "postal_code": "CEP", "date_of_birth": "Aniversário", "email_consent": "Consentimento de marketing"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", FILES)
def test_headings_are_understood(language: str) -> None:
    """Before, the column of noes and the birthday were left out."""
    head, row, wanted = FILES[language]
    assert guess_mapping(head.split(";"), "customers", sample=[Record(2, row.split(";"))]) == wanted


@pytest.mark.integration
@pytest.mark.parametrize("language", FILES)
async def test_a_no_is_heard(database: str, tmp_path: Path, language: str) -> None:
    head, row, _ = FILES[language]
    agreed = "email,email consent,consent source,consent date"
    await run(write(tmp_path / "people.csv", agreed, "ana@x.example,yes,till,2026-01-05"))
    await run(write(tmp_path / "list.csv", head, row))
    [person] = await many("SELECT email_consent, of_age_on FROM customers")
    assert (person.email_consent, str(person.of_age_on)) == ("withdrawn", "2001-02-03")


@pytest.mark.parametrize(
    "heading",
    ["Abgemeldet", "Werbesperre", "Désabonné", "Descadastrado", "Disiscritto", "Não contatar", "Non contattare",
     "Nicht kontaktieren", "Ne pas contacter", "No contactar"],
)  # fmt: skip
def test_headings_of_refusals(heading: str) -> None:
    assert refusal_field(heading) == "opt_out"


@pytest.mark.parametrize(
    "heading",
    ["Einwilligung Werbung", "Zustimmung", "Permissão de contato", "Autorizzazione al trattamento", "Kontakt erlaubt",
     "GDPR", "RGPD ok", "Comunicazioni commerciali", "Angebote per Post", "Recevoir nos offres", "Contactable",
     "Marketing OK", "Privacy", "Novedades", "Happy to get news and offers", "No Phone", "Do Not Call", "donotphone",
     "Allow Calls", "Do not phone", "No phone calls"],
)  # fmt: skip
def test_a_column_of_answers_that_may_be_a_consent(heading: str) -> None:
    assert may_be_consent(heading, ["ja", "nein", "", "sim", "não", "oui", "0"])
    assert not may_be_consent(heading, ["ja", "Hauptstr. 5"])
    assert not may_be_consent(heading, ["", ""])


@pytest.mark.parametrize(
    "heading",
    ["Member", "Tax exempt", "Wholesale", "Owns a dog", "Wine club", "Employee", "Has Phone", "Phone verified"],
)
def test_a_column_of_answers_about_something_else(heading: str) -> None:
    assert not may_be_consent(heading, ["yes", "no"])


async def tried(path: Path) -> Trial:
    async with transaction() as session:
        return await try_file(session, SYSTEM, kind="customers", path=path, limit=20, watch=True)


@pytest.mark.integration
async def test_the_preview_points_it_out(database: str, tmp_path: Path) -> None:
    """Before, it stood among the columns left out, and twenty noes were nobody's."""
    rows = ("a@x.example,no,red", "b@x.example,yes,blue")
    trial = await tried(write(tmp_path / "list.csv", "email,Happy to get news and offers,Colour", *rows))
    assert (trial.unheard, trial.unused) == (
        ("Happy to get news and offers",),
        ["Happy to get news and offers", "Colour"],
    )
    words = seen_words(trial)
    assert words.startswith("“Happy to get news and offers” holds yeses and noes and may say who agreed")
    assert words.endswith("Columns left out: “Colour”.")
