"""Write a file so that a reader finds the old one or the whole new one, never half of it."""

import secrets
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Make the folders above, too. What is no plain file (`/dev/stdout`, a FIFO) is written in place."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
