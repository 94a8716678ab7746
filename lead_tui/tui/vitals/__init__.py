"""Breakers, waits, limits and agents of a run, as lines. Pure."""
