"""One real PostgreSQL server on loopback that a test may stop, kill, freeze and thaw."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote, urlencode

from tests.rig import lockfile, processes
from tests.rig.access import ServerTLS, hba_rules
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.template import DATABASE, ROLE, SUPERUSER, Template
from tests.rig.wait import wait_until_sync

Shutdown = Literal["smart", "fast", "immediate"]
SIGNALS: dict[Shutdown, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
PORT_ATTEMPTS = 5
PORT_TAKEN = "Address already in use"


class ServerFailed(Exception):
    """The server ended instead of serving; the message holds the end of its log."""


class PostgresServer:
    """A server of its own data directory, with the role `app` and the database `orders`.

    Use it as a context manager: it is started on entry; on exit it is ended, whatever state it is in, and its
    files are removed. `tls` may be changed while it is stopped. All methods block; none needs an event loop.
    """

    def __init__(
        self,
        template: Template,
        *,
        max_connections: int = 100,
        tls: ServerTLS | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.tls = tls
        self.port = free_port()
        self.password = secrets.token_hex(12)
        self.directory = template.root / f"server-{secrets.token_hex(3)}"
        self._template = template
        self._settings = {"max_connections": str(max_connections), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.directory.mkdir(mode=0o700)
        self._template.account.own(self.directory)
        self._template.copy(self.data)
        try:
            self._start_on_any_port()
            self.sql(f"ALTER ROLE {ROLE} PASSWORD :'password'", password=self.password)
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._discard()

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "data"

    @property
    def log(self) -> str:
        """What the server has logged so far."""
        return (self.directory / "log").read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The postmaster's process id; the backends are its children."""
        return self._postmaster.pid

    @property
    def is_running(self) -> bool:
        """Whether the postmaster exists, frozen or not."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the stopped or killed server, on the port it had, and wait until it is ready.

        Raises:
            ServerFailed: it ended before it was ready, for one because its port was taken meanwhile.
        """
        self._start_process()
        self.wait_ready()

    def stop(self, how: Shutdown = "fast", *, wait: bool = True) -> None:
        """Shut the server down; "smart" waits for clients to leave: a test that has some says `wait=False`.

        Raises:
            subprocess.TimeoutExpired: it was still there after 10 s. It goes on shutting down.
        """
        self._postmaster.send_signal(SIGNALS[how])
        if wait:
            self._postmaster.wait(10)

    def restart(self, how: Shutdown = "fast") -> None:
        """Stop and start again: same port, same data, no connection survives."""
        self.stop(how)
        self.start()

    def kill(self) -> None:
        """SIGKILL the postmaster and every backend, as a crash would. `start` recovers the data."""
        processes.kill(self.pid)
        self._postmaster.wait(10)

    def freeze(self) -> None:
        """SIGSTOP every process: the kernel goes on accepting connections and nobody answers them."""
        processes.freeze(self.pid)

    def thaw(self) -> None:
        """Let a frozen server run on."""
        processes.thaw(self.pid)

    def wait_ready(self, timeout: float = 20.0) -> None:
        """Return when the server accepts connections. Opens none itself, so a full server is ready too.

        Raises:
            ServerFailed: it ended instead.
            TimeoutError: it is neither ready nor ended after `timeout` seconds.
        """
        wait_until_sync(
            lambda: not self.is_running or lockfile.says_ready(self.data, self.pid),
            timeout,
            what="PostgreSQL to be ready",
        )
        if not self.is_running:
            raise ServerFailed(f"PostgreSQL on port {self.port} ended:\n{self.log[-2000:]}")

    def sql(self, query: str, *, dbname: str = "postgres", **variables: str) -> str:
        """Run statements as superuser through the socket; return the rows, columns parted by `|`.

        `variables` stand in the query as `:'name'` and are quoted by psql.

        Raises:
            RuntimeError: a statement failed.
        """
        psql = self._template.binaries / "psql"
        where = ("-h", str(self.directory), "-p", str(self.port), "-U", SUPERUSER, "-d", dbname)
        assignments = [f"--set={name}={value}" for name, value in variables.items()]
        options = ("-X", "-A", "-t", "-q", "--set=ON_ERROR_STOP=1", *assignments)
        return self._template.account.run(psql, *where, *options, "-f", "-", stdin=query).strip()

    def backends(self, application_name_prefix: str = "") -> int:
        """Count the client connections whose application_name starts so, those of the rig left out."""
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND pid <> pg_backend_pid() AND starts_with(application_name, :'prefix')"
        )
        return int(self.sql(query, prefix=application_name_prefix))

    def url(
        self,
        *,
        user: str = ROLE,
        password: str | None = None,
        dbname: str = DATABASE,
        host: str = LOOPBACK,
        port: int | None = None,
        **query: str,
    ) -> str:
        """A URL to this server. Without `password` it carries `app`'s own, with an empty one none."""
        secret = self.password if password is None else password
        credentials = quote(user, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        options = f"?{urlencode(query)}" if query else ""
        return f"postgresql://{credentials}@{host}:{port or self.port}/{quote(dbname, safe='')}{options}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Lend the name of a new database owned by `app`; on exit it is dropped, open connections or not."""
        name = f"test_{secrets.token_hex(6)}"
        self.sql(f"CREATE DATABASE {name} OWNER {ROLE}")
        try:
            yield name
        finally:
            self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    @property
    def _postmaster(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("this server was never started; enter it with `with` first")
        return self._process

    def _start_on_any_port(self) -> None:
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                self.start()
            except ServerFailed as failure:
                if PORT_TAKEN not in str(failure) or attempt == PORT_ATTEMPTS:
                    raise
                self.port = free_port()
            else:
                return

    def _start_process(self) -> None:
        if self.is_running:
            raise RuntimeError(f"the server on port {self.port} runs already")
        account = self._template.account
        (self.data / "pg_hba.conf").write_text(hba_rules(self.tls))
        settings = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": str(self.directory),
            **(self.tls.install(self.data, account) if self.tls else {}),
            **self._settings,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        program = self._template.binaries / "postgres"
        log = self.directory / "log"
        self._process = account.start(program, "-D", self.data, "-p", str(self.port), *options, log=log)

    def _discard(self) -> None:
        if self.is_running:
            self.thaw()
            self.stop("immediate")
        lockfile.remove_shared_memory(self.data)
        shutil.rmtree(self.directory)
