"""What the description of the API shows beside its schemas."""
