"""Whether words ask us to stop, in English or Spanish, by any reasonable means (47 CFR 64.1200(a)(10)). Pure.

What only sounds like it ("please don't remove me", "wrong number of bottles", "why did you remove me?") asks for
nothing: a person reads it, and until then it holds what would go there (`replies`). Nobody is taken off by luck, and
nobody who may have said no is written to.
"""

from __future__ import annotations

import re
import unicodedata

STOP = frozenset({
    "stop", "stopall", "stop all", "quit", "end", "revoke", "optout", "opt out", "cancel", "unsubscribe", "cease",
    "desist", "parar", "pare", "alto", "basta", "baja", "cancelar", "detener", "salir", "fin", "no mas", "remove",
    "arret", "detenganse", "desuscribir", "unsub", "cancela", "cancele", "cancelen", "eliminar", "termina", "terminar",
    "detente", "halt",
})  # fmt: skip
"""Alone, or with a please; in Spanish too (CTIA's words and what people write)."""
_ALONE = "|".join(sorted(map(re.escape, STOP), key=len, reverse=True))
_STRONG = r"stop ?all|stop|unsubscribe|unsuscribe|optout|opt out|cease|desist"
"""Words that mean one thing wherever they stand alone between marks; "cancel" may be of an order, "end" of a month."""
_THING = (
    r"(?:texts?|txts?|messages?|msgs?|sms|spam|junk|ads?|offers?|promos?|promotions?|e ?mails?|alerts?|marketing|stuff"
    r"|mensajes?|textos?)"
)
_FIRST = (
    r"(?:(?:please|pls|plz|por favor|now|just|again|ok|okay|hi|hello|hey|yes|sorry|so|and|but|thanks|thank you|gracias"
    r"|ya|all|no thanks|no thank you|no gracias|not interested|reply|replying|send|sending|texting"
    rf"|i (?:already |just )?(?:said|told you|told u|asked you to|texted|typed|wrote)|{_THING}) )"
)
"""What may stand before, with its space."""
_MORE = (
    r"(?:please|pls|plz|por favor|now|already|it|this|that|all|these|those|the|your|any more|anymore|any|me|my|us|to"
    r"|from|and|thanks|thank you|gracias|ya|sending|texting|messaging|list|forever|immediately|right|number|phone"
    rf"|contacting|bothering|asap|again|today|ok|{_THING})\b"
)
"""What may stand behind."""
_REST = rf"(?: {_MORE})*+$"
_OURS = (
    rf"(?:these|this$|those|your|ur|all|(?:the |any )?(?:more )?{_THING}|getting|receiving|it$"
    r"|(?:the|this|that) (?:\w+ )?(?:list|program|club)\b)"
)
_LIST = (
    r"(?:your|ur|the|this|that|all|any|these|those|here|it)(?: \w+){0,2}? ?"
    r"\b(?:list|lists|database|system|records|contacts|texts?|messages?|$)"
)
_SELF = r"(?:me|us|my (?:number|phone|name|cell|info|email)|this (?:number|phone|cell)|number)"
_WRITE = r"(?:text|txt|message|msg|contact|write|spam)"
_TO_US = rf"(?:(?: (?:from|off))?{_REST}| (?:me|us|this|again|any ?more)\b)"
_NOT_SAID_OF_OTHERS = r"(?<!you )(?<!they )(?<!we )(?<!u )(?<!i )"

_ALONE_ASKS = re.compile(
    rf"^{_FIRST}*+(?:{_STRONG})(?: (?:{_MORE}|(?:{_STRONG})\b))*+$|^{_FIRST}*+unsubscribe (?:me|us|from)\b"
)
"""A part between marks that is the word, courtesy, and what is to stop; read in the first lines: a letter may end with
somebody else's “Unsubscribe”."""
_WHOLE_ASKS = re.compile(
    rf"^{_FIRST}*+(?:i (?:want|would like|wish) to |can you |could you |would you |you can )?(?:{_ALONE})\b"
    rf"(?: (?:(?:{_ALONE})\b|{_MORE}))*+$|^{_FIRST}*+no more{_REST}"
)
"""All that was written; these words may be of something else where more stands beside them."""
_ASKS = tuple(
    re.compile(pattern)
    for pattern in (
        # taking off: us, of what is ours, not "remove us from the waitlist for Friday"
        rf"\b(?:remove|delete|erase|drop) {_SELF}(?:(?: (?:from|off))?{_REST}| (?:from|off|of) {_LIST})",
        rf"\b(?:take|get|keep|leave) {_SELF} (?:off|out)\b(?:{_REST}| (?:of |from )?{_LIST})",
        r"\b(?:want|wants|like) (?:to be |to get )?off (?:of )?(?:your|ur|the|this|that|all) (?:\w+ ){0,2}lists?\b",
        # no more of them
        rf"^{_FIRST}*+(?:no|enough|without) (?:more |mas |any |of )?(?:your |these |the |this )?{_THING}\b"
        rf"(?: (?:you\b|{_MORE}))*+$",
        rf"\b(?:want|wish|need|quiero|deseo) no (?:more |mas )?{_THING}\b",
        # not writing
        rf"{_NOT_SAID_OF_OTHERS}\b(?:do not|dont) (?:ever |please |you )?{_WRITE}(?:ing)?{_TO_US}",
        r"\b(?:do not|dont) bother (?:me|us)\b",
        rf"(?:^|\b(?:{_FIRST}|to ))never (?:ever )?{_WRITE}{_TO_US}",
        rf"{_NOT_SAID_OF_OTHERS}\b(?:do not|dont|never) (?:ever |please )?send (?:me |us )?(?:out )?"
        r"(?:(?:any|more|these|those|your|all|such|no|marketing|of) ){0,3}"
        rf"(?:{_THING}\b|(?:anything|any|more|these|those|anymore|again)$|$)",
        r"\b(?:do not|dont) send (?:me|us)$",
        r"\b(?:stop|quit|cease) (?:ever |please )?"
        r"(?:texting|txting|messaging|contacting|spamming|bothering|harassing|writing to me)\b",
        r"\b(?:stop|quit|cease) (?:please )?sending(?: me| us)?"
        rf"(?: (?:any|more|all|out|so many|these|those|this|your|the|it|such|marketing)){{0,3}}(?: {_THING}\b|$)",
        # saying so
        r"\b(?:how (?:do|can|could|would|to)|(?:want|like|need|wish|trying|wanna)(?: to)?) (?:i |you |we |one )?"
        rf"(?:please )?(?:(?:stop|end|cancel|get off) {_OURS}|(?:unsubscribe|unsuscribe|opt out)\b)",
        r"\bopt(?:ing)? (?:me|us|my number) out\b|\bi (?:am |m )?opt(?:ing)? out\b",
        r"\b(?:un ?subscribe|unsuscribe) (?:me|us|my (?:number|phone|email)|this (?:number|phone))\b",
        rf"^{_FIRST}*+opt out of {_OURS}{_REST}",
        r"\b(?:revoke|withdraw|rescind|cancel)(?:ing)? (?:all |any )?(?:my |the |our )?(?:prior |previous )?"
        r"(?:consent|permission|opt in)\b",
        r"\bleave me alone\b|\blose (?:my|this) number\b",
        rf"^{_FIRST}*+(?:you (?:have |got |ve got )?|u have |this is |its |it is |thats )?(?:the |a )?"
        rf"wrong (?:number|person)(?: (?:dude|man))?{_REST}",
        # in Spanish
        r"\bno (?:me |nos )?"
        r"(?:envien?|envies|manden?|mandes|escriban?|escribas|molesten?|texteen?|contacten?)\b",
        rf"\bno (?:quiero|deseo|necesito)(?: recibir)?(?: (?:mas|sus|estos|los|ningun|tantos)){{0,3}} {_THING}\b",
        r"\b(?:dar|darme|darse|darnos|deme|denme|dame) de baja\b",
        r"\b(?:dejen?|paren?|cesen?|deja) de (?:enviar|mandar|escribir|molestar|texte|contactar)\w*",
        r"\b(?:saqu|sac|quit|borr|elimin)\w{1,4}me\b|\bsalir(?:me)? de (?:la|esta|su) lista\b|\bdejenme en paz\b",
        rf"\bcancel(?:ar|en|e|o) (?:mi |la |esta )?(?:suscripcion|subscripcion){_REST}",
        rf"^{_FIRST}*+(?:desuscrib\w*|detengan?se|detenganlo|paren|cesen){_REST}",
    )
)
"""Whatever stands around these, within one part between marks."""
_NOT_ASKED = re.compile(
    r"\b(?:do not|dont|didnt|did not|never|wont|will not|cant|cannot|wouldnt|non|dont ever|havent|have not)"
    r" (?:want (?:you |u |them |to ){1,2}|wanted to |mean to |wish to |please |ever |just ){0,2}"
    r"(?:stop|unsubscribe|cancel|end|quit|remove|delete|erase|drop|take|opt|cease|revoke|get|withdraw)\b(?: \w+){0,3}"
)
"""A negation turned round: "please don't remove me"; with it goes what follows. A person reads it."""
_UNWANTED = re.compile(
    r"\b(?:dont|do not|no longer) (?:want|wish|need|care|like|would like)(?: for)?"
    r"(?: to (?:get|receive|be getting|be receiving|see|have|hear))?"
    rf"(?: (?:any|more|anymore|your|these|those|text|such|from)){{0,3}} (?:{_THING}\b"
    r"|(?:from you|from this number)\b)"
    r"|\b(?:dont|do not|no longer) (?:want|wish|care|would like) to (?:get|receive|be getting|be receiving)"
    r"(?: (?:any|more|anymore|these|those|this|it)){1,3}$"
    r"|\b(?:dont|do not|no longer) (?:want|wish|care|would like) to be"
    r" (?:(?:contacted|texted|messaged)\b|on (?:your|this|the|that) (?:\w+ )?list\b)"
)
"""What somebody does not want; asked before a negation is taken out."""
_WONDERS = re.compile(r"^(?:(?:so|but|and|hi|hello|hey) )?(?:why|when|where|did|didnt|have|has|was|were|if|since)\b")
"""A question about what was done, or a condition: no asking."""
_PARTS = re.compile(r"[.!,;:()\[\]{}|/~*\"“”…—–]+|\s-+\s|(?<=\?)")
_WRAPPED = 55
"""Letters after which a line of a letter was likely broken by a program, and goes on."""
_HEAD = 3
"""Lines in which a lone word counts."""
_READ = 2_000
"""Letters that are read."""
_SPELLED = re.compile(r"\b(?:[a-z] ){2,}[a-z]\b")


def asks_to_stop(words: str) -> bool:
    """Tell whether words ask us to stop: the asking, not the letters of it."""
    if _WHOLE_ASKS.search(_spelled(plain_letters(words))):
        return True
    lines = [line for line in words[:_READ].splitlines() if line.strip()]
    if any(_ALONE_ASKS.search(_spelled(plain_letters(part))) for line in lines[:_HEAD] for part in _PARTS.split(line)):
        return True
    joined = "".join(line + (" " if len(line) >= _WRAPPED else "\n") for line in lines)
    return any(_asks(part) for line in joined.splitlines() for part in _PARTS.split(line))


def _asks(part: str) -> bool:
    plain = plain_letters(part)
    if _WONDERS.search(plain) or (part.rstrip().endswith("?") and plain.startswith(("no ", "enough "))):
        return False
    if _UNWANTED.search(plain):
        return True
    left = " ".join(_NOT_ASKED.sub(" ", plain).split())
    return any(pattern.search(left) for pattern in _ASKS)


def _spelled(plain: str) -> str:
    """Return words with those whose letters stand apart put together: "s t o p"."""
    return _SPELLED.sub(lambda one: one[0].replace(" ", ""), plain)


def plain_letters(words: str) -> str:
    """Return words in lower case, without accents, apostrophes, punctuation and letters nobody sees (a zero-width space
    within a word parts it for us and for nobody else)."""
    seen = unicodedata.normalize("NFKD", words[:_READ])
    bare = "".join(one for one in seen if not unicodedata.combining(one) and unicodedata.category(one) != "Cf")
    return " ".join(re.sub(r"[^a-z ]+", " ", re.sub(r"['’`´]", "", bare.lower())).split())
