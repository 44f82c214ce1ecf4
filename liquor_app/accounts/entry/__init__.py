"""How people and programs get in: passwords, links, the second step, attempts."""
