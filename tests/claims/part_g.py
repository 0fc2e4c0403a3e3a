"""What the lessons of part G claim, asserted on the names that a full run leaves."""
