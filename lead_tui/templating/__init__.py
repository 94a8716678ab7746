"""Sandboxed Jinja2 for values, and what a template refers to without evaluating it."""
