"""What screens are made of: one file a widget, with its bindings, its CSS and its messages."""
