"""For all tests: no example is judged by the time it takes, which other work on the machine decides."""

from hypothesis import settings

settings.register_profile("project", deadline=None)
settings.load_profile("project")
