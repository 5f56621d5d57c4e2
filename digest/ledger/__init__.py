"""What was received, kept for ever: SQLite behind one small interface."""
