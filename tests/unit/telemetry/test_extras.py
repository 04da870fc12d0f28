"""Neither library is needed by whoever does not use it; who does is told what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCKED = """
import sys
for name in ("opentelemetry", "prometheus_client"):
    sys.modules[name] = None
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCKED + code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_everything_but_the_doors_can_be_imported_without() -> None:
    modules = ("metrics", "poolnames", "figures", "carried", "readings", "extras")
    imports = "".join(f"import connmgr.telemetry.{module}\n" for module in modules)

    done = run(f"import connmgr, connmgr.telemetry\nconnmgr.Registry\n{imports}dir(connmgr.telemetry)")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("use", "library", "extra"),
    [
        ("from connmgr.telemetry import instrument", "opentelemetry", "otel"),
        ("import connmgr.telemetry.otel", "opentelemetry", "otel"),
        ("from connmgr.telemetry import PoolCollector", "prometheus_client", "prometheus"),
        ("import connmgr.telemetry; connmgr.telemetry.exposition", "prometheus_client", "prometheus"),
    ],
)
def test_a_door_says_which_extra_it_needs(use: str, library: str, extra: str) -> None:
    done = run(use)

    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith(f"ImportError: {library}")
    assert f"pip install 'connmgr[{extra}]'" in last


def test_one_half_does_without_the_library_of_the_other() -> None:
    code = "from connmgr.telemetry import {0}\nassert {1!r} not in sys.modules"
    for name, other in (("instrument", "prometheus_client"), ("exposition", "opentelemetry")):
        command = [sys.executable, "-c", "import sys\n" + code.format(name, other)]

        assert subprocess.run(command, check=False, timeout=60).returncode == 0


def test_there_is_no_other_name() -> None:
    import connmgr.telemetry

    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = connmgr.telemetry.nosuch
    assert set(connmgr.telemetry.__all__) <= set(dir(connmgr.telemetry))
    assert all(getattr(connmgr.telemetry, name) for name in connmgr.telemetry.__all__)
