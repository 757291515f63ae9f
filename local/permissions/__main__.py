"""`python -m local.permissions`: exit status 0 if no grant is missing or unused without a reason, 1 if not."""

import argparse
import sys

from local.permissions.command import run_permissions
from local.process import ProcessFailedError
from local.session import FolderInUseError
from local.terminal import Console, failed


def main() -> None:
    """Read the command line and make the runs."""
    parser = argparse.ArgumentParser(prog="make permissions", description=__doc__)
    parser.add_argument("--parallel", type=int, default=6, help="runs at a time")
    try:
        succeeded = run_permissions(parallel=parser.parse_args().parallel, console=Console())
    except (ProcessFailedError, FolderInUseError) as error:
        sys.exit(failed(error, 1).exit_code)
    except KeyboardInterrupt:
        sys.exit(failed("Stopped: the embedded AWS has ended, with every run on it.", 130).exit_code)
    sys.exit(0 if succeeded else 1)


if __name__ == "__main__":
    main()
