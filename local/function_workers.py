"""Lambda workers that start soon and stay few: a machine of two cores stands in for all of AWS's.

ministack unpacks code and layers for each worker anew, so that each compiles every module again; and it starts as many
workers as there are concurrent calls.
"""

import hashlib
import io
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local import patches

# So many workers of a function serve its calls; a further call waits for one of them for a while before one is added.
WORKERS_OF_A_FUNCTION = 2
SECONDS_TO_WAIT = 2.0
POLL_SECONDS = 0.02

_unpacking = threading.Lock()


def apply() -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    unpack_once()
    wait_for_workers()


def unpack_once() -> None:
    """Code and layers are unpacked once, as on AWS for all to read, and so compiled once."""
    lambda_runtime.unpacked = unpacked
    layer = "            if layer_data:\n"
    code = 'with zipfile.ZipFile(os.path.join(self._tmpdir, "code.zip")) as zf:\n        zf.extractall(code_dir)\n'
    ours = "                layers_dirs.append(unpacked(layer_data))\n                continue\n"
    lambda_runtime.Worker._spawn = patches._rewritten(
        lambda_runtime.Worker._spawn,
        ((layer, f"{layer}{ours}{layer}"), (code, "code_dir = unpacked(self.code_zip)\n")),
    )


def unpacked(archive: bytes) -> str:
    """The folder with the archive's files, among the temporary files of this process."""
    folder = Path(tempfile.gettempdir()) / f"ministack-lambda-{hashlib.sha256(archive).hexdigest()[:16]}"
    with _unpacking:
        if not folder.exists():
            partial = Path(tempfile.mkdtemp(prefix="ministack-lambda-"))
            with zipfile.ZipFile(io.BytesIO(archive)) as files:
                files.extractall(partial)
            partial.rename(folder)
    return str(folder)


def wait_for_workers() -> None:
    """A call waits for a worker of its function rather than that every burst starts many."""
    patches._expect(lambda_svc, "acquire_worker")
    acquire = lambda_svc.acquire_worker

    def acquire_soon(func_name: str, config: dict[str, Any], code_zip: bytes, **options: Any) -> Any:
        key = lambda_runtime._worker_key(func_name, config, options.get("qualifier", "$LATEST"))
        deadline = time.monotonic() + SECONDS_TO_WAIT
        while time.monotonic() < deadline:
            with lambda_runtime._lock:
                workers = lambda_runtime._workers.get(key, [])
                if len(workers) < WORKERS_OF_A_FUNCTION or not all(worker.in_use for worker in workers):
                    break
            time.sleep(POLL_SECONDS)
        return acquire(func_name, config, code_zip, **options)

    lambda_svc.acquire_worker = acquire_soon
