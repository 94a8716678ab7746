"""One module per command: `command` parses and calls, `EXAMPLES` stand in its help."""
