"""`python -m local.bedrock --port 0 --s3-endpoint http://127.0.0.1:4566 --calls calls.jsonl --time-scale 0.005`.

Prints `{"url": "http://127.0.0.1:<port>", "token": "…"}` on one line once it listens, and serves until it gets SIGTERM
or SIGINT. Every request must carry the token, as the session token of its credentials. Whoever starts it can choose the
token, in SIMULATED_BEDROCK_TOKEN; it is then not printed, so that no log has it.
"""

import argparse
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.bedrock.faults import FAULT_LIST
from local.bedrock.server import HOST, POLL_SECONDS, bind, s3_client
from local.bedrock.settings import SimulationSettings
from local.permissions.assumed_roles import AssumedRoles
from local.request_guard import TOKEN_VARIABLE, new_token


def main() -> None:
    """Read the arguments, bind, announce, serve."""
    parser = argparse.ArgumentParser(prog="python -m local.bedrock", description="A simulated Amazon Bedrock.")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free port")
    parser.add_argument("--s3-endpoint", required=True, help="where training data is read and metrics are written")
    parser.add_argument("--calls", type=Path, help="file that gets a JSON line per call")
    parser.add_argument("--time-scale", type=float, help="factor on every duration, such as 0.005")
    parser.add_argument("--region", help="default us-west-2")
    parser.add_argument("--settings", type=Path, help="JSON file with further settings")
    parser.add_argument(
        "--enforce-roles", action="store_true", help="decide what jobs' roles may do, by the IAM beside the S3"
    )
    parser.add_argument("--faults", type=Path, help="JSON file with a list of fault rules")
    arguments = parser.parse_args()

    values = json.loads(arguments.settings.read_bytes()) if arguments.settings else {}
    if arguments.time_scale is not None:
        values["time_scale"] = arguments.time_scale
    if arguments.region:
        values["region"] = arguments.region
    settings = SimulationSettings.model_validate(values)
    faults = FAULT_LIST.validate_json(arguments.faults.read_bytes()) if arguments.faults else []

    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="training")
    s3 = s3_client(arguments.s3_endpoint, settings.region)
    chosen = os.environ.pop(TOKEN_VARIABLE, None)
    token = chosen or new_token()
    roles = AssumedRoles(arguments.s3_endpoint, settings.region) if arguments.enforce_roles else None
    server = bind(
        settings,
        s3,
        token=token,
        executor=executor,
        port=arguments.port,
        calls=arguments.calls,
        faults=faults,
        roles=roles,
    )

    def stop(*_: object) -> None:
        # From a thread: shutdown() waits for serve_forever(), which runs in this one.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    announced = {"url": f"http://{HOST}:{server.port}"} | ({} if chosen else {"token": token})
    print(json.dumps(announced), flush=True)
    server.serve_forever(poll_interval=POLL_SECONDS)
    server.server_close()
    executor.shutdown(wait=False, cancel_futures=True)


if __name__ == "__main__":
    main()
