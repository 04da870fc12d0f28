"""`connmgr serve`: answer for the health of the profiles over HTTP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

import click

from connmgr.cli.edge import OK, CallError
from connmgr.cli.health_rounds import opened
from connmgr.cli.log_sink import start_logs
from connmgr.cli.names import profiles_directory
from connmgr.cli.options import shared_options

if TYPE_CHECKING:
    from connmgr.registry import Registry


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8090, show_default=True, type=click.IntRange(1, 65535), help="Port.")
@click.option("--admin", metavar="PATH", help="Answer `connmgr reload` and its like at this socket too.")
@shared_options
@click.pass_context
def command(context: click.Context, *, host: str, port: int, admin: str | None) -> int:
    """Answer probes and metrics over HTTP.

    Serves /livez, /readyz, /startupz, /health, /health/NAME and /metrics until Ctrl-C or SIGTERM.

    The profiles are reloaded when their files change, and on SIGHUP.

    It is a process of its own: it sees the databases, and not the pools of your program, for which
    connmgr.web.health_app serves inside of it. What is shown to whom stands in _registry.yaml.
    """
    try:
        import uvicorn  # noqa: F401 - asked for before anything is loaded

        import connmgr.web  # noqa: F401
    except ImportError as error:
        raise CallError("connmgr serve needs Starlette and uvicorn: pip install 'connmgr[web]'") from error
    from connmgr.registry import Registry

    registry = Registry.load(profiles_directory(context))
    start_logs(context)
    if not asyncio.run(_serve(registry, host, port, admin)):
        raise CallError(f"cannot listen on {host}:{port}; choose another --port or --host")
    return OK


async def _serve(registry: Registry, host: str, port: int, admin: str | None) -> bool:
    """Serve until told to stop; say whether it got so far as to listen."""
    import uvicorn

    from connmgr.admin import serve
    from connmgr.web import health_app

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Generator[None]:
            """Leave the signals alone: uvicorn would end the process before the registry is closed."""
            yield

    config = uvicorn.Config(
        health_app(registry), host=host, port=port, log_level="warning", lifespan="off", server_header=False
    )
    server = Server(config)

    def stop() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # on Windows Ctrl-C ends it, as a KeyboardInterrupt
            loop.add_signal_handler(number, stop)
    async with opened(registry), nullcontext() if admin is None else serve(registry, admin):
        registry.watch()
        if hasattr(signal, "SIGHUP"):
            registry.handle_signals()
        try:
            await server.serve()
        except SystemExit:  # uvicorn's way to say that the port is taken
            return False
    return server.started
