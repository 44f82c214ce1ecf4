"""The look of Plotly's charts, once for each colour mode."""

from __future__ import annotations

from typing import Any

# Plotly reads no CSS variables: these repeat tokens.css, and a test compares the two.
LIGHT: dict[str, str] = {
    "c1": "#c47f17", "c2": "#93384f", "c3": "#4f8a83", "c4": "#5a74a3", "c5": "#a18072", "c6": "#8d8d86",
    "ghost": "#8d8d86", "grid": "#e9e8e6", "area": "rgba(196,127,23,.13)", "band": "rgba(196,127,23,.34)",
    "panel": "#ffffff", "line": "#e2e1de", "text": "#21201c", "muted": "#63635e",
}  # fmt: skip
DARK: dict[str, str] = {
    "c1": "#dc9a34", "c2": "#c4627b", "c3": "#62aaa1", "c4": "#7f9bd0", "c5": "#b99a8b", "c6": "#7c7b74",
    "ghost": "#7c7b74", "grid": "#262624", "area": "rgba(220,154,52,.13)", "band": "rgba(220,154,52,.36)",
    "panel": "#191918", "line": "#2f2f2c", "text": "#eeeeec", "muted": "#b5b3ad",
}  # fmt: skip


def template(colors: dict[str, str]) -> dict[str, Any]:
    """Return the Plotly template over one set of token colours: horizontal grid only, one font, a quiet hover label."""
    axis = {
        "automargin": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "nticks": 7,
        "ticklabelstandoff": 6,
    }
    return {
        "layout": {
            "font": {"family": "Inter, sans-serif", "size": 11, "color": colors["muted"]},
            "paper_bgcolor": colors["panel"],  # as the card is: a picture of it is read on any ground
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": [colors[f"c{number}"] for number in range(1, 7)],
            "margin": {"l": 44, "r": 8, "t": 8, "b": 26},
            "showlegend": False,
            "hovermode": "x unified",
            "hoverlabel": {
                "bgcolor": colors["panel"],
                "bordercolor": colors["line"],
                "font": {"family": "Inter, sans-serif", "size": 12, "color": colors["text"]},
            },
            "bargap": 0.35,
            "barcornerradius": 3,
            "xaxis": axis
            | {"showgrid": False, "linecolor": colors["line"], "showspikes": True, "spikemode": "across",
               "spikethickness": 1, "spikedash": "solid", "spikecolor": colors["ghost"]},
            "yaxis": axis | {"gridcolor": colors["grid"], "showline": False, "rangemode": "tozero", "nticks": 5},
        }
    }  # fmt: skip
