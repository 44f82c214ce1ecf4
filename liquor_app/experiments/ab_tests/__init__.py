"""A/B/n tests of a campaign's messages: defined before approval, drawn at launch, judged, won by one, remembered."""
