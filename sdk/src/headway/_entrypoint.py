"""Finding the flow behind `file.py:flow` or `package.module:flow`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from headway._context import loading
from headway._errors import EntrypointError
from headway._flow import Flow


def load_flow(entrypoint: str, *, folder: Path) -> Flow[..., Any]:
    """
    Import the module and return the flow.

    What the module raises while it is imported passes through: its traceback is what people need.

    Raises: EntrypointError when there is no such file, or no such flow in it, or when the module
    runs a flow while it is imported.
    """
    place, _, name = entrypoint.partition(":")
    token = loading.set(place)
    try:
        module = (
            _import_file(folder / place) if place.endswith(".py") else _import_module(place, folder)
        )
    finally:
        loading.reset(token)
    flows = {key: value for key, value in vars(module).items() if isinstance(value, Flow)}
    if not name and len(flows) == 1:
        return next(iter(flows.values()))
    found: object = module
    for part in name.split(".") if name else ():
        found = getattr(found, part, None)
    if isinstance(found, Flow):
        return found
    known = ", ".join(sorted(flows)) or "none; is the function decorated with @flow?"
    raise EntrypointError(f"There is no flow {name!r} in {place}. Flows there: {known}")


def _import_file(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise EntrypointError(f"There is no file {path}.")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    # A flow file may be called like a module that is loaded already (`json.py`).
    name = path.stem if known is None else f"headway_flow_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise EntrypointError(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _import_module(name: str, folder: Path) -> ModuleType:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (error.name == name or name.startswith(f"{error.name}.")):
            raise EntrypointError(f"There is no module {name!r} in {folder}.") from error
        raise
