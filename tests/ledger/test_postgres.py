"""A ledger in PostgreSQL: what cannot be used is a sentence, and a server that goes away is waited for."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from digest.ledger import open_database, open_history, open_ledger
from digest.ledger.sql.codec import storable
from digest.system.errors import DigestError, LedgerError, UsageError
from tests.conftest import Run
from tests.ledger.cluster import PASSWORD, Cluster
from tests.ledger.test_interface import keep, question

pytestmark = pytest.mark.slow


def refused(where: SecretStr, kind: type[DigestError]) -> str:
    """What opening it says, which holds no password."""
    with pytest.raises(kind) as raised:
        open_ledger(where).close()
    assert raised.value.exit_code == (4 if kind is LedgerError else 2)
    said = str(raised.value)
    assert len(said.splitlines()) == 1
    for secret in (PASSWORD, "horse", "not-this-one"):
        assert secret not in said
    return said


def test_the_right_password_opens_it(cluster: Cluster) -> None:
    cluster.sql("CREATE SCHEMA tcp")
    with open_ledger(cluster.tcp(PASSWORD, query="?options=-csearch_path%3Dtcp")) as ledger:
        assert ledger.name == f"postgresql://digest@127.0.0.1:{cluster.port}/postgres"
        assert ledger.begin("run") == 1


def test_nobody_listens(postgres: SecretStr) -> None:
    said = refused(SecretStr("postgresql://digest:not-this-one@127.0.0.1:1/db"), LedgerError)
    assert "cannot be reached" in said
    assert "refused" in said


def test_a_host_that_is_none(postgres: SecretStr) -> None:
    said = refused(SecretStr("postgresql://digest:not-this-one@no-such-host.invalid/db"), LedgerError)
    assert "no-such-host.invalid" in said


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://digest:not-this-one/x@host/db",
        "postgresql://digest:not-this-one@host:port/db",
        "postgresql://host/db?unknown=not-this-one",
        "mysql://digest:not-this-one@host/db",
    ],
)
def test_an_address_that_is_none(postgres: SecretStr, address: str) -> None:
    assert "looks like postgresql://" in refused(SecretStr(address), UsageError)


def test_a_wrong_password_a_strange_user_a_missing_database(cluster: Cluster) -> None:
    assert "refuses the user or the password" in refused(cluster.tcp("not-this-one"), UsageError)
    assert "no password supplied" in refused(cluster.tcp(""), UsageError)
    assert "stranger" in refused(cluster.tcp(PASSWORD, user="stranger"), UsageError)
    assert "createdb nowhere" in refused(cluster.tcp(PASSWORD, database="nowhere"), UsageError)


def test_a_user_who_may_not(cluster: Cluster) -> None:
    cluster.sql("CREATE USER guest")
    cluster.sql("CREATE SCHEMA closed")
    cluster.sql("CREATE DATABASE private")
    cluster.sql("REVOKE CONNECT ON DATABASE private FROM public")
    assert "GRANT" in refused(cluster.tcp("", user="guest", database="private"), UsageError)
    query = "?options=-csearch_path%3Dclosed"
    assert "schema" in refused(cluster.tcp("", user="guest", query=query), UsageError)
    cluster.sql("GRANT USAGE ON SCHEMA closed TO guest")
    assert "GRANT" in refused(cluster.tcp("", user="guest", query=query), UsageError)
    open_ledger(cluster.url("closed")).close()
    assert "GRANT" in refused(cluster.tcp("", user="guest", query=query), UsageError)


def test_a_schema_that_is_not_there_or_is_another_programs(cluster: Cluster) -> None:
    assert "CREATE SCHEMA" in refused(cluster.url("not_there"), UsageError)
    cluster.sql("CREATE SCHEMA theirs")
    cluster.sql("CREATE TABLE theirs.runs (x int)")
    assert 'table "runs" of another program' in refused(cluster.url("theirs"), UsageError)


def test_a_database_that_is_not_in_utf8(cluster: Cluster) -> None:
    cluster.sql("CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    assert "SQL_ASCII" in refused(cluster.url(database="ascii"), UsageError)


def test_a_newer_ledger_is_refused_and_left_alone(cluster: Cluster, postgres: SecretStr) -> None:
    with open_database(postgres) as database:
        database.write("INSERT INTO digest_ledger (version) VALUES (99)")
    assert "schema 99" in refused(postgres, LedgerError)
    with pytest.raises(LedgerError, match="schema 99"):
        open_history(postgres)


def test_a_replica_takes_no_writes_and_can_be_read(
    cluster: Cluster, postgres: SecretStr, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import shutil
    import tempfile

    with open_ledger(postgres) as ledger:
        run = ledger.begin("run")
        keep(ledger, question(), run)
    folder = Path(tempfile.mkdtemp(prefix="digest-postgres-"))
    replica = cluster.replica(folder)
    try:
        options = re.search(r"options=(\S+)", postgres.get_secret_value())
        assert options is not None
        copy = replica.tcp(PASSWORD, query=f"?options={options[1]}")
        assert "replica" in refused(copy, UsageError)
        with open_history(copy) as history:
            assert [run.state for run in history.runs()] == ["stopped"]  # locks are known to the primary only
    finally:
        replica.stop("immediate")
        shutil.rmtree(folder)


def test_a_server_that_became_read_only_while_we_ran(cluster: Cluster) -> None:
    cluster.sql("CREATE USER mover SUPERUSER")
    cluster.sql("CREATE SCHEMA moved")
    where = cluster.tcp("", user="mover", query="?options=-csearch_path%3Dmoved")
    with open_ledger(where) as ledger:
        run = ledger.begin("run")
        cluster.sql("ALTER USER mover SET default_transaction_read_only = on")
        cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mover'")
        with pytest.raises(UsageError, match="takes no writes"):
            keep(ledger, question(), run)
    assert "takes no writes" in refused(where, UsageError)
    with open_history(where) as history:
        assert [one.state for one in history.runs()] == ["stopped"]


@contextmanager
def impostor(version: str) -> Iterator[int]:
    """The port of a server that says it is that version of PostgreSQL, and no more."""

    def message(kind: bytes, content: bytes) -> bytes:
        return kind + (len(content) + 4).to_bytes(4) + content

    def status(name: str, value: str) -> bytes:
        return message(b"S", f"{name}\0{value}\0".encode())

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                while peer.recv(int.from_bytes(peer.recv(4)) - 4)[:4] == (80877103).to_bytes(4):
                    peer.sendall(b"N")  # no TLS
                greeting = [status("server_version", version), status("server_encoding", "UTF8")]
                greeting += [status("client_encoding", "UTF8"), message(b"Z", b"I")]
                peer.sendall(message(b"R", bytes(4)) + b"".join(greeting))
                while peer.recv(4096):
                    peer.sendall(message(b"C", b"SELECT 0\0") + message(b"Z", b"I"))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join(20)


def test_an_old_server(postgres: SecretStr) -> None:
    with impostor("9.6.24") as port:
        query = "?sslmode=disable&gssencmode=disable"
        said = refused(SecretStr(f"postgresql://digest@127.0.0.1:{port}/db{query}"), UsageError)
    assert "PostgreSQL 9.6.24; the ledger needs 13" in said


def test_commands_say_it_and_never_the_password(
    cluster: Cluster, folder: Path, digest: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("DIGEST_MODEL", "m")
    for address, code, words in (
        (cluster.tcp("not-this-one"), 2, "refuses the user"),
        (SecretStr("postgresql://digest:not-this-one@127.0.0.1:1/db"), 4, "cannot be reached"),
        (SecretStr("mysql://digest:not-this-one@host/db"), 2, "looks like postgresql://"),
    ):
        monkeypatch.setenv("DIGEST_LEDGER_URL", address.get_secret_value())
        for command in (["run"], ["runs"], ["list"], ["doctor"]):
            ran = digest(*command)
            assert "not-this-one" not in ran.out + ran.err
            if command[0] != "doctor":
                assert (ran.code, words in ran.err) == (code, True), (command, ran)
    debugged = subprocess.run(
        [sys.executable, "-m", "digest", "--debug", "runs"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "DIGEST_LEDGER_URL": cluster.tcp("not-this-one").get_secret_value()},
    )
    assert "Traceback" in debugged.stderr
    assert "not-this-one" not in debugged.stderr
    monkeypatch.delenv("DIGEST_LEDGER_URL")
    (folder / "digest.toml").write_text("[ledger]\nurl = 'http://u:not-this-one@h'\n", encoding="utf-8")
    ran = digest("runs")
    assert (ran.code, "not-this-one" in ran.err) == (2, False)


def test_doctor_looks_at_it(
    postgres: SecretStr, folder: Path, digest: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_LEDGER_URL", postgres.get_secret_value())
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert "there is none yet" in digest("doctor").out
    open_ledger(postgres).close()
    assert "is sound" in digest("doctor").out
    with open_database(postgres) as database:
        database.write("DROP INDEX completions_key")
        database.write("DROP TABLE listings")
    said = digest("doctor").out
    assert "index completions_key is missing" in said
    assert "table listings is missing" in said
    assert "listings is missing" in digest("runs", "verify").out


def test_a_damaged_answer_counts_as_not_given_and_is_told(
    postgres: SecretStr, folder: Path, digest: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(postgres) as ledger:
        run = ledger.begin("run")
        for content in ("一", "二", "三"):
            keep(ledger, question(content), run)
        ledger.database.write("UPDATE completions SET completion = ? WHERE id = 1", (b"\x78\x9c\0",))
        ledger.database.write("UPDATE completions SET key = 'f00d' WHERE id = 2")
        assert ledger.completion(question("一").key) is None
        assert ledger.completion("f00d") is None
        assert ledger.completion(question("三").key) is not None
        ledger.finish(run, "complete", {})
    monkeypatch.setenv("DIGEST_LEDGER_URL", postgres.get_secret_value())
    (folder / "runs").mkdir()
    ran = digest("runs", "verify")
    assert ran.code == 4
    assert "answer 1 is damaged" in ran.out
    assert "answer 2 stands under a key that is not its question's" in ran.out
    assert "2 problems" in ran.out


def test_what_was_kept_is_there_for_another_process(postgres: SecretStr) -> None:
    with open_ledger(postgres) as ledger:
        keep(ledger, question(), ledger.begin("run"))
        script = (
            "import sys; from pydantic import SecretStr; from digest.ledger import open_ledger\n"
            "ledger = open_ledger(SecretStr(sys.argv[1]))\n"
            "with ledger: print(ledger.completion(sys.argv[2]).content)"
        )
        command = [sys.executable, "-c", script, postgres.get_secret_value(), question().key]
        assert subprocess.run(command, capture_output=True, check=True).stdout.decode().strip() == "回答"


def test_many_processes_may_make_the_same_ledger(postgres: SecretStr) -> None:
    script = (
        "import sys; from pydantic import SecretStr; from digest.ledger import open_ledger\n"
        "with open_ledger(SecretStr(sys.argv[1])) as ledger: print(ledger.begin('run'))"
    )
    command = [sys.executable, "-c", script, postgres.get_secret_value()]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) for _ in range(5)]
    said = [process.communicate(timeout=60) for process in processes]
    assert sorted(said) == [(f"{number}\n", "") for number in range(1, 6)]


def test_a_migration_that_fails_leaves_the_old_schema(
    postgres: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    from digest.ledger.postgres import connection, schema
    from digest.ledger.sql.schema import migrations

    open_ledger(postgres).close()
    broken = (*migrations(), "CREATE TABLE half (x TEXT);\nCREATE TABLE runs (y TEXT);\n")
    for module in (schema, connection):
        monkeypatch.setattr(module, "migrations", lambda: broken)
    with pytest.raises(LedgerError, match="runs"):
        open_ledger(postgres)
    monkeypatch.undo()
    with open_ledger(postgres) as ledger:
        assert ledger.database.one("SELECT to_regclass('half')") == (None,)


HOLDER = (
    "import sys; from pydantic import SecretStr; from digest.ledger import open_ledger\n"
    "ledger = open_ledger(SecretStr(sys.argv[1])); run = ledger.begin('run')\n"
    "assert ledger.claim('f00d') and ledger.claim_digests()\n"
    "print('ready', flush=True); sys.stdin.read()"
)


def test_claims_and_runs_end_when_their_owner_is_killed(postgres: SecretStr) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, postgres.get_secret_value()]
    with open_ledger(postgres) as ledger, open_history(postgres) as history:
        with subprocess.Popen(command, stdin=pipe, stdout=pipe) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == b"ready\n"
            assert (ledger.claim("f00d"), ledger.claim_digests(), ledger.claim("beef")) == (
                False,
                False,
                True,
            )
            assert [run.state for run in history.runs()] == ["running"]
            owner.kill()
            owner.wait()
        until(lambda: ledger.claim("f00d"))
        until(ledger.claim_digests)
        assert [run.state for run in history.runs()] == ["stopped"]


def test_two_ledgers_of_one_database_do_not_meet(cluster: Cluster) -> None:
    for name in ("one", "other"):
        cluster.sql(f"CREATE SCHEMA claims_{name}")
    with open_ledger(cluster.url("claims_one")) as one, open_ledger(cluster.url("claims_other")) as other:
        assert one.claim("f00d")
        assert other.claim("f00d")


def until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.01)  # a look at another process, which tells nobody


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_in_the_middle_loses_nothing_and_claims_are_held_again(
    cluster: Cluster, postgres: SecretStr, mode: str
) -> None:
    cluster.sql("ALTER SYSTEM SET fsync = on")
    with open_ledger(postgres) as ledger:
        run = ledger.begin("run")
        keep(ledger, question("一"), run)
        assert ledger.claim("f00d")
        ledger.event(run, "ask", "answered")
        cluster.stop(mode)
        back = threading.Timer(1.0, cluster.start)
        back.start()
        keep(ledger, question("二"), run)
        back.join()
        with open_ledger(postgres) as other:
            assert not other.claim("f00d")
            assert not other.database.try_hold(f"run {run}")
            assert other.database.one("SELECT count(*) FROM completions") == (2,)
        cluster.stop(mode)
        cluster.start()
        assert ledger.completion(question("一").key) is not None
        ledger.release("f00d")
        ledger.finish(run, "complete", {})
    with open_history(postgres) as history:
        assert [one.state for one in history.runs()] == ["complete"]
        assert len(list(history.events(run))) == 1
        assert len(list(history.answers(run))) == 2


def test_a_server_that_does_not_come_back_is_waited_for_once(
    cluster: Cluster, postgres: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    from digest.ledger.postgres.connection import PATIENCE, PostgresDatabase

    waited: list[float] = []
    ledger = open_ledger(postgres)
    assert isinstance(ledger.database, PostgresDatabase)
    ledger.database._sleep = waited.append
    ledger.database._clock = lambda: 10 * len(waited)
    run = ledger.begin("run")
    cluster.stop()
    try:
        with pytest.raises(LedgerError, match="What it holds so far is kept") as raised:
            keep(ledger, question(), run)
        assert raised.value.exit_code == 4
        before = len(waited)
        assert PATIENCE / 10 <= before <= PATIENCE / 10 + 2
        ledger.event(run, "ask", "denied")
        with pytest.raises(LedgerError):
            ledger.finish(run, "failed", {})
        with pytest.raises(LedgerError):
            ledger.keep_capabilities("e", "m", "{}")
        assert len(waited) <= before + 2
    finally:
        cluster.start()
        ledger.close()


@pytest.mark.parametrize("survives", [True, False])
def test_a_commit_whose_answer_was_not_heard_is_looked_up(
    postgres: SecretStr, monkeypatch: pytest.MonkeyPatch, survives: bool
) -> None:
    """The connection breaks just after, or just before, the server has committed."""
    import psycopg

    with open_ledger(postgres) as ledger:
        run = ledger.begin("run")
        broken: list[bool] = []

        real = psycopg.Transaction.__exit__

        def exit_(self: psycopg.Transaction, *error: Any) -> object:
            if broken or error[0] is not None:
                return real(self, *error)
            broken.append(True)
            if survives:
                real(self, *error)
            self.connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(psycopg.Transaction, "__exit__", exit_)
        keep(ledger, question(), run)
        assert broken
        monkeypatch.undo()
        assert [row[0] for row in ledger.database.rows("SELECT count(*) FROM completions")] == [1]


def test_transactions_that_get_in_each_others_way_are_carried_out_again(postgres: SecretStr) -> None:
    """Two processes write the same rows in opposite orders, which PostgreSQL ends as a deadlock."""
    script = (
        "import sys, time; from pydantic import SecretStr; from digest.ledger import open_database\n"
        "order = 'ab' if sys.argv[2] == 'a' else 'ba'\n"
        "def work():\n"
        "    for name in order:\n"
        "        database.write('UPDATE capabilities SET learned = ? WHERE model = ?', (order, name))\n"
        "        time.sleep(0.3)\n"
        "with open_database(SecretStr(sys.argv[1])) as database:\n"
        "    for turn in range(3): database.run_transaction(work)\n"
    )
    with open_ledger(postgres) as ledger:
        for name in "ab":
            ledger.keep_capabilities("e", name, "{}")
    command = [sys.executable, "-c", script, postgres.get_secret_value()]
    both = [subprocess.Popen([*command, name], stderr=subprocess.PIPE) for name in "ab"]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said


def test_what_the_server_sets_for_everybody_does_not_weaken_a_commit(cluster: Cluster) -> None:
    cluster.sql("CREATE SCHEMA settings")
    cluster.sql("CREATE USER hasty SUPERUSER")
    for setting in (
        "synchronous_commit = off",
        "statement_timeout = 50",
        "default_transaction_isolation = 'serializable'",
    ):
        cluster.sql(f"ALTER USER hasty SET {setting}")
    with open_ledger(cluster.tcp("", user="hasty", query="?options=-csearch_path%3Dsettings")) as ledger:
        for setting, value in (
            ("synchronous_commit", "on"),
            ("statement_timeout", "0"),
            ("transaction_isolation", "read committed"),
        ):
            assert ledger.database.one(f"SHOW {setting}") == (value,)


def test_the_sample_day_stays_out_of_it(postgres: SecretStr, folder: Path, digest: Run) -> None:
    settings = f"[ledger]\nurl = '{postgres.get_secret_value()}'\n"
    (folder / "digest.toml").write_text(settings, encoding="utf-8")
    assert digest("list", "--sample").code == 0
    assert (folder / "runs" / "sample" / "ledger.sqlite3").exists()
    assert "no ledger in it yet" in digest("runs").err


def test_without_the_driver_there_is_a_sentence(postgres: SecretStr) -> None:
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from digest.cli.app import main\n"
        "sys.argv = ['digest', 'runs']\nmain()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "DIGEST_LEDGER_URL": postgres.get_secret_value()},
    )
    assert ran.returncode == 2
    assert "[scale]" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_values_are_stored_so_that_they_can_be_told_apart() -> None:
    strange = ["\0", "\x1a0000", "\x1a", "\ud800", "\x1ad800", "0000"]
    assert len({storable(one) for one in strange}) == len(strange)
