"""From Liquid and MJML to a message. Pure, but for the way into the sandbox."""
