"""What tills that speak German, French, Portuguese or Italian call the columns of their files, by the
field they fill. Pure.

The fewest a file needs to be summed up: a quantity that is not found makes two bottles one.
"""

from __future__ import annotations

CUSTOMERS_DE_FR: dict[str, tuple[str, ...]] = {
    "email": ("e-mail-adresse", "adresse e-mail", "adresse email", "courriel", "adresse courriel"),
    "phone": ("telefon", "telefonnummer", "handy", "mobil", "numero de telephone", "portable"),
    "external_id": (
        "kundennummer", "kunden nr", "kundennr", "kunden id", "numero client", "numero de client", "code client",
    ),
    "name": ("kunde", "client"),
    "first_name": ("vorname", "prenom"),
    "last_name": ("nachname", "nom", "nom de famille"),
    "city": ("ort", "stadt", "ville"),
    "postal_code": ("plz", "postleitzahl"),
    "date_of_birth": ("geburtsdatum", "geburtstag", "date de naissance"),
    "email_consent": (
        "newsletter abonniert", "e-mail-marketing", "accepte le marketing par e-mail", "accepte le marketing par email",
        "accepte le marketing", "abonne a la newsletter", "abonne", "abonnee", "inscrit", "inscrite", "abonniert",
    ),
}  # fmt: skip
PURCHASES_DE_FR: dict[str, tuple[str, ...]] = {
    "order_id": (
        "bestellnummer", "bestell nr", "rechnungsnummer", "rechnungs nr", "belegnummer", "beleg nr", "bonnummer",
        "bon nr", "beleg", "bon", "rechnung", "bestellung", "kassenbon",
        "numero de commande", "numero commande", "commande", "numero de facture", "facture", "numero de ticket",
    ),
    "customer": ("kunde", "client"),
    "email": CUSTOMERS_DE_FR["email"],
    "phone": CUSTOMERS_DE_FR["phone"],
    "external_id": CUSTOMERS_DE_FR["external_id"],
    "occurred_at": (
        "datum", "bestelldatum", "rechnungsdatum", "belegdatum", "verkaufsdatum", "date de commande", "date de vente",
        "date d achat", "date de facture",
    ),
    "time_of_day": ("uhrzeit", "heure"),
    "category": ("kategorie", "warengruppe", "categorie", "rayon"),
    "brand": ("marke", "hersteller", "marque"),
    "product": ("artikel", "produkt", "artikelname", "bezeichnung", "produit", "nom du produit", "designation"),
    "sku": ("artikelnummer", "artikel nr", "reference", "code article"),
    "quantity": ("menge", "anzahl", "stueck", "stuck", "quantite", "qte"),
    "amount": ("betrag", "summe", "zeilensumme", "umsatz", "netto", "montant", "montant total", "total ligne"),
    "unit_price": ("einzelpreis", "preis", "stueckpreis", "stuckpreis", "prix unitaire", "prix"),
    "discount": ("rabatt", "nachlass", "remise", "reduction"),
    "store": ("filiale", "laden", "magasin", "boutique"),
    "register": ("kasse", "kassennummer", "kassen nr", "caisse", "numero de caisse"),
    "currency": ("wahrung", "waehrung", "devise"),
    "refund_of": (
        *(
            f"{old}{noun}"
            for old in ("original", "ursprungs", "ursprungliche ", "urspruengliche ", "ursprunglicher ")
            for noun in ("beleg", "bestellung", "rechnung", "bon", "verkauf", "belegnummer", "bestellnummer",
                         "rechnungsnummer", "bonnummer", "auftrag")
        ),
        "erstattung von", "erstattung zu", "ruckgabe von", "rueckgabe von", "storno von", "gutschrift zu",
        *(
            f"{noun} {old}"
            for noun in ("commande", "ticket", "facture", "vente", "recu", "transaction", "numero de commande")
            for old in ("d origine", "originale", "original", "initiale", "initial", "remboursee", "rembourse")
        ),
        "remboursement de", "retour de", "avoir sur", "annulation de",
    ),
}  # fmt: skip
CUSTOMERS_PT_IT: dict[str, tuple[str, ...]] = {
    "email": (
        "endereco de e-mail", "endereco de email", "correio eletronico", "indirizzo e-mail",
        "indirizzo email", "posta elettronica",
    ),
    "phone": (
        "telefone", "celular", "telemovel", "numero de telefone", "telefono", "cellulare", "numero di telefono",
    ),
    "external_id": (
        "codigo do cliente", "numero do cliente", "id do cliente", "codice cliente", "numero cliente", "id cliente",
    ),
    "name": ("nome completo", "nome do cliente", "nome e cognome", "nome cliente", "nominativo", "cliente"),
    "first_name": ("nome", "primeiro nome", "nome proprio", "nome di battesimo"),
    "last_name": ("sobrenome", "apelido", "ultimo nome", "cognome"),
    "city": ("cidade", "citta", "localita"),
    "state": ("estado", "provincia", "regione"),
    "postal_code": ("cep", "codigo postal", "cap", "codice postale"),
    "country": ("pais", "paese"),
    "language": ("lingua", "idioma"),
    "date_of_birth": (
        "data de nascimento", "data nascimento", "nascimento", "aniversario", "data di nascita", "data nascita",
        "nascita", "compleanno",
    ),
    "email_consent": (
        *(
            f"{agrees} {of}"
            for agrees in ("aceita", "aceite", "autoriza", "permite", "accetta", "accetto", "autorizza")
            for of in (
                "marketing", "e-mails", "email", "e-mail", "e-mail marketing", "email marketing", "newsletter",
                "promocoes", "comunicacoes", "receber e-mails", "publicidade", "promozioni", "comunicazioni",
                "pubblicita", "marketing por e-mail", "marketing via email", "il marketing",
            )
        ),
        *(
            f"{consent} {of}"
            for consent in (
                "consenso", "consentimento", "permissao", "autorizacao", "autorizzazione", "inscricao", "iscrizione",
            )
            for of in (
                "marketing", "email", "e-mail", "newsletter", "al marketing", "email marketing", "e-mail marketing",
                "de marketing", "para marketing", "alla newsletter", "na newsletter", "per marketing", "commerciale",
            )
        ),
        "consenso", "consentimento", "inscrito", "inscrito na newsletter", "assinante", "iscritto",
        "iscritto alla newsletter", "boletim",
    ),
    "sms_consent": (
        "aceita sms", "aceita sms marketing", "autoriza sms", "consentimento sms", "consentimento de sms",
        "accetta sms", "consenso sms", "consenso marketing sms", "iscritto sms",
    ),
    "consent_source": (
        "origem do consentimento", "fonte do consentimento", "origine del consenso", "fonte del consenso",
    ),
    "consent_at": ("data do consentimento", "data de consentimento", "data del consenso", "data consenso"),
}  # fmt: skip
