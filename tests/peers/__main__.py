"""`python -m tests.peers`: holds the model server of `lead_tui.testing` against the LiteLLM proxy.

The proxy needs versions of libraries that we cannot share an environment with, so it gets one of its own: the
first time takes a minute and 740 MB in the user's cache folder, or in that which `LEADTUI_PEERS` names. It
answers by itself (`mock_response`), so nothing goes to any provider and no key is needed.
"""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["-m", "peers", "tests/peers", *sys.argv[1:]]))
