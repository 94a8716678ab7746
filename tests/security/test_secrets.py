"""The concealer by itself: what it finds, what it leaves alone."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure
from lead_tui.runner.secrets import MASK, ConcealedStream, Concealer

ODD = "p4ss'w\"rd\\<&> é/+=%"
secrets = st.text(st.characters(codec="utf-8"), min_size=4, max_size=24).filter(str.strip)
texts = st.text(st.characters(codec="utf-8"), max_size=40)


@given(secrets, st.lists(texts, min_size=1, max_size=5))
@example("****", ["**", "**", "", ""])
@example("ab**", ["ab", "x"])
def test_a_secret_never_stays_in_a_text(secret: str, around: list[str]) -> None:
    """Whatever stands around it, and also where masks beside the text's own asterisks would make it again."""
    assert secret not in Concealer([secret]).text(secret.join(["", *around, ""]))


@given(secrets, texts)
def test_a_text_without_secrets_is_the_same(secret: str, text: str) -> None:
    """Nothing is changed that holds none of a secret's forms."""
    forms = Concealer([secret])._written.values | Concealer([secret])._base64.values
    assume(not any(form in text for form in forms))
    assume(not any(form[:4] in text or form[-4:] in text for form in forms))
    assert Concealer([secret]).text(text) == text


@given(secrets, texts, texts, st.data())
def test_a_secret_never_comes_through_a_stream(
    secret: str, before: str, after: str, data: st.DataObject
) -> None:
    """However the text is split, all that came out holds no secret, and nothing else is lost."""
    assume("*" not in secret)
    concealer = Concealer([secret])
    stream, rest, said = ConcealedStream(concealer), before + secret + after, ""
    while rest:
        length = data.draw(st.integers(1, len(rest)))
        said, rest = said + stream.feed(rest[:length]), rest[length:]
    said += stream.flush()
    assert secret not in said
    assert MASK in said


@given(texts, st.lists(st.integers(1, 5), max_size=10))
def test_a_stream_without_secrets_says_all_it_was_fed(text: str, lengths: list[int]) -> None:
    """What is held back comes out with the flush."""
    stream, rest, said = ConcealedStream(Concealer(["no such secret in here"])), text, ""
    for length in lengths:
        said, rest = said + stream.feed(rest[:length]), rest[length:]
    assert said + stream.feed(rest) + stream.flush() == text


def test_a_stream_that_knows_no_secret_holds_nothing_back() -> None:
    """Without secrets tokens are seen as they come."""
    assert ConcealedStream(Concealer()).feed("piece") == "piece"


@pytest.mark.parametrize(
    "form",
    [
        ODD,
        json.dumps({"k": ODD}),
        json.dumps({"k": ODD}, ensure_ascii=False),
        repr(ODD),
        repr([ODD.replace('"', "")]),
        html.escape(ODD),
        html.escape(ODD, quote=False),
        quote(ODD),
        quote(ODD, safe=""),
        quote_plus(ODD),
        quote(ODD, safe="").lower(),
        quote(ODD, safe="!$&'()*+,;=:@/"),
    ],
    ids=["raw", "json", "json-utf8", "repr", "repr-single", "html", "html-text", "url", "url-all", "form",
         "url-lower", "url-path"],
)  # fmt: skip
def test_a_secret_is_found_in_every_form(form: str) -> None:
    """Escaped and encoded as programs, servers and our own messages do it."""
    said = Concealer([ODD, ODD.replace('"', "")]).text(f"before {form} after")
    assert MASK in said
    assert "p4ss" not in said


@pytest.mark.parametrize("shift", [0, 1, 2, 3, 4])
def test_a_secret_is_found_inside_base64(shift: int) -> None:
    """At each of the three alignments no characters are left that say much of it."""
    plain = b"x" * shift + b"hunter2-canary-value" + b"tail"
    said = Concealer(["hunter2-canary-value"]).text(base64.b64encode(plain).decode())
    assert MASK in said
    assert len(said) < 20


LONG = "hunter2-canary-value-" + "".join(f"{number:02}" for number in range(60))


def wrapped(shift: int, width: int, end: str) -> list[str]:
    """`LONG` in base64 behind `shift` bytes and before some, as lines of `width` characters."""
    encoded = base64.b64encode(b"x" * shift + LONG.encode() + b"and more, to come behind it").decode()
    return [encoded[start : start + width] + end for start in range(0, len(encoded), width)]


def pieces(said: str, shift: int) -> list[str]:
    """What stands there of the characters that say something of `LONG`."""
    whole = "".join(wrapped(shift, 1, ""))[(shift * 8 + 5) // 6 : (shift + len(LONG)) * 8 // 6]
    return [part for part in (whole[at : at + 4] for at in range(len(whole) - 3)) if part in said]


@pytest.mark.parametrize("shift", [0, 1, 2, 50, 55, 56, 57])
@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n    ", "\\n", "\\\\n"])
def test_a_secret_is_found_in_wrapped_base64(shift: int, width: int, end: str) -> None:
    """As `base64` prints it and PEM files hold it, also indented or inside JSON."""
    text = "".join(wrapped(shift, width, end))
    said = Concealer([LONG]).text(f"before\n{text}\nafter")
    assert MASK in said
    assert len(said) < 150 + 2 * shift
    assert pieces(text, shift)
    assert pieces(said, shift) == []


@pytest.mark.parametrize("shift", [0, 1, 2, 50, 55, 56, 57])
@pytest.mark.parametrize("width", [64, 76])
def test_a_secret_is_found_in_wrapped_base64_line_by_line(shift: int, width: int) -> None:
    """Each line of a command's output is a log line of its own; only eleven characters could be any word."""
    lines, concealer = wrapped(shift, width, ""), Concealer([LONG])
    said = [concealer.text(f"  {line}") for line in lines]
    assert pieces("\n".join(lines), shift)
    assert all(len(pieces(line, shift)) <= 11 - 3 for line in said)
    assert all(line.startswith("  ") for line in said)
    for end in ("\n", "\\n"):
        for part in (lines[1:], lines[:-1], lines[1:-1]):
            said_of_part = concealer.text(end + end.join(part) + end)
            assert said_of_part.count(MASK) == 1
            assert len(pieces(said_of_part, shift)) <= 11 - 3


def test_a_line_like_any_other_is_no_line_of_base64() -> None:
    """Words, numbers and other people's tokens stay as they are."""
    concealer = Concealer([LONG])
    other = base64.b64encode(bytes(range(200))).decode()
    for line in ("done", "", "   ", "a b\nc d", "0123456789" * 20, other, other[:16], f"{other}\n{other}\n"):
        assert concealer.text(line) == line


def test_the_last_word_of_a_wrapped_stream_is_masked() -> None:
    """A stream hands on wrapped base64 as safely as a whole text."""
    text = "".join(wrapped(1, 76, "\r\n"))
    for size in (1, 7, 40):
        stream = ConcealedStream(Concealer([LONG]))
        said = "".join(stream.feed(text[at : at + size]) for at in range(0, len(text), size)) + stream.flush()
        assert MASK in said
        assert pieces(said, 1) == []


@pytest.mark.parametrize(
    "secret", ['quo"te-canary', "back\\slash-canary", "two\nlines-canary", "é-canary\t'x'"]
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_secret_is_found_in_json_inside_json(secret: str, ascii_only: bool) -> None:
    """A payload that travels as text in another one; also in the message that quotes such a text."""
    inner = json.dumps({"k": secret}, ensure_ascii=ascii_only)
    concealer = Concealer([secret])
    for text in (json.dumps({"body": inner}, ensure_ascii=ascii_only), json.dumps(inner), repr(inner + '"'),
                 repr(json.dumps(secret) + '"\'')):  # fmt: skip
        said = concealer.text(text)
        assert MASK in said
        assert "canary" not in said


def test_url_safe_base64_is_found_too() -> None:
    """The alphabet of tokens and cookies."""
    secret = "~~~???>>>~~~"
    assert MASK in Concealer([secret]).text(base64.urlsafe_b64encode(secret.encode()).decode())


def test_each_line_of_a_secret_is_one() -> None:
    """A key of several lines comes out of a command line by line."""
    concealer = Concealer(["-----BEGIN\nMIIabcdef\nQUJDREVG\n-----END\n"])
    assert concealer.text("MIIabcdef") == MASK
    assert concealer.text(" QUJDREVG ") == f" {MASK} "


def test_a_short_line_of_a_secret_is_a_word_like_others() -> None:
    """Seven characters alone are left, but not as part of the whole secret; one line alone is the whole."""
    secret = "begin\nnothing\nMIIabcdef\nend"
    concealer = Concealer([secret])
    assert concealer.text("nothing to begin or end") == "nothing to begin or end"
    assert concealer.text(f"it is {secret}!") == f"it is {MASK}!"
    assert concealer.text(json.dumps([secret])) == f'["{MASK}"]'
    assert Concealer(["word\n"]).text("word") == MASK


def test_a_word_like_the_end_of_base64_stays() -> None:
    """Four characters in common with a secret's base64 are chance, at the end of a text or of a cut piece."""
    concealer = Concealer(["jYrabcjYr"])
    assert concealer.text("Actually") == "Actually"
    assert concealer.piece("Actually") == "Actually"


@pytest.mark.parametrize("length", [11, 12])
def test_a_part_of_base64_is_known_from_twelve_characters_on(length: int) -> None:
    """At the end of a text and at its start."""
    encoded = base64.b64encode(LONG.encode()).decode().rstrip("=")
    concealer, start, end = Concealer([LONG]), encoded[:length], encoded[-length:]
    known = length == 12
    assert concealer.text(f"it is {start}") == f"it is {MASK if known else start}"
    assert concealer.text(f"it is x{start}") == f"it is x{MASK if known else start}"
    assert concealer.text(f"{end} it is") == f"{MASK if known else end} it is"


def test_secrets_that_come_one_by_one_are_masked_as_all_at_once() -> None:
    """Whatever a run learns while it goes on."""
    learned = [f"canary-{number}-x" for number in range(50)]
    concealer = Concealer(learned[:1])
    for secret in learned[1:]:
        assert concealer.text(secret) == secret
        concealer.add(secret)
        assert concealer.text(secret) == MASK
    text = " ".join(learned)
    assert concealer.text(text) == Concealer(learned).text(text) == " ".join([MASK] * 50)


class Counting(Concealer):
    """Counts how often a text is searched from beginning to end."""

    searches = 0

    def _found_in(self, text: str) -> set[str]:
        self.searches += 1
        return super()._found_in(text)


@pytest.mark.parametrize(
    ("secret", "text", "said"),
    [
        ("***a", "***a" + "a" * 5_000, MASK),
        ("***a", "fine ***a" + "a" * 5_000 + " too", f"fine {MASK} too"),
        ("*** ", "*** " + " " * 5_000 + "x", MASK),
        ("****", "*" * 100_000, MASK),
    ],
    ids=["word", "among-words", "across-words", "asterisks"],
)
def test_a_secret_that_each_mask_makes_again_is_searched_for_so_often(
    secret: str, text: str, said: str
) -> None:
    """A text that loses one character with each mask is not searched for each of them."""
    concealer = Counting([secret])
    assert concealer.text(text) == said
    assert concealer.searches < 30


def test_short_secrets_are_left_alone() -> None:
    """Three characters would mask every second word."""
    assert Concealer(["abc"]).text("abc") == "abc"
    assert not Concealer(["abc"])


def test_a_secret_that_is_no_utf8_is_searched_as_it_would_be_shown() -> None:
    """A variable may hold any bytes; a command's output shows them as U+FFFD."""
    secret = b"caf\xe9-canary".decode("utf-8", "surrogateescape")
    shown = b"said caf\xe9-canary".decode("utf-8", "replace")
    assert Concealer([secret]).text(shown) == f"said {MASK}"
    assert Concealer(["\ud800-canary"]).text("\ud800-canary") == MASK


def test_a_longer_secret_goes_before_one_that_it_holds() -> None:
    """Nothing of the longer one is left beside the mask of the shorter."""
    assert Concealer(["canary", "canary-long"]).text("canary-long") == MASK


def test_keys_and_numbers_inside_data_are_masked() -> None:
    """A server may give a PIN back as a number."""
    concealer = Concealer(["canary", "123456"])
    assert concealer.conceal({"a canary": [1, 123456, True, None, ("canary",)]}) == {
        f"a {MASK}": [1, MASK, True, None, [MASK]]
    }


@pytest.mark.parametrize("number", [123456, 1234.5])
def test_a_result_that_is_a_secret_number_is_masked(number: float) -> None:
    """The whole result, not only what lies inside one."""
    done = ev.AttemptCompleted(task="t", attempt=1, result=number)
    assert Concealer([str(number)]).struct(done).result == MASK


def test_names_of_the_flow_stay() -> None:
    """A secret that is a task's name hides it in texts, not where the run needs it."""
    failure = Failure(Category.NETWORK, "deploy of network failed", code="deploy")
    fact = ev.AttemptFailed(task="deploy", attempt=1, failure=failure)
    masked = Concealer(["deploy", "network"]).struct(fact)
    assert masked.task == "deploy"
    assert masked.failure == Failure(Category.NETWORK, f"{MASK} of {MASK} failed", code=MASK)
    assert Concealer(["gate"]).struct(cmd.Approve(gate="gate", values={"a": "gate"})) == cmd.Approve(
        gate="gate", values={"a": MASK}
    )


def test_what_holds_no_secret_is_the_same_object() -> None:
    """Masking costs no copy where there is nothing to mask."""
    fact = ev.AttemptCompleted(task="t", attempt=1, result={"a": 1})
    assert Concealer().struct(fact) is fact
    assert Concealer(["canary"]).struct(fact) is fact
    data = {"a": 1}
    assert Concealer().conceal(data) is data


@pytest.mark.parametrize("cut", range(4, 20))
def test_what_is_left_of_a_secret_at_a_cut_is_masked(cut: int) -> None:
    """A long line is shown in pieces; each hides the part of the secret that it holds."""
    secret = "hunter2-canary-value-x"
    concealer = Concealer([secret])
    first, second = "x" * 50 + secret[:cut], secret[cut:] + "y" * 50
    assert concealer.piece(first) == "x" * 50 + MASK
    assert concealer.piece(second) == (MASK + "y" * 50 if len(secret) - cut >= 4 else second)


def test_a_piece_that_lies_within_a_secret_is_masked() -> None:
    """A key longer than a log line has lines with nothing but itself."""
    secret = "".join(f"{number:04}/" for number in range(4_000))
    assert Concealer([secret]).piece(secret[3_000:11_192]) == MASK


def test_an_event_survives_being_masked_and_encoded() -> None:
    """What is masked is still the same type of fact on the wire."""
    fact = ev.ExpressionEvaluated(role="expect", task="t", saw={"result": "canary"}, why="canary")
    masked = Concealer(["canary"]).struct(fact)
    assert msgspec.json.decode(msgspec.json.encode(masked))["saw"] == {"result": MASK}
