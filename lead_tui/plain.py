"""From what a Python function returns to plain data: what JSON can hold, so a resumed run sees the same.

Dataclasses, pydantic models and msgspec structs become maps; tuples and sets lists; dates RFC 3339
text; an enum's member its value; a path text. What JSON has no word for (bytes, NaN, an open file) is
refused, not bent.
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NoReturn

import msgspec
from pydantic import BaseModel

_AS_THEY_ARE = (bytes, bytearray, memoryview)  # msgspec would make base64 of them


class NotPlain(ValueError):
    """The value cannot be kept. The message names the type or the place."""


def plain(value: Any) -> Any:
    """The value as plain data; NotPlain if there is no faithful way."""
    try:
        built = msgspec.to_builtins(value, builtin_types=_AS_THEY_ARE, str_keys=True, enc_hook=_known)
        kept = msgspec.json.decode(msgspec.json.encode(built, enc_hook=_refuse))
    except RecursionError:
        raise NotPlain("the value contains itself, or is nested too deep") from None
    except UnicodeEncodeError:
        raise NotPlain("a text in it is no valid Unicode (a lone surrogate)") from None
    except NotPlain:
        raise
    except (TypeError, ValueError, msgspec.MsgspecError) as error:  # ValueError: a number of 5,000 digits
        raise NotPlain(str(error)) from None
    if kept != built and (difference := _difference(kept, built, "result")):
        raise NotPlain(difference)
    return kept


def _known(value: Any) -> Any:
    match value:
        case BaseModel():
            return value.model_dump()
        case PurePath():
            return str(value)
        case Mapping():
            return dict(value)
        case _:
            raise _not_plain(value)


def _refuse(value: Any) -> NoReturn:
    raise _not_plain(value)


def _not_plain(value: Any) -> NotPlain:
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    return NotPlain(f"{name} is no plain data: return text, numbers, lists, maps")


def _difference(kept: Any, built: Any, path: str) -> str | None:
    """Where JSON gave back something else, as null for NaN. A tuple is as good as a list."""
    if kept == built:
        return None
    if isinstance(built, dict):
        parts = [(f"{path}.{key}", kept[key], each) for key, each in built.items()]
    elif isinstance(built, list | tuple):
        parts = [(f"{path}[{i}]", old, new) for i, (old, new) in enumerate(zip(kept, built, strict=True))]
    elif isinstance(built, _AS_THEY_ARE):
        raise _not_plain(built)
    else:
        return f"{path} is {built}, which JSON cannot hold"
    return next(filter(None, (_difference(old, new, place) for place, old, new in parts)), None)
