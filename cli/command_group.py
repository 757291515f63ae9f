"""What holds for every command: what it writes is its owner's alone, and a failing system ends it in one sentence."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

_ADVICE = {
    errno.ENOSPC: "Free some space, then repeat the command.",
    errno.EDQUOT: "Free some of your quota, then repeat the command.",
    errno.EROFS: "Choose a place that can be written.",
    errno.EACCES: "Change the permissions, or choose another place.",
}
# Only the owner reads and writes what is made; children inherit it.
_UMASK = 0o077


class CommandGroup(TyperGroup):
    """The group of the commands."""

    def invoke(self, ctx: Any) -> Any:  # its type is private to typer
        """Run the command; errors of the disk, of names and of AWS become a sentence and an exit status."""
        from botocore.exceptions import BotoCoreError, ClientError

        from lambdas.adapters.aws.service_errors import Refused
        from lambdas.domain.core.errors import ServiceBusy
        from local.output_folder import PathRefusedError
        from local.terminal import failed

        before = os.umask(_UMASK)
        try:
            return super().invoke(ctx)
        except PathRefusedError as error:
            sentence, status = str(error), 2
        except KeyboardInterrupt:
            # What a command writes has its place only once it is whole (`local.output_folder.replaced`).
            sentence, status = "Stopped. What was being written is gone; what was there before stays.", 130
        except BrokenPipeError:
            # A reader such as `head` has seen enough.
            _drop_unwritable_output()
            raise typer.Exit(1) from None
        except OSError as error:
            sentence, status = _of_the_system(error), 1
        except (BotoCoreError, ClientError, Refused, ServiceBusy) as error:
            sentence, status = f"AWS, or the embedded AWS, has failed: {error}", 1
        finally:
            os.umask(before)
        _drop_unwritable_output()
        raise failed(sentence, status)


def _of_the_system(error: OSError) -> str:
    from local.output_folder import shown

    where = f" ({shown(error.filename)})" if isinstance(error.filename, str) else ""
    advice = _ADVICE.get(error.errno or 0, "")
    return f"The command has stopped: {error.strerror or error}{where}. {advice}".rstrip()


def _drop_unwritable_output() -> None:
    """Output that a full disk does not take would fail once more when Python ends."""
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
