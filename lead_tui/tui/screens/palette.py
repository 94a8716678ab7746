"""Every action by name: Textual's palette, which bears a key that comes before its list is filled."""

from contextlib import suppress

from textual.command import CommandPalette


class Palette(CommandPalette):
    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # page up or down in a list that has no lines yet
            super()._action_command_list(action)
