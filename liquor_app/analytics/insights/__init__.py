"""What the shop's customers, shelves and hours look like over time: counted at night, read in a moment."""
