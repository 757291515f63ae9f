"""AWS on this machine: ministack, and beside it the simulated Bedrock, on free loopback ports and one scaled clock.

Both serve only requests with the session token of this start (`local.request_guard`).
"""

import json
import os
import platform
import re
import shlex
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3
import botocore.session
from botocore.config import Config

from local.checkout import CHECKOUT
from local.process import SupervisedProcess
from local.request_guard import TOKEN_HEADER, TOKEN_VARIABLE, new_token

# The example account of AWS's documentation. ministack takes an access key of twelve digits for the account's number.
ACCOUNT = "111122223333"
# What is unpacked and packed once for all runs: the CDK's library, the Lambdas' dependencies.
KEPT = CHECKOUT / "build" / "embedded-aws"
# Node for the CDK's library, with no cache in the home folder.
JSII_NODE = CHECKOUT / "local" / "jsii-node"
# Nothing checks signatures: this is no secret. The session token is one.
NO_SECRET = "embedded"  # noqa: S105
SECONDS_TO_START = 60
INHERITED = ("HOME", "LANG", "LC_ALL", "NO_PROXY", "PATH", "PYTHONUNBUFFERED", "TMPDIR", "no_proxy")
NO_PROXIES: dict[str, str] = {}


@dataclass
class EmbeddedAws:
    """A context manager: everything it starts ends with it, or with the process that entered it.

    All of it is in one `region`. `directory` gets `logs/`, `bedrock-calls.jsonl` and, while it runs, `tmp/`. All waits
    of Step Functions and all of Bedrock's delays are multiplied by `time_scale`. With `scaled_functions` so are the
    sleeps of Lambda functions and EventBridge's rates (`local.function_clock`), and `invocations` is written
    (`local.invocations`). `lambda_concurrency` is how many calls of functions the account may have at a time; a new
    one may have 10. `enforces_permissions`: functions may do what their roles' policies allow, and `decisions` is
    written (`local.permissions`). `bedrock_settings` are further ones of the simulated Bedrock
    (docs/simulated-bedrock.md).
    """

    directory: Path
    region: str = "us-west-2"
    time_scale: float = 0.002
    scaled_functions: bool = False
    idle_workers: int | None = None
    lambda_concurrency: int = 1000
    enforces_permissions: bool = True
    bedrock_settings: Mapping[str, object] = field(default_factory=dict)
    token: str = field(init=False, repr=False)
    environment: dict[str, str] = field(init=False, repr=False)
    endpoint: str = field(init=False)
    bedrock_endpoint: str = field(init=False)

    def __post_init__(self) -> None:
        self._running = ExitStack()
        self.logs = self.directory / "logs"
        self.temporary = self.directory / "tmp"
        self.bedrock_calls = self.directory / "bedrock-calls.jsonl"
        self.decisions = self.directory / "permissions.jsonl"
        self.invocations = self.temporary / "invocations.jsonl"
        # For a shell of the same user: what to export, to call this AWS as its own processes do.
        self.credentials = self.temporary / "credentials.sh"

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            for folder in (self.logs, self.temporary):
                folder.mkdir(parents=True, exist_ok=True)
            listening = starting.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
            self.endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
            self.token = new_token()
            self.environment = {
                **isolated_environment(self.temporary, self.region),
                "AWS_SESSION_TOKEN": self.token,
                "AWS_ENDPOINT_URL": self.endpoint,
            }
            bedrock = starting.enter_context(self._start_bedrock())
            self.bedrock_endpoint = self._bedrock_endpoint(bedrock)
            for service in ("BEDROCK", "BEDROCK_RUNTIME", "SERVICE_QUOTAS"):
                self.environment[f"AWS_ENDPOINT_URL_{service}"] = self.bedrock_endpoint
            starting.enter_context(self._written_credentials())
            emulator = starting.enter_context(self._start_emulator(listening))
            listening.close()
            self._wait_for_emulator(emulator)
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def client(
        self, service: str, *, config: Config | None = None, region: str | None = None, endpoint: str | None = None
    ) -> Any:
        """A boto3 client of the embedded account; `endpoint` is another one than its own, in another `region`."""
        simulated = service.startswith("bedrock") or service == "service-quotas"
        own = self.bedrock_endpoint if simulated else self.endpoint
        session: Any = _session(region or self.region, self.token)
        return session.client(
            service, endpoint_url=endpoint or own, config=(config or Config()).merge(Config(proxies=NO_PROXIES))
        )

    def run(self, name: str, command: list[str | Path], *, directory: Path = CHECKOUT) -> None:
        """Run a command against this AWS to its end, its output in `logs/<name>.log`; raises ProcessFailedError."""
        with SupervisedProcess(
            command, environment=self.environment, directory=directory, log=self.logs / f"{name}.log"
        ) as process:
            status = process.wait()
            if status != 0:
                raise process.failure(f"{Path(command[0]).name} {command[1]} ended with exit status {status}")

    @contextmanager
    def _written_credentials(self) -> Iterator[None]:
        """The file of credentials, readable by its owner only, until this AWS ends."""
        lines = ["unset AWS_PROFILE", *(f"export {name}={shlex.quote(value)}" for name, value in self._exported())]
        self.credentials.touch(0o600, exist_ok=False)
        self.credentials.write_text("\n".join([*lines, ""]))
        try:
            yield
        finally:
            self.credentials.unlink(missing_ok=True)

    def _exported(self) -> list[tuple[str, str]]:
        # A proxy would be told the token.
        named = {name for name in self.environment if name.startswith("AWS_")} | {"NO_PROXY", "no_proxy"}
        return [(name, self.environment[name]) for name in sorted(named)]

    def _start_bedrock(self) -> SupervisedProcess:
        settings = self.temporary / "bedrock.json"
        settings.write_text(json.dumps({"account_id": ACCOUNT, **self.bedrock_settings}))
        return SupervisedProcess(
            [
                *(sys.executable, "-m", "local.bedrock"),
                *("--port", "0", "--region", self.region, "--time-scale", str(self.time_scale)),
                *("--s3-endpoint", self.endpoint, "--settings", settings, "--calls", self.bedrock_calls),
                *(["--enforce-roles"] if self.enforces_permissions else []),
            ],
            environment={**self.environment, TOKEN_VARIABLE: self.token},
            directory=CHECKOUT,
            log=self.logs / "bedrock.log",
        )

    def _bedrock_endpoint(self, bedrock: SupervisedProcess) -> str:
        """Its first line of output is `{"url": …}`, printed once it listens."""
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline and bedrock.is_running:
            if found := re.search(r'^{"url": "(http://127\.0\.0\.1:\d+)"}$', bedrock.log.read_text(), re.MULTILINE):
                return found[1]
            time.sleep(0.05)
        raise bedrock.failure("The simulated Bedrock did not start")

    def _start_emulator(self, listening: socket.socket) -> SupervisedProcess:
        # What Lambda workers inherit: nothing of the user's own, and of the endpoints only Bedrock's, since with
        # AWS_ENDPOINT_URL the emulator's own clients would reach itself.
        environment = {
            name: value
            for name, value in self.environment.items()
            if name in INHERITED or (name.startswith("AWS_") and name != "AWS_ENDPOINT_URL")
        }
        environment |= {
            "MINISTACK_REGION": self.region,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "SFN_WAIT_SCALE": str(self.time_scale),
            # AWS repeats an event to a function that failed after a minute, then after two.
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(60 * self.time_scale),
            "LAMBDA_ACCOUNT_CONCURRENCY": str(self.lambda_concurrency),
            "LOG_LEVEL": "WARNING",
            # Services that would open ports of their own, on all interfaces, or look for containers.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": f"unix://{self.temporary / 'no-docker'}",
            # X-Ray's SDK would send traces to nobody, from a UDP port on all interfaces.
            "POWERTOOLS_TRACE_DISABLED": "true",
        }
        if self.scaled_functions:
            environment["FUNCTION_TIME_SCALE"] = str(self.time_scale)
            environment["INVOCATION_LOG"] = str(self.invocations)
        if self.enforces_permissions:
            environment["PERMISSIONS_RECORD"] = str(self.decisions)
        if self.idle_workers is not None:
            environment["IDLE_WORKERS"] = str(self.idle_workers)
        fd = listening.fileno()
        return SupervisedProcess(
            [sys.executable, "-m", "local.emulator", "--listen-fd", str(fd)],
            environment=environment,
            directory=CHECKOUT,
            log=self.logs / "emulator.log",
            pass_fds=[fd],
        )

    def _wait_for_emulator(self, emulator: SupervisedProcess) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        headers = {TOKEN_HEADER: self.token}
        request = urllib.request.Request(f"{self.endpoint}/_ministack/health", headers=headers)  # noqa: S310 - loopback
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline and emulator.is_running:
            try:
                opener.open(request, timeout=SECONDS_TO_START).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            else:
                return
        raise emulator.failure("The embedded AWS did not start")


def isolated_environment(temporary: Path, region: str) -> dict[str, str]:
    """The process's environment with settings of our own for AWS and CDK, and temporary files under `temporary`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_", "JSII_"))}
    return kept | {
        "PATH": os.pathsep.join(
            [
                str(Path(sys.executable).parent),
                str(CHECKOUT / "node_modules" / ".bin"),
                os.environ.get("PATH", os.defpath),
            ]
        ),
        "TMPDIR": str(temporary),
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": NO_SECRET,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "CDK_HOME": str(temporary / "cdk"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_NODE": str(JSII_NODE),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(KEPT / "jsii"),
        # CloudFormation's own rules need 350 MB, and `make check` has applied them; cdk-nag's rules do run.
        "CDK_VALIDATION": "false",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "PYTHONUNBUFFERED": "1",
    }


def host_runtime() -> tuple[str, str]:
    """The Lambda runtime and architecture of this machine, since a worker runs on its interpreter and processor."""
    architecture = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
    return f"python{sys.version_info.major}.{sys.version_info.minor}", architecture


def _session(region: str, token: str) -> boto3.Session:
    nothing = (None, None, None, None)
    session = botocore.session.Session(
        session_vars={
            "profile": nothing,
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=NO_SECRET,
        aws_session_token=token,
        region_name=region,
        botocore_session=session,
    )
