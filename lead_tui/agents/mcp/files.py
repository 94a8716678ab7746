"""Files of a run: what an answer holds that is too large for the journal.

They lie in the run's own folder beside the journal, `journal.db.files/<run>`, for this user alone. A file is
named by its content: the same picture twice is one file, and a retry writes none again. No command deletes
a run, so none deletes its files: who deletes `journal.db` has `journal.db.files` to delete, too. A run in
memory has them in a temporary folder that ends with the process.
"""

import os
import secrets
from hashlib import sha256
from mimetypes import guess_extension
from pathlib import Path

_COMMON = {"image/jpeg": ".jpg", "audio/wav": ".wav", "audio/mpeg": ".mp3", "text/plain": ".txt"}
_NAME = 24


def keep(place: Path, data: bytes, mime_type: str) -> Path:
    """Write a file that nobody sees half written; `place` is the run's folder for files. Raises OSError."""
    path = place / f"{sha256(data).hexdigest()[:_NAME]}{_extension(mime_type)}"
    if path.exists():
        return path
    _make(place)
    draft = place / f".{secrets.token_hex(8)}"
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _make(place: Path) -> None:
    """Each folder that is made is for this user alone; `parents=True` opens those above to everybody."""
    if not place.exists():
        _make(place.parent)
        place.mkdir(mode=0o700, exist_ok=True)


def _extension(mime_type: str) -> str:
    kind = mime_type.partition(";")[0].strip().lower()
    return _COMMON.get(kind) or guess_extension(kind) or ".bin"
