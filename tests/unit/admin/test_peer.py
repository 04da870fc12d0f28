"""Who may ask."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from connmgr.admin.peer import Peer, peer_of


@pytest.mark.parametrize(
    ("uid", "is_allowed"), [(1000, True), (0, True), (1001, False), (65534, False), (None, True)]
)
def test_the_owner_and_root_may_ask_and_nobody_else_whom_the_system_names(uid, is_allowed):
    assert Peer(uid).is_allowed(1000) is is_allowed


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="the system does not tell")
def test_the_system_tells_whose_process_is_at_the_other_end():
    here, there = socket.socketpair(socket.AF_UNIX)

    with here, there:
        assert peer_of(here) == Peer(os.geteuid(), os.getpid())
