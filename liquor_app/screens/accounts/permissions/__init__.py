"""Who may do what, shown to everybody."""
