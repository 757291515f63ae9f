"""For all tests: no example is judged by the time it takes, and botocore's service models are read once a process."""

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader
from hypothesis import settings

settings.register_profile("project", deadline=None)
settings.load_profile("project")

_load_file = JSONFileLoader.load_file


@cache
def _load_once(path: str) -> Any:
    return _load_file(JSONFileLoader(), path)


# Each test has clients of its own; to parse the same models for each of them took a fifth of the tests' time.
JSONFileLoader.load_file = lambda self, file_path: _load_once(file_path)  # type: ignore[method-assign]
