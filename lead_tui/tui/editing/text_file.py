r"""A text file that is edited: read whole, saved whole, and never lost.

The text has `\n` between its lines. What the file had besides (line ends `\r\n`, a byte order mark, its mode
and owner, a link that leads to it) stays as it was, and so does a missing newline at the end. Line ends that
differ within a file stay in the text as the `\r` that they are.

A save writes a new file beside the old one and puts it in its place in one step: a crash leaves the old or
the new. What the file held before stands in `NAME~` then. A hard link keeps the old text.
"""

import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lead_tui.errors import UsageError
from lead_tui.flow.document import MAX_BYTES

_BOM = b"\xef\xbb\xbf"


class NotEditable(UsageError):
    """The file cannot be read as text, or not be written; says why."""


class ChangedOnDisk(UsageError):
    """Somebody else wrote or removed the file since it was read."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it was when it was read: `stored` holds its bytes, None if there is no file yet."""

    path: Path
    text: str
    stored: bytes | None

    @classmethod
    def read(cls, path: Path) -> "TextFile":
        """Raises NotEditable: it is no file, too large, or not UTF-8."""
        stored = _stored(path)
        return cls(path, "" if stored is None else _decoded(path, stored), stored)

    @property
    def is_new(self) -> bool:
        return self.stored is None

    def save(self, text: str, *, overwrite: bool = False) -> "TextFile":
        """Write the text. Raises NotEditable, and ChangedOnDisk unless `overwrite`."""
        target = Path(os.path.realpath(self.path))
        data = self._encoded(text)
        try:
            there = _stored(self.path)
            if there != self.stored and not overwrite:
                raise ChangedOnDisk(
                    f"{self.path.name} was {'removed' if there is None else 'changed'} meanwhile"
                )
            if there is not None:
                _put(target.with_name(f"{target.name}~"), there, like=target)
            _put(target, data, like=None if there is None else target)
        except OSError as error:
            raise NotEditable(f"{self.path} cannot be written: {error.strerror or error}") from None
        return replace(self, text=text, stored=data)

    def _encoded(self, text: str) -> bytes:
        try:
            data = text.replace("\n", _line_end(self.stored or b"")).encode()
        except UnicodeEncodeError:
            raise NotEditable("the text holds half a character (a lone surrogate): remove it") from None
        if len(data) > MAX_BYTES:
            raise NotEditable(f"a flow is at most {MAX_BYTES >> 20} MiB, the text has {len(data):,} bytes")
        return _BOM + data if (self.stored or b"").startswith(_BOM) else data


def _stored(path: Path) -> bytes | None:
    """What the file holds, None if there is none. A pipe or a device is not opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise NotEditable(f"{path} is not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotEditable(f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise NotEditable(f"{path} is larger than {MAX_BYTES >> 20} MiB, the most that a flow may have")
    return data


def _decoded(path: Path, stored: bytes) -> str:
    try:
        text = stored.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        line = stored[: error.start].count(b"\n") + 1
        raise NotEditable(f"{path} is not UTF-8 (line {line}): it is left as it is") from None
    return text.replace(_line_end(stored), "\n")


def _line_end(stored: bytes) -> str:
    r"""`\r\n` or `\\r` if every line ends so."""
    pairs, feeds, returns = stored.count(b"\r\n"), stored.count(b"\n"), stored.count(b"\r")
    if pairs and pairs == feeds == returns:
        return "\r\n"
    return "\r" if returns and not feeds else "\n"


def _put(target: Path, data: bytes, *, like: Path | None) -> None:
    """The file holds exactly this afterwards, or what it held before. Raises OSError."""
    if like is not None and not os.access(like, os.W_OK):
        raise PermissionError("it may only be read")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    mode = 0o666 if like is None else 0o600  # nobody may read it who could not read the file
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if like is not None:
            _resemble(temporary, like.stat())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _resemble(path: Path, wanted: os.stat_result) -> None:
    if hasattr(os, "chown"):
        with suppress(PermissionError):  # only root may give a file away
            os.chown(path, wanted.st_uid, wanted.st_gid)
    path.chmod(stat.S_IMODE(wanted.st_mode))
