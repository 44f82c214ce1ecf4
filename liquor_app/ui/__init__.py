"""The design system: what every page is made of. It knows no slice; `docs/ui.md` shows each part in one line."""
