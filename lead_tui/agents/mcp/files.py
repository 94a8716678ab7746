"""Where the files of a run lie: what an answer holds that is too large for the journal.

Beside the journal's usual place, in `runs/<run>/files` of the user's data directory, for this user alone. A
file is named by its content: the same picture twice is one file, and a retry writes none again.
"""

import os
import secrets
from hashlib import sha256
from mimetypes import guess_extension
from pathlib import Path

from platformdirs import user_data_path

_COMMON = {"image/jpeg": ".jpg", "audio/wav": ".wav", "audio/mpeg": ".mp3", "text/plain": ".txt"}
_NAME = 24


def folder(run_id: str) -> Path:
    """`run_id` is letters, digits, _ and - (the engine takes no other)."""
    return user_data_path("leadtui", appauthor=False) / "runs" / run_id / "files"


def keep(run_id: str, data: bytes, mime_type: str) -> Path:
    """Write a file that nobody sees half written. Raises OSError."""
    place = folder(run_id)
    path = place / f"{sha256(data).hexdigest()[:_NAME]}{_extension(mime_type)}"
    if path.exists():
        return path
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = place / f".{secrets.token_hex(8)}"
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _extension(mime_type: str) -> str:
    kind = mime_type.partition(";")[0].strip().lower()
    return _COMMON.get(kind) or guess_extension(kind) or ".bin"
