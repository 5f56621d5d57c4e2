"""A PostgreSQL server of the tests' own, from the system's packages, on a free port of this machine."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

PLACE = "DIGEST_POSTGRES_BIN"
"""The environment variable that names the folder of initdb and postgres, which must then be there."""

_PREFIX = "digest-postgres-"
_NUMBERS = itertools.count(1)
PASSWORD = "correct horse/battery@staple"


def programs() -> Path | None:
    """The folder with the newest server's programs, if there is one."""
    named = os.environ.get(PLACE)
    if named:
        assert (Path(named) / "initdb").exists(), f"{PLACE} names no folder with PostgreSQL's programs"
        return Path(named)
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found and (path := shutil.which("initdb")):
        found = [Path(path).resolve().parent]
    return max(found, key=lambda path: int("0" + "".join(filter(str.isdigit, str(path)))), default=None)


class Cluster:
    """A running server whose user `digest` needs a password over TCP, and none through the socket."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self.folder = folder
        self.data = folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._as = _unprivileged()
        if self._as:
            shutil.chown(folder, self._as)
        self._run("initdb", "-U", "digest", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        rules = "local all all trust\nhost all digest 127.0.0.1/32 scram-sha-256\n"
        rules += "host replication digest 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 trust\n"
        self._write("pg_hba.conf", rules)
        self._write(
            "postgresql.auto.conf",
            f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{folder}'\n"
            "fsync = off\nshared_buffers = 16MB\nmax_connections = 60\nautovacuum = off\n",
        )
        self.start()
        self.sql(f"ALTER USER digest PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        self._run("pg_ctl", "-w", "-t", "60", "-l", str(self.folder / "log"), "start")

    def stop(self, mode: str = "fast") -> None:
        """End it: `fast` as a restart does, `immediate` as a crash would."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def url(self, schema: str = "public", database: str = "postgres") -> SecretStr:
        """Through the socket."""
        options = f"&options=-csearch_path%3D{schema}"
        return SecretStr(f"postgresql://digest@/{database}?host={self.folder}&port={self.port}{options}")

    def fresh(self) -> SecretStr:
        """The address of a new, empty schema."""
        schema = f"test_{next(_NUMBERS)}"
        self.sql(f"CREATE SCHEMA {schema}")
        return self.url(schema)

    def tcp(
        self, password: str, user: str = "digest", database: str = "postgres", query: str = ""
    ) -> SecretStr:
        from urllib.parse import quote

        secret = f":{quote(password, safe='')}" if password else ""
        return SecretStr(f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}{query}")

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        import psycopg

        with psycopg.connect(self.url().get_secret_value(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def replica(self, folder: Path) -> Replica:
        """A server that follows this one."""
        return Replica(self, folder)

    def _write(self, name: str, content: str) -> None:
        (self.data / name).write_text(content)

    def _run(self, program: str, *words: str) -> None:
        become = ["setpriv", "--reuid", self._as, "--regid", self._as, "--init-groups"] if self._as else []
        command = [*become, str(self._programs / program), "-D", str(self.data), *words]
        ran = subprocess.run(
            command,
            check=False,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            timeout=120,
        )
        assert ran.returncode == 0, f"{program}: {(ran.stderr or b'').decode()}"


class Replica(Cluster):
    """A read-only copy of a running cluster."""

    def __init__(self, primary: Cluster, folder: Path) -> None:
        self._programs = primary._programs
        self._as = primary._as
        self.folder, self.data = folder, folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        if self._as:
            shutil.chown(folder, self._as)
        source = ["-h", "127.0.0.1", "-p", str(primary.port), "-U", "digest"]
        self._run("pg_basebackup", *source, "-R", "-c", "fast", "--no-sync")
        settings = (self.data / "postgresql.auto.conf").read_text()
        own = settings.replace(str(primary.port) + "\n", f"{self.port}\n", 1).replace(
            f"'{primary.folder}'", f"'{folder}'"
        )
        self._write("postgresql.auto.conf", own)
        self.start()


def _unprivileged() -> str | None:
    """Whom to run the server as: initdb refuses root."""
    if os.getuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return "nobody"
    return "postgres"


def _clear_up() -> None:
    """End and remove the servers of test processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            owner = int((folder / "owner").read_text())
            with contextlib.suppress(ProcessLookupError):
                os.kill(owner, 0)
                continue
            server = folder / "data" / "postmaster.pid"
            if server.exists():
                os.kill(int(server.read_text().split()[0]), signal.SIGQUIT)
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(programs: Path) -> Iterator[Cluster]:
    """A cluster in a temporary folder, stopped and removed at the end."""
    _clear_up()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    (folder / "owner").write_text(str(os.getpid()))
    try:
        cluster = Cluster(programs, folder)
        try:
            yield cluster
        finally:
            with contextlib.suppress(AssertionError):  # a test may have stopped it
                cluster.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
