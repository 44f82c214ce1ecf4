"""The sign-up page, as marketers set it."""
