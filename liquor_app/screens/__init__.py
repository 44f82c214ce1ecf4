"""Pages and their states: they show, ask and call services."""
