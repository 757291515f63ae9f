"""Memory of a check: a process of its own that says what it took, `python -m local.bench.memory <file> <rules>`.

It imports the gate only after it has measured the bare interpreter.
"""

import importlib
import json
import re
import resource
import sys
import time
from pathlib import Path


def peak_megabytes() -> float:
    """The process's own peak; on Linux `ru_maxrss` would start at that of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20), 1)  # macOS: in bytes
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
    return round(int(kilobytes) / 1024, 1)


def main() -> None:
    """Prints `{"interpreter_mb", "after_imports_mb", "peak_mb", "seconds"}`."""
    interpreter = peak_megabytes()
    check_file = importlib.import_module("local.bench.data_gate").check_file
    imported, started = peak_megabytes(), time.perf_counter()
    check_file(Path(sys.argv[1]), sys.argv[2])
    figures = {"interpreter_mb": interpreter, "after_imports_mb": imported, "peak_mb": peak_megabytes()}
    print(json.dumps({**figures, "seconds": round(time.perf_counter() - started, 2)}))


if __name__ == "__main__":
    main()
