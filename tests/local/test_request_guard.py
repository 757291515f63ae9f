"""Nobody but the embedded AWS's own processes makes it do anything: no other user of the machine, and no web page."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

import boto3
import psutil
import pytest

from local.request_guard import TOKEN_HEADER, RequestGuard
from tests.local.conftest import ROLE, Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

NOBODY = 65534
FUNCTION = json.dumps({"FunctionName": "evil", "Runtime": "python3.11", "Role": ROLE, "Handler": "index.handler",
                       "Code": {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}})  # fmt: skip
RULE = json.dumps([{"operation": "*", "kind": "access_denied"}])
# What an attacker would do: method, path and body, for either server.
EMULATOR = [
    ("POST", "/2015-03-31/functions", FUNCTION),
    ("GET", "/", ""),
    ("PUT", "/evil-bucket", ""),
    ("POST", "/_ministack/reset", ""),
    ("GET", "/_ministack/health", ""),
    ("OPTIONS", "/2015-03-31/functions", ""),
]
BEDROCK = [
    ("POST", "/_simulation/faults", RULE),
    ("POST", "/_simulation/faults/evil", RULE),
    ("GET", "/_simulation/state", ""),
    ("GET", "/custom-models", ""),
    ("OPTIONS", "/_simulation/faults", ""),
]
# A program for another user: sends what it reads from its input, and prints the statuses.
SENDS = """
statuses = []
for port, method, path, body, headers in json.load(sys.stdin):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    statuses.append([response.status, response.getheader("Access-Control-Allow-Origin")])
print(json.dumps(statuses))
"""
READS = """
for path in sys.argv[1:]:
    try:
        pathlib.Path(path).read_bytes()
    except OSError:
        continue
    print(path)
"""
# Powertools' tracer is in every handler.
TRACES = """
from aws_lambda_powertools import Tracer
tracer = Tracer(service="test")
@tracer.capture_lambda_handler
def handler(event, context):
    return 1
"""


def as_another_user(program: str, *arguments: str, told: str = "") -> str:
    """What a Python program prints that a user without rights runs; where tests cannot change the user, their own.

    It becomes the user by itself, who may not be allowed to start this interpreter.
    """
    needed = "import encodings.idna, http.client, json, os, pathlib, sys"
    become = f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})" if os.geteuid() == 0 else ""
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, "-I", "-c", f"{needed}\n{become}\n{program}", *arguments],
        input=told, capture_output=True, text=True, check=False, env={}, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def ports(sandbox: Sandbox) -> tuple[int, int]:
    """The emulator's and the simulated Bedrock's."""
    emulator, bedrock = (int(url.rpartition(":")[2]) for url in (sandbox.aws.endpoint, sandbox.aws.bedrock_endpoint))
    return emulator, bedrock


def status_of(port: int, path: str, headers: Mapping[str, str]) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=dict(headers))
    return connection.getresponse().status


def nothing_has_happened(sandbox: Sandbox) -> bool:
    """Neither a function nor a bucket nor a rule of an attacker."""
    functions = [one["FunctionName"] for one in sandbox.aws.client("lambda").list_functions()["Functions"]]
    buckets = [one["Name"] for one in sandbox.aws.client("s3").list_buckets()["Buckets"]]
    headers = {TOKEN_HEADER: sandbox.aws.token}
    request = urllib.request.Request(f"{sandbox.aws.bedrock_endpoint}/_simulation/faults", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        rules = json.load(answer)
    return "evil" not in functions and "evil-bucket" not in buckets and rules == []


@pytest.mark.parametrize("headers", [{}, {TOKEN_HEADER: "guessed"}, {TOKEN_HEADER: "größer"}, {TOKEN_HEADER: ""}])
def test_another_user_of_the_machine_is_refused(sandbox: Sandbox, headers: dict[str, str]) -> None:
    """A function would run with the rights of whoever started the demo."""
    emulator, bedrock = ports(sandbox)
    requests = [(emulator, *one, headers) for one in EMULATOR] + [(bedrock, *one, headers) for one in BEDROCK]
    statuses = json.loads(as_another_user(SENDS, told=json.dumps(requests)))
    assert statuses == [[403, None]] * len(requests)
    assert nothing_has_happened(sandbox)


def test_credentials_without_the_token_are_refused(sandbox: Sandbox) -> None:
    """The account and its secret key are printed in this repository."""
    client = boto3.client(
        "sts", endpoint_url=sandbox.aws.endpoint, region_name="us-west-2",
        aws_access_key_id="111122223333", aws_secret_access_key="embedded",
    )  # fmt: skip
    with pytest.raises(client.exceptions.ClientError, match="serves its own processes only"):
        client.get_caller_identity()


@pytest.mark.parametrize(
    ("changes", "admitted"),
    [
        ({}, True),
        ({"Host": "localhost:{port}"}, True),
        ({"Host": "evil.example:{port}"}, False),
        ({"Host": "127.0.0.1.evil.example:{port}"}, False),
        ({"Host": "bucket.localhost:{port}"}, False),
        ({"Host": "127.0.0.1"}, False),
        ({"Host": "127.0.0.1:1"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://127.0.0.1:{port}"}, False),
    ],
)
def test_a_request_from_a_page_is_refused_even_with_the_token(
    sandbox: Sandbox, changes: dict[str, str], admitted: bool
) -> None:
    """A page whose name leads to 127.0.0.1 is of the same origin, to the browser."""
    for port, path in zip(ports(sandbox), ("/_ministack/health", "/_simulation/state"), strict=True):
        headers = {TOKEN_HEADER: sandbox.aws.token} | {name: value.format(port=port) for name, value in changes.items()}
        assert status_of(port, path, headers) == (200 if admitted else 403)


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("path", ["/", "/_ministack/health", "/_simulation/executions/any"])
def test_a_websocket_is_refused_with_and_without_the_token(sandbox: Sandbox, path: str, with_token: bool) -> None:
    """A browser opens one to any port without asking first, and ministack serves some."""
    token = {TOKEN_HEADER: sandbox.aws.token} if with_token else {}
    port, _ = ports(sandbox)
    assert status_of(port, path, UPGRADE | {"Host": f"127.0.0.1:{port}"} | token) == 403


def test_a_presigned_address_carries_the_token(sandbox: Sandbox) -> None:
    """Custom resources answer to one, and it is how a person opens an object in a tool without credentials."""
    s3 = sandbox.aws.client("s3")
    s3.create_bucket(Bucket="presigned", CreateBucketConfiguration={"LocationConstraint": sandbox.aws.region})
    s3.put_object(Bucket="presigned", Key="a", Body=b"stored")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": "presigned", "Key": "a"})
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - loopback
        assert answer.read() == b"stored"
        assert answer.headers["Access-Control-Allow-Origin"] is None
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.replace(sandbox.aws.token, "0" * 64))  # noqa: S310 - loopback


def test_credentials_of_a_role_are_admitted(sandbox: Sandbox) -> None:
    """The CDK CLI goes on with them."""
    given = sandbox.aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
    assert status_of(ports(sandbox)[0], "/_ministack/health", {TOKEN_HEADER: given["SessionToken"]}) == 200


def test_a_process_of_another_user_cannot_read_the_token(sandbox: Sandbox) -> None:
    """Not in a command line, which `ps` shows to all, nor in a file or a log; an environment is its user's only."""
    sandbox.run({"States": {"Try": {"Type": "Task", "Resource": sandbox.function(TRACES), "End": True}}})
    processes = psutil.Process().children(recursive=True)
    assert processes
    assert not any(sandbox.aws.token in " ".join(process.cmdline()) for process in processes)
    files = [path for path in sandbox.aws.directory.rglob("*") if path.is_file()]
    having = {path for path in files if sandbox.aws.token.encode() in path.read_bytes()}
    assert having == {sandbox.aws.credentials}
    assert sandbox.aws.credentials.stat().st_mode & 0o077 == 0
    if os.geteuid() == 0:
        secret = [f"/proc/{process.pid}/environ" for process in processes] + [str(sandbox.aws.credentials)]
        assert as_another_user(READS, *secret) == ""


def test_the_file_of_credentials_admits_a_shell(sandbox: Sandbox) -> None:
    """What the demo prints for an approval from another terminal, whatever AWS settings that terminal has."""
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    done = subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", f'. "{sandbox.aws.credentials}" && "{sys.executable}" -c "{program}"'],
        capture_output=True, text=True, check=False,
        env={"PATH": os.defpath, "AWS_PROFILE": "production", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_REGION": "eu-west-1"},
    )  # fmt: skip
    assert done.stdout.strip() == "111122223333", done.stderr


def test_every_socket_is_loopback_after_a_function_ran(sandbox: Sandbox) -> None:
    """Those that listen, and those of UDP, which take from anybody once they have a port."""
    sandbox.run({"States": {"Try": {"Type": "Task", "Resource": sandbox.function(TRACES), "End": True}}})
    sockets = [
        (process.name(), socket.laddr.ip)
        for process in psutil.Process().children(recursive=True)
        for socket in process.net_connections(kind="inet")
    ]
    assert len(sockets) >= 2, "the emulator and the simulated Bedrock"
    assert {address for _, address in sockets} == {"127.0.0.1"}, sockets


def test_the_simulated_bedrock_makes_and_prints_a_token_of_its_own(tmp_path: Path) -> None:
    """One that is random at each start, where nobody gave it one."""
    command = [sys.executable, "-m", "local.bedrock", "--s3-endpoint", "http://127.0.0.1:9"]
    tokens = set()
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
            assert process.stdout is not None
            announced = json.loads(process.stdout.readline())
            port = int(announced["url"].rpartition(":")[2])
            assert status_of(port, "/_simulation/state", {TOKEN_HEADER: announced["token"]}) == 200
            assert status_of(port, "/_simulation/state", {}) == 403
            process.terminate()
        tokens.add(announced["token"])
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)


def test_the_token_is_taken_from_the_query_too() -> None:
    """By its exact name, and one that is right is enough."""
    guard = RequestGuard(80, "right")
    host = [("Host", "localhost:80")]
    assert guard.admits(host, "X-Amz-Security-Token=right&list-type=2")
    assert not guard.admits(host, "Token=right")
    assert not guard.admits([*host, *host], "X-Amz-Security-Token=right")
