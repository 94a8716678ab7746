"""Single calls to an agent: made, kept, and written as a curl command. No textual."""
