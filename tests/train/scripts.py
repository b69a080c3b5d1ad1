"""The training scripts as modules: they lie outside the package."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from crossthink_data.bundled import bundled


def script(name: str) -> Any:
    """A script's module, whose `main` has not been called."""
    spec = importlib.util.spec_from_file_location(f"training_{name}", bundled("training") / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look up their annotations
    spec.loader.exec_module(module)
    return module
