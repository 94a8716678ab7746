"""A flow's text: checked as it is typed, saved whole. Pure but for the files."""
