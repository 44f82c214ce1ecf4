"""What a row of people says, as columns."""
