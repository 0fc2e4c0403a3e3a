"""What the lessons of part B claim, asserted on the names that a full run leaves."""
