"""Files beneath granted folders, without a way out.

A path starts at the flow's folder, or is absolute, and lies in one of the roots. It is opened part by part,
each within the folder that was opened before and never through a symbolic link, so neither `..` nor a link
that is there, or is put there meanwhile, leads outside. The root itself may be a link: the flow named it.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import Annotated

from pydantic import Field

from lead_tui.errors import AgentError, Category, failed
from lead_tui.tools.context import ToolContext

FilePath = Annotated[str, Field(examples=["notes.txt"])]

MAX_BYTES = 10 * 2**20
"""Of one file."""

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | os.O_CLOEXEC
_INSIDE = getattr(os, "O_NOFOLLOW", 0)
_CAN = {os.open, os.mkdir, os.stat, os.rename, os.unlink} <= os.supports_dir_fd and bool(_INSIDE)


def read(context: ToolContext, path: str, limit: int) -> bytes:
    """The content of a regular file. AgentError for anything else, and if it is longer than `limit` bytes."""
    with _parent(context, path) as (folder, name), _explained(path):
        # a FIFO or a device must not make us wait
        number = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | _INSIDE, dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise _refused(path, "it is no regular file", "no_file")
            with os.fdopen(number, "rb", closefd=False) as file:
                content = file.read(limit + 1)
        finally:
            os.close(number)
    if len(content) > limit:
        raise failed(Category.RESOURCE, f"{path!r} is longer than {limit} bytes", code="too_large")
    return content


def write(context: ToolContext, path: str, content: bytes, *, replace: bool = True) -> bool:
    """Write a file whole or not at all, and the folders above it that are missing. True: it is new.

    A file that is there keeps its permissions; a link, a folder or anything else is not replaced.
    """
    with _parent(context, path, make=True) as (folder, name), _explained(path):
        mode = _mode(folder, name, path)
        if mode is not None and not replace:
            raise _refused(path, "there is a file already", "exists")
        beside = f".leadtui-{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | _INSIDE
        number = os.open(beside, flags, 0o666, dir_fd=folder)  # less what the umask takes away
        try:
            with os.fdopen(number, "wb") as file:
                if mode is not None:
                    os.fchmod(number, mode)
                file.write(content)
                file.flush()
                os.fsync(number)
            os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=folder)
            raise
    return mode is None


@contextmanager
def _parent(context: ToolContext, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The open folder that the path lies in, and its last part."""
    if not _CAN:
        raise failed(
            Category.SYSTEM, "this platform cannot open files safely inside a folder", code="platform"
        )
    root, (*folders, name) = _located(context, path)
    with _explained(path):
        number = os.open(root, _FOLDER)
    try:
        for each in folders:
            with _explained(path):
                number = _entered(number, each, make)
        yield number, name
    finally:
        os.close(number)


def _entered(folder: int, name: str, make: bool) -> int:
    """The folder of this name in `folder`, which is closed, but not if that fails."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
    found = os.open(name, _FOLDER | _INSIDE, dir_fd=folder)
    os.close(folder)
    return found


def _located(context: ToolContext, path: str) -> tuple[Path, tuple[str, ...]]:
    """The root that the path lies in, and its parts from there on; judged by its text alone."""
    if not path or "\0" in path:
        raise _refused(path, "it is no path", "bad_path", Category.VALIDATION)
    if ".." in PurePath(path).parts:
        raise _refused(path, "`..` is not followed", "outside_roots")
    if not context.roots:
        what = "no folder is granted: set `roots` (for `leadtui tools call`: --root)"
        raise _refused(path, what, "outside_roots")
    whole = Path(os.path.abspath(context.folder / path))  # noqa: PTH100 - resolve() follows links
    inside = [root for root in context.roots if whole.is_relative_to(root)]
    if not inside:
        granted = ", ".join(_shown(root, context.folder) for root in context.roots)
        raise _refused(path, f"it lies outside of what is granted: {granted}", "outside_roots")
    root = max(inside, key=lambda each: len(each.parts))
    parts = whole.relative_to(root).parts
    if not parts:
        what = "it is a folder" if root.is_dir() else "a root has to be a folder, and it is granted as one"
        raise _refused(path, what, "no_file", Category.TOOL)
    if parts[-1].lower() == ".env" or parts[-1].lower().startswith(".env."):
        raise _refused(path, "such a file holds the secrets of runs", "secret_file")
    return root, parts


def _mode(folder: int, name: str, path: str) -> int | None:
    """The permissions of the regular file of this name, None if there is nothing."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise _refused(path, "what is there is no regular file", "no_file")
    return stat.S_IMODE(found.st_mode) & 0o777


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:
        raise _told(path, error) from None


def _told(path: str, error: OSError | UnicodeError) -> AgentError:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ELOOP, errno.EMLINK):
        return _refused(path, "a symbolic link is not followed", "symbolic_link")
    if number == errno.ENOTDIR:
        return _refused(path, "a part of it is no folder, or a symbolic link", "symbolic_link")
    if number == errno.ENOENT:
        return _refused(path, "there is no such file", "not_found", Category.TOOL)
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _refused(path, str(getattr(error, "strerror", "")), "no_access")
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE):
        return failed(Category.RESOURCE, f"{path!r}: {os.strerror(number)}", code="no_room")
    return _refused(path, str(getattr(error, "strerror", None) or "it is no path"), "bad_path", Category.TOOL)


def _refused(path: str, why: str, code: str, category: Category = Category.PERMISSION) -> AgentError:
    shown = path if len(path) <= 200 else f"{path[:200]}…"
    return failed(category, f"{shown!r}: {why}", code=code)


def _shown(root: Path, folder: Path) -> str:
    return str(root.relative_to(folder)) if root.is_relative_to(folder) else str(root)
