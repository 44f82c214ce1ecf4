"""Links, clicks and the purchases they brought."""
