"""`json_parse`: data from a JSON text."""

import json
from typing import Any, NoReturn

from lead_tui.errors import Category, failed
from lead_tui.tools.tool import tool


@tool(category="data", idempotent=True)
def json_parse(text: str) -> Any:
    """Make data of a JSON text. Tells line and column of a mistake.

    Args:
        text: The JSON; spaces around it do not matter.

    """
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise _bad(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _bad("it is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise _bad(str(error).split(";", 1)[0]) from None


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _bad(why: str) -> Exception:
    return failed(Category.TOOL, f"this is no JSON: {why}", code="bad_json")
