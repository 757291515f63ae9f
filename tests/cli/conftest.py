"""A command on a caller's account after a script."""

from collections.abc import Callable, Iterator

import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from cli import main
from tests.cli.account_script import ScriptedAccount

FineTune = Callable[..., Result]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAccount]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield ScriptedAccount()


@pytest.fixture
def fine_tune(scripted: ScriptedAccount, monkeypatch: pytest.MonkeyPatch) -> FineTune:
    """The command line, whose environment is the scripted one."""
    monkeypatch.setattr("cli.account.account_of", lambda _: scripted.environment.account)
    monkeypatch.setattr("cli.environment.environment_of", lambda *_: scripted.environment)
    return lambda *words, **options: CliRunner().invoke(main.app, [str(word) for word in words], **options)
