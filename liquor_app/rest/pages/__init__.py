"""Plain HTML pages for recipients."""
