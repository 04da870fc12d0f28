"""Profiles with the canary in every place where a secret may stand, by every way to write one.

`{port}` and `{dir}` in them are put in when they are written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.rig.canary import CANARY, URL_CANARY, WORD
from tests.rig.profiles import Document

_WHERE: Final = "127.0.0.1:{port}/orders?sslmode=disable"
_PLAIN: Final = f"postgresql://app@{_WHERE}"
_INLINE: Final = f"postgresql://app:{URL_CANARY}@{_WHERE}"
_WORDS: Final = {"host": "127.0.0.1", "port": "{port}", "user": "app", "dbname": "orders"}
_CLEAR: Final = {**_WORDS, "sslmode": "disable"}
_LOCKED: Final = {**_WORDS, "sslmode": "require", "sslcert": "{dir}/client.crt", "sslkey": "{dir}/locked.key"}
_LOCKED_URL: Final = "postgresql://app@127.0.0.1:{port}/orders?sslmode=require&sslcert={dir}/client.crt&sslkey={dir}/locked.key"

KINDS: Final[dict[str, object]] = {
    "literal": CANARY,
    "reference": "${CANARY_}",
    "default": f"${{UNSET_:-{CANARY}}}",
    "env": {"env": "CANARY_"},
    "file": {"file": "../canary"},
    "absolute": {"file": "{dir}/canary"},
    "command": {"command": ["{echo}", CANARY]},
    "ttl": {"command": ["{echo}", CANARY], "ttl": "15m", "previous": {"file": "../canary"}},
    "previous": {"file": "../canary", "previous": CANARY},
}
_URLS: Final[dict[str, object]] = {
    "inline": _INLINE,
    "inline_reference": f"postgresql://app:${{CANARY_}}@{_WHERE}",
    "inline_default": f"postgresql://app:${{UNSET_:-{CANARY}}}@{_WHERE}",
    "parameter": f"{_PLAIN}&password={URL_CANARY}",
    "parameter_reference": f"{_PLAIN}&password=${{CANARY_}}",
    "phrase_parameter": f"{_LOCKED_URL}&sslpassword={URL_CANARY}",
    "phrase_reference": f"{_LOCKED_URL}&sslpassword=${{CANARY_}}",
    "whole": "${ORDERS_URL}",
    "whole_default": f"${{UNSET_:-{_INLINE}}}",
    "whole_env": {"env": "ORDERS_URL"},
    "whole_file": {"file": "{dir}/url"},
}


def _filled(value: Any) -> Any:
    """Put the program in that writes its argument, and make relative paths stay below the profiles."""
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    if isinstance(value, list):
        echo = [sys.executable, "-c", "import sys; print(sys.argv[1])"]
        return [part for item in value for part in (echo if item == "{echo}" else [item])]
    return "canary" if value == "../canary" else value


def _secret_profiles() -> Iterator[tuple[str, Document]]:
    for kind, secret in KINDS.items():
        yield f"password_{kind}", {"url": _PLAIN, "password": secret}
        yield f"connection_{kind}", {"connection": {**_CLEAR, "password": secret}}
        yield f"phrase_{kind}", {"connection": {**_LOCKED, "sslpassword": secret}}
    for name, url in _URLS.items():
        yield f"url_{name}", {"url": url}
    yield "service", {"connection": {"service": "orders", "servicefile": "{dir}/services.conf"}}
    yield "passfile", {"connection": {**_CLEAR, "passfile": "{dir}/pgpass"}}
    yield "libpq_env", {"libpq_env": True}
    yield "extended", {"extends": "_base", "url": _PLAIN}


SECRET_PROFILES: Final = {name: _filled(document) for name, document in _secret_profiles()}
"""Profiles without a mistake; with the right server, each of them would connect."""

BASE: Final[Document] = {"password": CANARY}

FAILING_PROFILES: Final[dict[str, Document]] = {
    "nothing_listens": {
        "url": f"postgresql://app:{URL_CANARY}@127.0.0.1:1/orders",
        "pool": {"timeout": "300ms"},
    },
    "unset": {"url": f"postgresql://app:{URL_CANARY}@${{UNSET_}}/orders"},
    "whole_and_more": {"url": f"${{ORDERS_URL}}#{URL_CANARY}"},
    "as_a_port": {"url": "postgresql://app:${CANARY_}@127.0.0.1:${CANARY_}/orders"},
    "as_an_sslmode": {"url": f"postgresql://app:${{CANARY_}}@{_WHERE}&target_session_attrs=${{CANARY_}}"},
    "as_a_size": {"url": _PLAIN, "password": "${CANARY_}", "pool": {"size": "${CANARY_}"}},
    "url_of_no_scheme": {"url": {"env": "CANARY_"}},
    "url_file_of_no_scheme": {"url": {"file": "{dir}/canary"}},
    "missing_file": {"url": _INLINE.replace(":" + URL_CANARY, ""), "password": {"file": "{dir}/missing"}},
    "several_lines": {"url": _PLAIN, "password": {"file": "{dir}/lines"}},
    "not_utf_8": {"url": _PLAIN, "password": {"file": "{dir}/latin"}},
    "failing_command": {
        "url": _PLAIN,
        "password": {
            "command": [sys.executable, "-c", "import sys; print(*sys.argv, file=sys.stderr); 1/0", CANARY]
        },
    },
    "missing_command": {"url": _PLAIN, "password": {"command": ["no-such-program", CANARY]}},
    "wordy_command": {
        "url": _PLAIN,
        "password": {"command": [sys.executable, "-c", "import sys; print(*sys.argv, sep='\\n')", CANARY]},
    },
    "control_character": {"url": _PLAIN, "password": {"env": "LINES_"}},
    "control_character_inline": {"url": f"postgresql://app:${{LINES_}}@{_WHERE}"},
    "wrong_phrase": {"connection": {**_LOCKED, "sslpassword": f"not {CANARY}"}},
    "no_tls": {"connection": {**_WORDS, "sslmode": "require", "password": CANARY}},
    "bad_service": {"connection": {"service": "broken", "servicefile": "{dir}/services.conf"}},
    "unknown_service": {"connection": {"service": "unknown", "servicefile": "{dir}/services.conf"}},
    "readable_passfile": {"connection": {**_CLEAR, "passfile": "{dir}/pgpass-readable"}},
    "other_passfile": {"connection": {**_CLEAR, "user": "other", "passfile": "{dir}/pgpass"}},
}
"""Profiles that are well formed, and that something is wrong with when they are used."""


def write_secrets(folder: Path, port: int, certificate: Path, locked_key: Path) -> None:
    """Write into a folder what the profiles in its `profiles` name."""
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "client.crt").write_bytes(certificate.read_bytes())
    service = f"host=127.0.0.1\nport={port}\nuser=app\ndbname=orders\nsslmode=disable\npassword={CANARY}\n"
    private = {
        "profiles/canary": f"{CANARY}\n".encode(),
        "canary": f"{CANARY}\n".encode(),
        "lines": f"{CANARY}\n{CANARY}\n".encode(),
        "latin": CANARY.encode("latin-1"),
        "url": _INLINE.replace("{port}", str(port)).encode(),
        "services.conf": f"[orders]\n{service}\n[broken]\n{WORD} {CANARY}\npassword={WORD}\n".encode(),
        "pgpass": f"*:*:*:app:{CANARY.replace(':', chr(92) + ':')}\n".encode(),
        "pgpass-readable": f"*:*:*:*:{WORD}\n".encode(),
        "locked.key": locked_key.read_bytes(),
    }
    for name, contents in private.items():
        (folder / name).write_bytes(contents)
        (folder / name).chmod(0o644 if name == "pgpass-readable" else 0o600)


def secret_environ(port: int) -> dict[str, str]:
    """What the references of the profiles refer to."""
    return {
        "CANARY_": CANARY,
        "LINES_": f"{CANARY}\n{CANARY}",
        "ORDERS_URL": _INLINE.replace("{port}", str(port)),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "PGUSER": "app",
        "PGDATABASE": "orders",
        "PGSSLMODE": "disable",
        "PGPASSWORD": CANARY,
    }
