"""The composition root: a function's environment and adapters, made once for each process.

A handler passes them on to its step. Nothing else makes clients or reads the environment.
"""

import os
from functools import cached_property

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.handlers.environment import EnvironmentVariables
from lambdas.steps.clock import Clock


class Root:
    """What a process has for all of its invocations, each part made at its first use."""

    @cached_property
    def environment(self) -> EnvironmentVariables:
        """The stack's settings. Raises pydantic's ValidationError, which names each missing or wrong variable."""
        return EnvironmentVariables.model_validate(dict(os.environ))

    @cached_property
    def adapters(self) -> Adapters:
        """The adapters of the function's account and Region."""
        return Adapters(Clients())

    @cached_property
    def clock(self) -> Clock:
        """The machine's clock."""
        return Clock()


root = Root()
