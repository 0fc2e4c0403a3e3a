"""What the lessons of part H claim, asserted on the names that a full run leaves."""
