"""What the lessons of part F claim, asserted on the names that a full run leaves."""
