"""One endpoint: asking, waiting, and what an answer cost."""
