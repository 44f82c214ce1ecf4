"""Who sits before a tab: every event and every stream is authorised here first."""
