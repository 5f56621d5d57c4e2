"""The text of a paper: its PDF fetched, read in a killable process, and cut to a token budget."""
