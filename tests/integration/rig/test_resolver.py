"""Under the hanging resolver a name is never resolved, and addresses work as ever."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.rig.resolver import OPTIONS, RESOLV_CONF

LOOK_UP = "import socket, sys; print(socket.getaddrinfo(sys.argv[1], 5432)[0][4][0])"


def test_a_name_hangs_although_it_was_asked(resolver):
    look_up = [*resolver.prefix, sys.executable, "-c", LOOK_UP, "db.example.test"]

    with subprocess.Popen(look_up, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        question = resolver.next_question()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.kill()

    assert b"\x02db\x07example\x04test" in question


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_needs_no_resolver(resolver, host):
    look_up = [*resolver.prefix, sys.executable, "-c", LOOK_UP, host]

    answer = subprocess.run(look_up, capture_output=True, text=True, timeout=10)

    assert answer.stdout.strip() in ("127.0.0.1", "::1")


@pytest.mark.usefixtures("resolver")
def test_the_machine_itself_keeps_its_resolver():
    assert OPTIONS not in RESOLV_CONF.read_text()
