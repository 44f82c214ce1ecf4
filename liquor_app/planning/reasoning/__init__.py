"""What a plan says of itself: why it is as it is, and what it is worth beside other plans and beside none. Pure."""
