"""The checks of `digest doctor`, each with what to do where something is wrong."""
