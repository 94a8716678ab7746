"""`leadtui schema`: JSON Schema of a flow with the agent types that are installed here."""

from pathlib import Path
from typing import Annotated

import typer

from lead_tui.agents import registry
from lead_tui.cli.terminal import out_json, say
from lead_tui.errors import UsageError
from lead_tui.flow.schema import flow_schema

EXAMPLES = ("leadtui schema --out flow.schema.json",)


def command(
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it to this file.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of a flow, for editors.

    A first line `# yaml-language-server: $schema=flow.schema.json` in a flow makes editors use it.
    """
    types = {each.name: registry.config_model(each.name) for each in registry.describe() if not each.problem}
    schema = flow_schema({name: model for name, model in types.items() if model is not None})
    if file is None:
        return out_json(schema)
    import json

    try:
        file.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None
    return say(f"wrote {file}")
