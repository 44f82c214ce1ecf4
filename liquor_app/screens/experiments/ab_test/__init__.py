"""The A/B test of a campaign, on its page."""
