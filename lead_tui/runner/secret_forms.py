"""How a secret may be written: escaped once or twice (JSON, Python, HTML), URL-encoded, in base64."""

import base64
import json
import re
from urllib.parse import quote

_URL_SAFE = ("", "/", "!$&'()*+,;=:@/", "!$&'()*+,;=:@/?")
"""What different encoders leave as it is."""
_SHORTEST_LINE = 8
_NOT_IN_LITERALS = re.compile(r"[^A-Za-z0-9 _.,:;/@+=-]", re.ASCII)


def parts(secret: str) -> set[str]:
    """What is a secret by itself: all of it, and each of its lines that is no common word."""
    lines = {line.strip() for line in secret.splitlines()} if "\n" in secret else set()
    return {secret, secret.strip(), *(line for line in lines if len(line) >= _SHORTEST_LINE)}


def text_forms(value: str) -> set[str]:
    quoted = _quoted(value)
    twice = {form for each in quoted - {value} for form in _quoted(each)}
    return {value, *quoted, *twice, *_marked_up(value), *_in_urls(_bytes(value))}


def base64_forms(value: str) -> set[str]:
    """Both alphabets, at all three alignments."""
    raw = _bytes(value)
    return {form for shift in range(3) for form in _base64_at(raw, shift)}


def _quoted(value: str) -> set[str]:
    in_repr = repr('"' + value)[2:-1]
    return {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        in_repr,
        in_repr.replace("\\'", "'"),  # as it is quoted by `"`
    }


def _marked_up(value: str) -> set[str]:
    import html  # its table of entities takes 2 ms

    return {
        html.escape(value),
        html.escape(value, quote=False),
        _NOT_IN_LITERALS.sub(lambda character: f"\\U{ord(character[0]):08x}", value),
        _bytes(value).decode("utf-8", "replace"),
    }


def _bytes(value: str) -> bytes:
    """A variable that is not UTF-8 has surrogates for its bytes."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return value.encode("utf-8", "surrogatepass")


def _in_urls(raw: bytes) -> set[str]:
    found = {quote(raw, safe=safe) for safe in _URL_SAFE}
    found |= {form.replace("%20", "+") for form in found}
    return found | {re.sub("%..", lambda code: code[0].lower(), form) for form in found}


def _base64_at(raw: bytes, shift: int) -> set[str]:
    """The characters of base64 text that depend on `raw` alone when `shift` bytes come before it."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode()
    start = (shift * 8 + 5) // 6
    end = (shift + len(raw)) * 8 // 6
    core = encoded[start:end]
    return {core, core.replace("+", "-").replace("/", "_")}
