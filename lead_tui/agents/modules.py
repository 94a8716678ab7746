"""A flow's own Python code: `module:name`, in the flow's folder or else among what is installed.

A module of the folder is imported under a private package, so two flows may each have a `steps.py`, and
anew for each run, so an edited one is seen. It imports its neighbours with `from . import helpers`, or,
at its top, with `import helpers`. `sys.path` is the same before and after.
"""

import hashlib
import importlib
import re
import sys
import threading
import types
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import Any

from lead_tui.agents.base import AgentContext
from lead_tui.agents.neighbours import neighbours_by_plain_name
from lead_tui.errors import Category, failed

REFERENCE = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$"

_KEY = "lead_tui.flow_modules"
_importing = threading.RLock()  # sys.modules belongs to everyone
_numbers = count(1)


def is_reference(text: str) -> bool:
    """Does it look like `module:name`?"""
    return re.fullmatch(REFERENCE, text, re.ASCII) is not None


class FlowModules:
    """What one run imported from its folder. Thread-safe; forgotten when the run closes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        digest = hashlib.blake2b(str(self._folder).encode(), digest_size=6).hexdigest()
        self._package = f"_leadtui_flow_{digest}_{next(_numbers)}"
        self._found: dict[str, Any] = {}

    def load(self, reference: str) -> Any:
        """The object; AgentError if the reference leads nowhere. Errors of the module itself pass through."""
        if reference not in self._found:
            if not is_reference(reference):
                raise failed(Category.VALIDATION, f"{reference!r} is not module:name", code="bad_reference")
            module_name, _, path = reference.partition(":")
            with _importing:
                self._found[reference] = _attribute(self._module(module_name), path, reference)
        return self._found[reference]

    async def aclose(self) -> None:
        with _importing:
            for name in [each for each in sys.modules if _is_inside(each, self._package)]:
                del sys.modules[name]

    def _module(self, name: str) -> types.ModuleType:
        importlib.invalidate_caches()  # the file may be younger than what Python remembers of the folder
        if self._lies_here(name) and not self._is_ours(sys.modules.get(name.partition(".")[0])):
            return self._own_module(name)
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not _is_inside(name, error.name or ""):
                raise
            message = f"no module {name!r}: neither in {self._folder} nor installed"
            raise failed(Category.VALIDATION, message, code="no_module") from None

    def _lies_here(self, name: str) -> bool:
        path = self._folder.joinpath(*name.split("."))
        return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()

    def _own_module(self, name: str) -> types.ModuleType:
        if self._package not in sys.modules:
            package = types.ModuleType(self._package, "The Python files of one flow.")
            package.__path__ = [str(self._folder)]
            sys.modules[self._package] = package
        with neighbours_by_plain_name(self._package, self._lies_here):
            return importlib.import_module(f"{self._package}.{name}")

    def _is_ours(self, module: types.ModuleType | None) -> bool:
        """Is it a public module that lies in the folder? So are leadtui's for a flow beside its sources."""
        file = getattr(module, "__file__", None)
        if file is None or "site-packages" in Path(file).parts:  # a virtual environment beside the flow
            return False
        return Path(file).resolve().is_relative_to(self._folder)


def flow_modules(context: AgentContext) -> FlowModules:
    """The modules of this run."""
    modules = context.shared.setdefault(_KEY, FlowModules(context.folder))
    assert isinstance(modules, FlowModules)  # noqa: S101 - `shared` is untyped
    return modules


def _attribute(module: types.ModuleType, path: str, reference: str) -> Any:
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            near = get_close_matches(name, dir(found), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise failed(Category.VALIDATION, f"{reference}: there is no {name!r}{hint}", code="no_attribute")
        found = getattr(found, name)
    return found


def _is_inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
