"""What the lessons of part E claim, asserted on the names that a full run leaves."""
