"""The one room that knows all stages: a day, a paper again, what they share."""
