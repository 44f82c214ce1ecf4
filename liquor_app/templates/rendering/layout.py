"""What stands around every message, put there by us: the brand's header and the legal footer. Liquid over `legal`."""

from __future__ import annotations


def firm(css: str) -> str:
    """Return a style that no rule of an author's changes: what the law wants is seen wherever the letter is."""
    return "".join(f"{one}!important;" for one in css.split(";"))


_FONT = "-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
_GROUND, _QUIET, _PLAIN = "#f4f1ea", "#63635e", "#21201c"
"""The footer brings its own ground, that of our letters: on the body's, words can have the ground's colour."""
_SEEN = (
    "all:initial;visibility:visible;opacity:1;position:relative;z-index:2147483647;left:auto;right:auto;top:auto;"
    "bottom:auto;float:none;width:auto;height:auto;max-width:none;max-height:none;overflow:visible;margin:0;text-indent:0;"
    "letter-spacing:normal;word-spacing:normal;-webkit-text-fill-color:currentcolor;transform:none;filter:none;"
    f"clip:auto;clip-path:none;mask:none;zoom:1;font-family:{_FONT}"
)
"""Above whatever else would lie there. Where `all` is not known, what else hides is named after it."""
_SMALL = f"font-size:12px;line-height:19px;color:{_QUIET}"
_BELOW = f"display:block;background:{_GROUND};text-align:center"
LINKS = (
    """{% if legal.view_url != '' %}<a href="{{ legal.view_url }}" @quiet@>View in browser</a> &#183; {% endif %}"""
    """{% if legal.preferences_url != '' %}<a href="{{ legal.preferences_url }}" @quiet@>Preferences</a> &#183; """
    """{% endif %}<a href="{{ legal.unsubscribe_url }}" @quiet@>Unsubscribe</a>"""
).replace(
    "@quiet@",
    f'style="{firm(f"{_SEEN};display:inline;padding:0;background:none;{_SMALL};text-decoration:underline;cursor:pointer")}"',
)
FOOTER = f"""{{% if legal.disclosure != '' %}}<div align="center" style="{
    firm(f"{_SEEN};{_BELOW};font-size:16px;line-height:24px;font-weight:700;color:{_PLAIN};padding:14px 32px")
}">{{{{ legal.disclosure }}}}</div>{{% endif %}}
<div align="center" style="{firm(f"{_SEEN};{_BELOW};{_SMALL};padding:22px 32px 34px")}">
{{% if legal.disclaimer != '' %}}{{{{ legal.disclaimer }}}}<br>{{% endif %}}
{{% if legal.footer != '' %}}{{{{ legal.footer }}}}<br>{{% endif %}}{{{{ legal.imprint }}}}<br>
{LINKS}</div>
"""
"""Put below a rendered letter, also one of MJML. What is told of an offer stands directly under what the author wrote,
in the letter's own size: small print would not be beside the offer."""
_NAME = "font:600 15px/24px -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;letter-spacing:0.04em;color:@ink@"
_INK = "{% if legal.header == 'band' %}{{ legal.on_color }}{% else %}#21201c{% endif %}"
HEADER_HTML = (
    """{% if legal.header != 'none' %}<table role="presentation" width="100%" cellpadding="0" cellspacing="0" """
    """border="0"><tr><td align="center"{% if legal.header == 'band' %} bgcolor="{{ legal.color }}"{% endif %} """
    """style="padding:{% if legal.header == 'band' %}18px{% else %}28px 32px 14px{% endif %};"""
    """{% if legal.header == 'band' %}background:{{ legal.color }};{% endif %}text-align:center">"""
    """{% if legal.link != '' %}<a href="{{ legal.link }}" style="text-decoration:none;@name@">{% endif %}"""
    """{% if legal.logo_url != '' %}<img src="{{ legal.logo_url }}" alt="{{ legal.logo_alt }}" height="40" """
    """style="display:inline-block;height:40px;width:auto;max-width:240px;border:0;vertical-align:middle;@name@">"""
    """{% else %}<span style="@name@">{{ legal.brand }}</span>{% endif %}"""
    """{% if legal.link != '' %}</a>{% endif %}</td></tr></table>{% endif %}"""
).replace("@name@", _NAME.replace("@ink@", _INK))
"""Raw HTML also within MJML: its sections know no conditions."""
HEADER_TEXT = "{% if legal.header != 'none' %}{{ legal.brand }}\n\n{% endif %}"
FOOTER_TEXT = """{% if legal.disclosure != '' %}

{{ legal.disclosure }}{% endif %}

--
{% if legal.disclaimer != '' %}{{ legal.disclaimer }}
{% endif %}{% if legal.footer != '' %}{{ legal.footer }}
{% endif %}{{ legal.imprint }}
{% if legal.view_url != '' %}View in browser: {{ legal.view_url }}
{% endif %}{% if legal.preferences_url != '' %}Preferences: {{ legal.preferences_url }}
{% endif %}{% if legal.unsubscribe_url != '' %}Unsubscribe: {{ legal.unsubscribe_url }}
{% endif %}"""

NOTICE_HTML = (
    """<!doctype html><html><head><meta charset="utf-8"><title>{{ notice.title }}</title></head>"""
    """<body style="margin:0;padding:0;background:#f4f1ea;color:#3a3731">"""
    + HEADER_HTML
    + """<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center" """
    """style="padding:12px"><div style="max-width:496px;background:#ffffff;border-radius:16px;padding:32px;"""
    """text-align:left;font:16px/25px -apple-system,'Segoe UI',Helvetica,Arial,sans-serif">"""
    """<h1 style="margin:0 0 12px;font-size:22px;line-height:29px;color:#21201c">{{ notice.title }}</h1>"""
    """<p style="margin:0 0 20px">{{ notice.words }}</p>"""
    """<p style="margin:0 0 20px"><a href="{{ notice.link }}" style="display:inline-block;padding:14px 28px;"""
    """border-radius:10px;background:{{ legal.color }};color:{{ legal.on_color }};font-weight:600;"""
    """text-decoration:none">{{ notice.button }}</a></p>"""
    """<p style="margin:0;font-size:14px;line-height:21px;color:#63635e">{{ notice.why }}</p></div>"""
    """<p style="margin:18px 0;font:12px/19px sans-serif;color:#63635e">{{ legal.imprint }}"""
    """</p></td></tr></table></body></html>"""
)
"""A message somebody asked for: no offer in it, so no way out of offers either."""
NOTICE_TEXT = """{{ legal.brand }}

{{ notice.title }}

{{ notice.words }}

{{ notice.button }}: {{ notice.link }}

{{ notice.why }}

--
{{ legal.imprint }}
"""
