"""What the lessons of part C claim, asserted on the names that a full run leaves."""
