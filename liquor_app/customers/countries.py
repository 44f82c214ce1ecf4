"""Countries as people and programs write them. Pure."""

from __future__ import annotations

import re

_NAMES = {
    "AR": "argentina", "AT": "austria;österreich", "AU": "australia", "BE": "belgium;belgië;belgique",
    "BR": "brazil;brasil", "CA": "canada;can", "CH": "switzerland;schweiz;suisse", "CL": "chile", "CN": "china",
    "CO": "colombia", "CR": "costa rica", "CZ": "czech republic;czechia", "DE": "germany;deutschland;deu",
    "DK": "denmark", "DO": "dominican republic", "ES": "spain;españa;esp", "FI": "finland", "FR": "france;fra",
    "GB": "united kingdom;great britain;england;scotland;wales;northern ireland;uk;gbr", "GR": "greece", "GU": "guam",
    "HK": "hong kong", "HU": "hungary", "IE": "ireland;irl", "IL": "israel", "IN": "india", "IT": "italy;italia;ita",
    "JM": "jamaica", "JP": "japan;jpn", "KR": "south korea;korea;republic of korea", "LU": "luxembourg",
    "MX": "mexico;méxico;mex", "NL": "netherlands;the netherlands;holland", "NO": "norway", "NZ": "new zealand",
    "PH": "philippines", "PL": "poland", "PR": "puerto rico", "PT": "portugal", "SE": "sweden", "SG": "singapore",
    "TH": "thailand", "TR": "turkey;türkiye", "TW": "taiwan",
    "US": "united states;united states of america;usa;america;us of a", "VI": "us virgin islands;virgin islands",
    "VN": "vietnam;viet nam", "ZA": "south africa",
}  # fmt: skip
_CODES = {name: code for code, names in _NAMES.items() for name in names.split(";")}
_NAMED = re.compile(r"\(([A-Za-z]{2})\)$")


def country_code(text: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of `US`, `usa`, `U.S.A.`, `United States (US)`; None for what is none."""
    if found := _NAMED.search(text):
        return found[1].upper()
    plain = " ".join(text.replace(".", "").lower().split())
    if code := _CODES.get(plain):
        return code
    return plain.upper() if len(plain) == 2 and plain.isascii() and plain.isalpha() else None
