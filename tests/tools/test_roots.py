"""Files beneath granted folders: what is there is found, and nothing leads outside."""

import os
import shutil
import socket
import stat
import threading
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_tui.errors import AgentError, Category
from lead_tui.tools import roots
from lead_tui.tools.context import ToolContext
from lead_tui.tools.read_file import read_file
from lead_tui.tools.write_file import write_file


@pytest.fixture
def flow(tmp_path):
    """A flow's folder with a granted folder `data`, and a secret beside it."""
    folder = tmp_path / "flow"
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "secret.txt").write_text("hush")
    (folder / "data" / "a.txt").write_text("héllo")
    return folder


@pytest.fixture
def context(flow):
    return ToolContext(folder=flow, roots=(flow / "data",))


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def refused(call, *values, **named):
    with pytest.raises(AgentError) as caught:
        call(*values, **named)
    return caught.value.failure


def test_reading_text_and_bytes(flow, context):
    """UTF-8 comes as text, anything else as base64; absolute paths inside are as good."""
    (flow / "data" / "b.bin").write_bytes(b"\xff\x00")
    assert read_file("data/a.txt", context) == {
        "path": "data/a.txt", "encoding": "text", "content": "héllo", "bytes": 6,
    }  # fmt: skip
    assert read_file(str(flow / "data" / "a.txt"), context)["content"] == "héllo"
    assert read_file("./data//./a.txt", context)["content"] == "héllo"
    assert read_file("data/b.bin", context)["content"] == b64encode(b"\xff\x00").decode()


def test_writing(flow, context):
    """Text or base64, with the folders above it; a round trip gives the same."""
    assert write_file("data/x/y/z.txt", "ü", context) == {
        "path": "data/x/y/z.txt",
        "bytes": 2,
        "created": True,
    }
    assert not write_file("data/x/y/z.txt", "v", context)["created"]
    assert (flow / "data/x/y/z.txt").read_text() == "v"
    write_file("data/b", b64encode(b"\xff").decode(), context, encoding="base64")
    assert (flow / "data/b").read_bytes() == b"\xff"
    assert names(flow / "data/x/y") == ["z.txt"]


def test_permissions(flow, context):
    """A new file gets what the umask leaves; one that is there keeps its own."""
    before = os.umask(0o027)
    try:
        write_file("data/new", "x", context)
    finally:
        os.umask(before)
    assert stat.S_IMODE((flow / "data/new").stat().st_mode) == 0o640
    (flow / "data/new").chmod(0o600)
    write_file("data/new", "y", context)
    assert stat.S_IMODE((flow / "data/new").stat().st_mode) == 0o600


def test_overwriting_can_be_refused(flow, context):
    """`overwrite: false` leaves what is there."""
    told = refused(write_file, "data/a.txt", "x", context, overwrite=False)
    assert (told.category, told.code) == (Category.PERMISSION, "exists")
    assert (flow / "data/a.txt").read_text() == "héllo"


def test_bounds(flow, context, monkeypatch):
    """A file that is longer than asked for is refused, not cut; so is too much content."""
    assert read_file("data/a.txt", context, 6)["bytes"] == 6
    assert refused(read_file, "data/a.txt", context, 5).code == "too_large"
    monkeypatch.setattr(roots, "MAX_BYTES", 3)
    assert refused(write_file, "data/b", "1234", context).category is Category.RESOURCE
    assert not (flow / "data/b").exists()


@pytest.mark.parametrize(
    ("content", "encoding"), [("\udcff", "text"), ("no base64!", "base64"), ("é", "base64")]
)
def test_content_that_cannot_be_written(context, content, encoding):
    """Lone surrogates and what is no base64 say so."""
    told = refused(write_file, "data/x", content, context, encoding=encoding)
    assert (told.category, told.code) == (Category.VALIDATION, "bad_arguments")


def test_nothing_without_roots(flow):
    """Without a granted folder no path is right."""
    told = refused(read_file, "data/a.txt", ToolContext(folder=flow))
    assert (told.category, told.code) == (Category.PERMISSION, "outside_roots")
    assert "set `roots`" in told.message


HOSTILE = {
    "above": ("../secret.txt", "outside_roots"),
    "beside": ("secret.txt", "outside_roots"),
    "up and down": ("data/../secret.txt", "outside_roots"),
    "up inside": ("data/deep/../a.txt", "outside_roots"),
    "absolute": ("/etc/passwd", "outside_roots"),
    "a longer name": ("data2/x", "outside_roots"),
    "nul": ("data/a\0.txt", "bad_path"),
    "empty": ("", "bad_path"),
    "the root": ("data", "no_file"),
    "a folder": ("data/deep", "no_file"),
    "a file as folder": ("data/a.txt/x", "symbolic_link"),
    "link to a file": ("data/to_file", "symbolic_link"),
    "link to a folder": ("data/to_folder/secret.txt", "symbolic_link"),
    "link inside": ("data/to_inside", "symbolic_link"),
    "dangling": ("data/dangling", "symbolic_link"),
    "dangling folder": ("data/dangling/x", "symbolic_link"),
    "loop": ("data/loop", "symbolic_link"),
    "proc": ("data/proc/environ", "symbolic_link"),
    "environ": ("data/environ", "symbolic_link"),
    "fifo": ("data/fifo", "no_file"),
    "secrets": ("data/.env", "secret_file"),
    "secrets of a stage": ("data/.ENV.production", "secret_file"),
    "surrogate": ("data/\ud800", "bad_path"),
}


@pytest.fixture
def traps(flow):
    """Links, a FIFO and a socket in the granted folder."""
    data = flow / "data"
    (data / "to_file").symlink_to("../secret.txt")
    (data / "to_folder").symlink_to(flow)
    (data / "to_inside").symlink_to("a.txt")
    (data / "dangling").symlink_to(flow / "made-by-a-link")
    (data / "loop").symlink_to("loop")
    (data / "proc").symlink_to("/proc/self")
    (data / "environ").symlink_to("/proc/self/environ")
    (data / ".env").write_text("KEY=1")
    os.mkfifo(data / "fifo")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_paths_are_not_read(flow, context, traps, name):
    """Each is refused for its reason, as a permanent failure, without waiting."""
    path, code = HOSTILE[name]
    told = refused(read_file, path, context)
    assert told.code == code
    assert "hush" not in told.message


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_paths_are_not_written(flow, context, traps, name):
    """Nothing is made or changed outside, and no link is replaced."""
    path, _ = HOSTILE[name]
    before = sorted(str(each) for each in flow.rglob("*"))
    refused(write_file, path, "gotcha", context)
    assert sorted(str(each) for each in flow.rglob("*")) == before
    assert (flow / "secret.txt").read_text() == "hush"
    assert (flow / "data" / "to_file").is_symlink()


def test_missing_and_long_paths(context):
    """What is not there is no matter of permission; a name that is too long is told shortly."""
    assert refused(read_file, "data/none", context).category is Category.TOOL
    assert refused(read_file, "data/none/x", context).code == "not_found"
    told = refused(write_file, "data/" + "n" * 5000, "x", context)
    assert "name too long" in told.message.lower()
    assert len(told.message) < 300


def test_a_socket_is_no_file(flow, context, monkeypatch):
    """Opening one fails, and says so."""
    monkeypatch.chdir(flow / "data")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert refused(read_file, "data/socket", context).code == "bad_path"
        assert refused(write_file, "data/socket", "x", context).code == "no_file"


def test_the_root_may_be_a_link(tmp_path, flow):
    """The flow named it: what it leads to is what is granted."""
    (tmp_path / "link").symlink_to(flow / "data")
    context = ToolContext(folder=tmp_path, roots=(tmp_path / "link",))
    assert read_file("link/a.txt", context)["content"] == "héllo"
    missing = ToolContext(folder=tmp_path, roots=(tmp_path / "none",))
    assert refused(read_file, "none/a.txt", missing).code == "not_found"


def test_the_deepest_root_is_entered(flow):
    """With a link on the way to a root that is granted itself, the root counts."""
    (flow / "data" / "in").symlink_to(flow / "data" / "deep")
    context = ToolContext(folder=flow, roots=(flow / "data", flow / "data" / "in"))
    assert write_file("data/in/x", "1", context)["created"]


def test_no_access(flow, context, monkeypatch):
    """What the system refuses is a permission error; a full disk one of resources, and leaves nothing."""

    def fails(number):
        def fsync(_):
            raise OSError(number, os.strerror(number))

        return fsync

    monkeypatch.setattr(roots.os, "fsync", fails(13))
    assert refused(write_file, "data/x", "1", context).category is Category.PERMISSION
    monkeypatch.setattr(roots.os, "fsync", fails(28))
    assert refused(write_file, "data/x", "1", context).category is Category.RESOURCE
    assert names(flow / "data") == ["a.txt", "deep"]


def test_a_platform_that_cannot(context, monkeypatch):
    """Where files cannot be opened safely they are not opened."""
    monkeypatch.setattr(roots, "_CAN", False)
    assert refused(read_file, "data/a.txt", context).category is Category.SYSTEM


def test_no_descriptor_is_left(flow, context, traps):
    """Neither a success nor a refusal keeps a folder open."""
    before = psutil.Process().num_fds()
    read_file("data/a.txt", context)
    write_file("data/deep/x/y", "1", context)
    for path, _ in HOSTILE.values():
        refused(read_file, path, context)
    assert psutil.Process().num_fds() == before


def test_a_link_that_comes_and_goes(flow, context):
    """Swapping a folder for a link while we read and write leads to the data or a refusal, never outside."""
    data, outside = flow / "data", flow / "outside"
    outside.mkdir()
    (outside / "x").write_text("hush")
    (data / "swap").mkdir()
    (data / "swap" / "x").write_text("fine")
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            with suppress(OSError):  # a write may have made the folder anew meanwhile
                (data / "swap").rename(data / "away")
                (data / "swap").symlink_to(outside)
                (data / "swap").unlink()
            if not (data / "swap").is_symlink():
                shutil.rmtree(data / "swap", ignore_errors=True)
            with suppress(OSError):
                (data / "away").rename(data / "swap")

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for _ in range(1_500):
            try:
                seen.add(read_file("data/swap/x", context)["content"])
                write_file("data/swap/y", "ours", context)
            except AgentError as error:
                seen.add(error.failure.code)
    finally:
        stop.set()
        thread.join()
    assert seen <= {"fine", "symbolic_link", "not_found"}
    assert names(outside) == ["x"]


PIECES = st.sampled_from(
    ["..", ".", "a", "data", "to_folder", "to_file", "/", "//", "deep", "secret.txt", "~", "flow"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(PIECES, min_size=1, max_size=6), absolute=st.booleans())
def test_no_path_reads_the_secret(flow, context, parts, absolute):
    """However a path is put together, what lies outside is not read."""
    if not (flow / "data" / "to_file").is_symlink():
        (flow / "data" / "to_file").symlink_to("../secret.txt")
        (flow / "data" / "to_folder").symlink_to(flow)
    path = "/".join(parts)
    text = f"{flow}/{path}" if absolute else path
    with pytest.raises(AgentError):
        read_file(text, context)


def test_paths_in_messages_are_from_the_folder(flow):
    """A root inside the flow's folder is named as the flow names it."""
    context = ToolContext(folder=flow, roots=(flow / "data", Path("/srv/x")))
    assert "granted: data, /srv/x" in refused(read_file, "other", context).message


def test_root_that_is_a_file(flow):
    """A grant that is no folder is told as what it is."""
    file = flow / "data" / "a.txt"
    with pytest.raises(AgentError, match="a root has to be a folder"):
        read_file("data/a.txt", ToolContext(folder=flow, roots=(file,)))
