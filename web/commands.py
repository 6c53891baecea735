"""The command that opens the page: serve."""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands import archive_option

if TYPE_CHECKING:
    from web.guard import Access


@click.command(epilog="Example: ocr-index serve --port 8022")
@archive_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Another one lets other machines in.")
@click.option(
    "--port", default=8022, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one."
)
@click.option(
    "--token", envvar="OCR_INDEX_TOKEN", help="What visitors must know; with --host made up if not given."
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Name by which this machine is called; with --host.",
)
@click.pass_obj
def serve(home: Path, host: str, port: int, token: str | None, names: tuple[str, ...]) -> None:
    """Show a page to search, look and correct.

    Open the address that it prints; Ctrl-C ends it. Nobody but this machine can reach it, unless --host
    says so: then only who knows the token.
    """
    from indexer.archive import Archive
    from web.app import make_app, make_server

    # Says at once what is wrong; brings tables and index up to date.
    with Archive.open(home) as archive:
        archive.update_index(insist=False)
    access = _access(host, token or "", names)
    with _listening(host, port) as listener:
        address = _address(host, listener.getsockname()[1], access.token)
        click.echo(f"{address}\nCtrl-C ends it.", err=True)
        with suppress(KeyboardInterrupt):  # which is how it ends
            make_server(make_app(home, access)).run([listener])


def _access(host: str, token: str, names: tuple[str, ...]) -> Access:
    from web.guard import LOOPBACK, Access

    if host in LOOPBACK or _is_loopback(host):
        return Access(LOOPBACK | {host}, token=token)
    own = socket.gethostname().lower()
    known = {*LOOPBACK, host.lower(), own, f"{own}.local", *map(str.lower, names)}
    return Access(frozenset(known), addresses=True, token=token or secrets.token_urlsafe(24))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    """A socket that waits for visitors."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise click.UsageError(f"{host} is no address; name one of this machine with --host") from None
    try:
        listener = socket.create_server(address[:2], family=family)
    except OSError as error:
        other = "host" if error.errno == errno.EADDRNOTAVAIL else "port"
        reason = os.strerror(error.errno or 0)
        raise click.UsageError(
            f"cannot listen on {host}, port {port} ({reason}); name another --{other}"
        ) from None
    listener.set_inheritable(True)
    return listener


def _address(host: str, port: int, token: str) -> str:
    anywhere = host in ("0.0.0.0", "::", "")
    name = socket.gethostname() if anywhere else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")
