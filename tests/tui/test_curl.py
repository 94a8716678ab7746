"""A call as a command line of curl."""

import shlex
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_tui.tui.calls.curl import curl, shell_word, url

SHOP = {"name": "shop", "type": "http_api", "endpoint": "https://shop.org/api"}


@pytest.mark.parametrize(
    ("parameters", "command"),
    [
        ({"endpoint": "/orders"}, "curl https://shop.org/api/orders"),
        ({}, "curl https://shop.org/api"),
        (
            {"endpoint": "a?b=1", "query": {"c": [1, 2], "d": None, "e": True}},
            "curl 'https://shop.org/api/a?b=1&c=1&c=2&e=true'",
        ),
        ({"endpoint": "https://shop.org/x", "method": "head"}, "curl --head https://shop.org/x"),
        (
            {"method": "post", "json": {"a": "it's"}},
            (
                "curl -X POST https://shop.org/api -H 'content-type: application/json' --data-raw "
                '\'{"a":"it\'"\'"\'s"}\''
            ),
        ),
        (
            {"method": "PUT", "form": {"a": "b c", "n": 1}},
            "curl -X PUT https://shop.org/api --data-urlencode 'a=b c' --data-urlencode n=1",
        ),
        (
            {"method": "PUT", "body": "hi", "headers": {"X-A": "1", "gone": None}},
            (
                "curl -X PUT https://shop.org/api -H 'x-a: 1' -H 'content-type: text/plain; "
                "charset=utf-8' --data-raw hi"
            ),
        ),
    ],
)
def test_a_call_as_a_command(parameters: dict[str, Any], command: str) -> None:
    """Method, URL, headers and body, quoted for a shell."""
    assert curl(SHOP, parameters) == command


@pytest.mark.parametrize(
    ("authentication", "words"),
    [
        ({"type": "bearer", "token": "${TOKEN}"}, "-H 'authorization: Bearer '\"${TOKEN}\""),
        ({"type": "bearer", "token": "${TOKEN:-***}"}, "-H 'authorization: Bearer '\"${TOKEN}\""),
        ({"type": "api_key", "key": "***"}, "-H 'X-API-Key: ***'"),
        ({"type": "api_key", "key": "${K}", "header": "k"}, "-H 'k: '\"${K}\""),
        ({"type": "basic", "username": "ann", "password": "${PW}"}, '-u ann:"${PW}"'),
        ({"type": "none"}, ""),
    ],
)
def test_secrets_stay_names(authentication: dict[str, Any], words: str) -> None:
    """The shell that runs the command fills them in; one that stood in the flow is masked."""
    assert (
        curl({**SHOP, "authentication": authentication}, {}) == f"curl https://shop.org/api {words}".rstrip()
    )


def test_settings_of_the_agent() -> None:
    """Standing headers, its certificates, a query in its endpoint; an agent that is not declared has none."""
    agent = {
        **SHOP,
        "endpoint": "http://${HOST:-localhost}/x?k=1",
        "verify": False,
        "custom_params": {"headers": {"A": "b"}},
    }
    assert (
        curl(agent, {"endpoint": "y"}) == "curl http://\"${HOST:-localhost}\"'/x/y?k=1' -H 'a: b' --insecure"
    )
    assert curl({**SHOP, "verify": "/etc/ca.pem"}, {}).endswith("--cacert /etc/ca.pem")
    assert curl({}, {}) == "curl ''"
    assert url("http://x", {"query": {"a": "${A} &"}}) == "http://x?a=${A}%20%26"


@settings(max_examples=25)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=40))
def test_a_word_reaches_the_program_as_it_is(text: str) -> None:
    """Whatever stands in it, apart from variables, which the shell fills in."""
    plain = text.replace("${", "$ {")
    assert shlex.split(shell_word(plain)) == [plain]


def test_a_shell_fills_in_variables_and_nothing_else() -> None:
    """Substitutions of commands, quotes and other forms of the shell stay text."""
    word = shell_word("a $(echo no) `echo no` ${NAME} $${NAME} '\"")
    shown = subprocess.run(
        ["sh", "-c", f"printf %s {word}"], env={"NAME": "ann bob"}, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "a $(echo no) `echo no` ann bob ${NAME} '\""
