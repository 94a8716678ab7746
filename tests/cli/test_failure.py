"""What an exception means: messages, exit codes, and a bug's report without a value in it."""

import errno
import io
import json
from pathlib import Path

import pytest
import typer

from lead_tui.cli import driving, failure
from lead_tui.cli.session import _check_slashes, pairs, who
from lead_tui.cli.terminal import moment, out_event, out_json, say, short, table
from lead_tui.core.events import Log
from lead_tui.errors import CommandRefused, IllegalTransition, JournalError, RunOwned, UsageError


def exit_of(error):
    """The exit code that this exception becomes."""
    with pytest.raises(typer.Exit) as found, failure.explained():
        raise error
    return found.value.exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError("x"), 2), (CommandRefused("x"), 2), (JournalError("x"), 8), (RunOwned("x"), 9)],
)
def test_each_error_has_its_exit_code(error, code, capsys):
    """The message stands on stderr in one line, with what the error was told to add behind it."""
    error.add_note("and then this")
    assert exit_of(error) == code
    assert capsys.readouterr().err == "error: x\nand then this\n"


def test_a_bug_leaves_its_traceback_in_a_file(capsys, monkeypatch, tmp_path):
    """Exit 70 with where to report it; neither the screen nor the file has a value or a message."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    secret = "hush-hush"  # noqa: F841 - a local that a careless traceback would show
    assert exit_of(ValueError("hush-hush")) == 70
    err = capsys.readouterr().err
    assert "Please report it" in err
    [kept] = tmp_path.glob("leadtui-bug-*.txt")
    assert str(kept) in err
    text = kept.read_text()
    assert "ValueError" in text
    assert Path(__file__).name in text
    assert "hush-hush" not in err + text.replace('ValueError("hush-hush")', "")


def test_a_bug_is_shown_when_asked_for(capsys, monkeypatch):
    """LEADTUI_DEBUG=1 shows the places, with the causes behind, and a fact that does not fit is a bug too."""
    monkeypatch.setenv("LEADTUI_DEBUG", "1")
    assert exit_of(IllegalTransition("x")) == 70
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise RuntimeError("outer") from inner
    except RuntimeError as error:
        assert exit_of(error) == 70
    err = capsys.readouterr().err
    assert "builtins.RuntimeError" in err
    assert "builtins.KeyError" in err


def test_a_terminal_that_is_gone(monkeypatch):
    """Nothing that is said to nobody fails the run."""

    class Gone(io.StringIO):
        def write(self, text):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr("sys.stderr", Gone())
    say("hello")


def test_json_moves_no_terminal(capsys):
    """What a terminal would obey is escaped, lone surrogates too, and it reads back the same."""
    evil = "\x9b2J \u202e \x7f \ud800 \u200b é"
    out_json({"text": evil})
    out_event(Log(text=evil))
    whole, line = capsys.readouterr().out.split("}\n", 1)
    assert not set("\x9b\u202e\x7f\u200b") & set(whole + line)
    assert json.loads(f"{whole}}}") == {"text": evil}
    assert json.loads(line)["text"] == evil


def test_values_in_one_line():
    """Long ones are cut, line ends are made visible, columns are aligned."""
    assert short("x" * 300).endswith("x…")
    assert short({"a": "b\nc"}) == '{"a":"b\\nc"}'
    assert table(("A", "B"), [("1\n2", "x"), ("long one", "y")]).splitlines()[1] == "1␊2       x"
    assert moment(None) == "-"


def test_pairs():
    """`=` may stand in the value; a name is needed."""
    assert pairs(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    with pytest.raises(UsageError) as found:
        pairs(["=hush"])
    assert "hush" not in str(found.value)


async def test_a_journal_that_fails_under_a_run():
    """The error leaves with the run's name and the command that goes on once the journal can be used."""

    class Broken:
        run_id = "r1"

        async def wait(self):
            raise JournalError("the disk is full")

    with pytest.raises(JournalError) as found:
        await driving.outcome(Broken(), driving.Watching(db="my.db", secrets=("t",)))
    assert found.value.__notes__ == ["run r1 was left: leadtui resume r1 -i t=... --db my.db"]


def test_a_user_without_a_name(monkeypatch):
    """In a container that does not know its user the number stands for the name."""

    def nobody():
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert who().startswith("uid ")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EBADF])
def test_a_full_disk_is_no_bug_of_ours(number, capsys):
    """What cannot be printed exits with 1 and a short message."""
    assert exit_of(OSError(number, "it is so")) == 1
    assert capsys.readouterr().err == "error: the output cannot be written: it is so\n"


def test_another_error_of_the_system_is_a_bug(monkeypatch, tmp_path):
    """A file that is missing where we thought it was is ours to mend."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert exit_of(FileNotFoundError(errno.ENOENT, "gone")) == 70


@pytest.mark.parametrize(
    "address", ["sqlite:////tmp/x.db", "sqlite:///x.db", "sqlite:///no/such/x.db", "tmp/x.db", "tmp"]
)
def test_addresses_that_mean_what_they_say(address):
    """Absolute, in this folder, or in a folder that is nowhere: nothing to warn of."""
    _check_slashes(address)


def test_a_slash_that_was_forgotten(tmp_path):
    """`sqlite:///tmp/x.db` is relative: where only /tmp exists that is not what was meant."""
    with pytest.raises(UsageError, match=r"sqlite:////tmp/x\.db"):
        _check_slashes("sqlite:///tmp/x.db")
    (tmp_path / "tmp").mkdir()
    _check_slashes("sqlite:///tmp/x.db")
