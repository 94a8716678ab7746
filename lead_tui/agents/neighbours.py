"""`import helpers` inside a flow's folder: a plain name for a module that lives under the flow's
private package.

While a module of the flow is being imported, and in that thread alone, the plain names of its
neighbours lead to the private ones; afterwards the plain names are gone from `sys.modules`, so no other
flow can meet them.
"""

import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Finder(MetaPathFinder):
    def __init__(self, package: str, lies_here: Callable[[str], bool]) -> None:
        self._package = package
        self._lies_here = lies_here
        self._thread = threading.get_ident()
        self.names: dict[str, ModuleType] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top = fullname.partition(".")[0]
        if threading.get_ident() != self._thread or not self._lies_here(fullname):
            return None
        if top != fullname and top not in self.names:  # below a package that is not the flow's
            return None
        module = importlib.import_module(f"{self._package}.{fullname}")
        self.names[fullname] = module
        return ModuleSpec(fullname, _Alias(module), is_package=hasattr(module, "__path__"))


class _Alias(Loader):
    """Gives a module that is loaded already, and its own spec back to it."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


@contextmanager
def neighbours_by_plain_name(package: str, lies_here: Callable[[str], bool]) -> Iterator[None]:
    """`lies_here` says whether the folder has a module of this dotted name."""
    finder = _Finder(package, lies_here)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name, module in finder.names.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
