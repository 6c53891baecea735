"""What all commands share: how they end, and the options that many have.

Starting has to feel instant, so only click is imported here; each command imports the room it calls.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

INTERRUPTED = 130


class Program(click.Command):
    """A command whose every foreseeable end is an exit code and at most one line on stderr."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; what carries an `exit_code` is said and left with, anything else is a fault of ours."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except (click.ClickException, click.exceptions.Exit):
            raise
        except BrokenPipeError:
            # Whoever read our output has had enough; nor must the last flush at exit complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit()
        except (KeyboardInterrupt, click.Abort):
            leave(ctx, "interrupted; what is done is kept", INTERRUPTED)
        except OSError as error:
            leave(ctx, f"{error.filename or 'system'}: {error.strerror or error}", click.UsageError.exit_code)
        except Exception as error:
            if not hasattr(error, "exit_code"):
                raise
            leave(ctx, str(error), error.exit_code)


class Programs(Program, click.Group):
    """The same for a group; commands in `elsewhere` ("module:name") are imported when they are run."""

    def __init__(self, *args: Any, elsewhere: Mapping[str, str] | None = None, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._elsewhere = elsewhere or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, sorted."""
        return sorted({*super().list_commands(ctx), *self._elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None if there is none."""
        if cmd_name not in self._elsewhere:
            return super().get_command(ctx, cmd_name)
        module, name = self._elsewhere[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


def leave(ctx: click.Context, message: str, exit_code: int) -> NoReturn:
    """Say why on stderr and end with `exit_code`."""
    click.echo(f"{ctx.find_root().info_name}: {message}", err=True)
    ctx.exit(exit_code)


def _choose_home(ctx: click.Context, _: click.Parameter, given: Path | None) -> None:
    """Leave the archive's folder in `ctx.obj`; the one named nearest to the command wins."""
    if given is not None:
        ctx.obj = given
    elif ctx.obj is None:
        from platformdirs import user_data_path

        ctx.obj = Path(os.environ.get("OCR_INDEX_HOME") or user_data_path("ocr-index"))


def _absolute(_: click.Context, __: click.Parameter, paths: Sequence[str]) -> list[str]:
    """As the archive knows them; links are kept, so that people find photos where they put them."""
    if not all(paths):
        raise click.BadParameter("an empty name would mean all that lies here; write . if you want that")
    return [os.path.abspath(path) for path in paths]


archive_option = click.option(
    "--archive",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    callback=_choose_home,
    expose_value=False,
    help="Folder of the archive; else OCR_INDEX_HOME, else your user data folder.",
)
# Whether they exist or not, and are closed or not: that can still be asked about, and is said path by path.
paths_argument = partial(
    click.argument, "paths", nargs=-1, type=click.Path(readable=False), callback=_absolute
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
data_folder = click.Path(exists=True, file_okay=False, path_type=Path)
picture_path = click.Path(dir_okay=False, path_type=Path)
print_text = partial(click.echo, nl=False)
