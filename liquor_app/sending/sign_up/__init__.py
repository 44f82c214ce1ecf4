"""The way in: a public page of each brand where people ask to be written to, and confirm it."""
