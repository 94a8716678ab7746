"""Results: a value as rows of a tree that opens and closes, as a table, searched. Pure."""
