"""Text in columns and paragraphs, times as people say them. Pure."""
