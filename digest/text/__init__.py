"""What a paper says: its PDF fetched, read in a killable process, and cut to a token budget."""
