"""The terminal for the screen alone: what others write meanwhile is kept, and all is as before afterwards."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_tui.tui.screen import descriptors
from lead_tui.tui.screen.descriptors import Descriptors


@pytest.fixture
def streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[IO[str]]]:
    """Three files in place of the process's own streams."""
    (tmp_path / "0").write_text("keys")
    files = [(tmp_path / str(number)).open("r+") for number in range(1)]
    files += [(tmp_path / str(number)).open("w+") for number in (1, 2)]
    for name, file in zip(("__stdin__", "__stdout__", "__stderr__"), files, strict=True):
        monkeypatch.setattr(sys, name, file)
    yield files
    for file in files:
        file.close()


@pytest.fixture
def found(streams: list[IO[str]]) -> Iterator[Descriptors]:
    made = Descriptors()
    yield made
    made.give_back()
    for number in (made.keys, made.screen):
        os.close(number)
    if made._file is not None:
        os.close(made._file)


def descriptors_open() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def contents(file: IO[str]) -> str:
    return Path(file.name).read_text()


def test_what_is_written_meanwhile_is_kept(found, streams):
    """Neither 1 nor 2 reaches the terminal, nothing can be read at 0; the screen itself still writes."""
    keys, out, err = streams
    out.write("before ")
    found.take()
    found.take()
    assert os.read(keys.fileno(), 10) == b""
    os.write(out.fileno(), b"one ")
    os.write(err.fileno(), b"two ")
    err.write("three")
    with found.writer() as screen:
        screen.write("the screen")
    found.give_back()
    assert found.written() == ("one two three", 0)
    assert (contents(out), contents(err)) == ("before ", "the screen")


def test_it_is_given_back_exactly(found, streams):
    """The same files at the same numbers, as often as it is taken; none stays open besides."""
    before = [os.fstat(file.fileno()).st_ino for file in streams]
    assert found.file
    open_before = descriptors_open()
    for _ in range(3):
        found.take()
        found.give_back()
        found.give_back()
    assert [os.fstat(file.fileno()).st_ino for file in streams] == before
    assert descriptors_open() == open_before
    assert os.read(streams[0].fileno(), 10) == b"keys"


def test_who_looks_on_is_told(found):
    """When a screen opens, and when it is closed for good."""
    heard = []
    found.watcher = heard.append
    found.take()
    found.give_back(restored=False)
    assert heard == [True]
    found.give_back()
    assert heard == [True, False]


@pytest.mark.parametrize("sizes", [[10], [16_000], [20_000], [600_000, 600_000, 5], [3_000_000, 7]])
def test_it_stays_small(found, streams, sizes):
    """The first of it is kept, the rest counted, and the file is emptied now and then; it is told once."""
    found.take()
    for size in sizes:
        os.write(streams[1].fileno(), b"x" * size)
        found.trim()
        assert os.fstat(found.file).st_size <= descriptors.MOST
    text, more = found.written()
    assert len(text) == min(sum(sizes), descriptors.KEPT)
    assert len(text) + more == sum(sizes)
    assert found.written() == ("", 0)


def test_without_a_place_for_it_it_is_lost(found, streams, monkeypatch):
    """A full disk is no reason to open no screen."""

    def full(**_: object) -> None:
        raise OSError

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    found.take()
    os.write(streams[1].fileno(), b"gone")
    assert found.written() == ("", 0)


def test_streams_that_are_not_there(monkeypatch):
    """A program without standard streams has the numbers."""
    for name in ("__stdin__", "__stdout__", "__stderr__"):
        monkeypatch.setattr(sys, name, None)
    made = Descriptors()
    assert os.fstat(made.keys).st_ino == os.fstat(0).st_ino
    made.give_back()
    for number in (made.keys, made.screen):
        os.close(number)


@given(st.binary(max_size=300))
@settings(max_examples=30, deadline=None)
def test_any_bytes(data):
    """What is no UTF-8 is told all the same."""
    made = Descriptors()
    os.write(made.file, data)
    text, more = made.written()
    assert (text, more) == (data.decode("utf-8", "replace"), 0)
    for number in (made.file, made.keys, made.screen):
        os.close(number)
