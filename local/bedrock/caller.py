"""Who calls: the embedded AWS's Lambda workers say it in the User-Agent, `app/<process id>.<environment>.<handler>`.

It is the AWS SDKs' own application id (`AWS_SDK_UA_APP_ID`), so the handlers know nothing of it.
"""

import os
import re
import signal
from dataclasses import dataclass
from typing import Self

from werkzeug.wrappers import Request

from local.function_timeout import TIMEOUT_SIGNAL

_APP_ID = re.compile(r"\bapp/(?P<pid>[1-9][0-9]*)\.(?P<name>\S+)")


class NoWorkerError(Exception):
    """The caller is no Lambda worker of the embedded AWS."""


@dataclass(frozen=True)
class Caller:
    """A Lambda worker (`pid` is its process's), or anybody else (`pid` is None and `name` is empty)."""

    pid: int | None = None
    name: str = ""

    @classmethod
    def of(cls, request: Request) -> Self:
        """The caller of a request, by its User-Agent."""
        found = _APP_ID.search(request.headers.get("User-Agent", ""))
        return cls(int(found["pid"]), found["name"]) if found else cls()

    def kill(self) -> None:
        """End the worker as the operating system ends one that needs too much memory; raises NoWorkerError."""
        self._end(signal.SIGKILL)

    def time_out(self) -> None:
        """End the worker as its function's timeout does; raises NoWorkerError."""
        self._end(TIMEOUT_SIGNAL)

    def _end(self, how: signal.Signals) -> None:
        if self.pid is None:
            raise NoWorkerError("Only a Lambda worker of the embedded AWS can be ended by a fault rule.")
        os.kill(self.pid, how)
