"""Profile files with a mistake of every kind, and the canary where the mistake is."""

from __future__ import annotations

from typing import Final

from tests.rig.canary import CANARY, URL_CANARY, WORD
from tests.rig.profiles import Document

_URL: Final = "postgresql://app@127.0.0.1/orders"
_LINE: Final = f"url: {_URL}\n"
_WORDS: Final = {"host": "127.0.0.1", "user": "app", "dbname": "orders"}

_URLS: Final[dict[str, Document]] = {
    "unknown_parameter": {"url": f"{_URL}?{URL_CANARY}=1"},
    "unknown_parameter_word": {"url": f"{_URL}?{WORD}=1"},
    "refused_parameter": {"url": f"{_URL}?requirepeer={URL_CANARY}"},
    "password_twice": {"url": f"postgresql://app:{URL_CANARY}@127.0.0.1/orders?password={URL_CANARY}"},
    "password_empty": {"url": f"postgresql://{URL_CANARY}@127.0.0.1/orders?password="},
    "sslmode": {"url": f"postgresql://app:{URL_CANARY}@127.0.0.1/orders?sslmode={URL_CANARY}"},
    "unescaped": {"url": f"postgresql://app:{CANARY}@127.0.0.1/orders"},
    "escape": {"url": f"postgresql://app:{WORD}%zz@127.0.0.1/orders"},
    "escape_of_nul": {"url": f"postgresql://app:{WORD}%00@127.0.0.1/orders"},
    "escape_of_latin": {"url": f"postgresql://app:{WORD}%e9@127.0.0.1/orders"},
    "slash": {"url": f"postgresql://app:a/{WORD}@127.0.0.1/orders"},
    "no_scheme": {"url": f"app:{URL_CANARY}@127.0.0.1/orders"},
    "wrong_scheme": {"url": f"mysql://app:{URL_CANARY}@127.0.0.1/orders"},
    "scheme_of_it": {"url": f"{WORD}://127.0.0.1/orders"},
    "fragment": {"url": f"postgresql://app:x#{URL_CANARY}@127.0.0.1/orders"},
    "port": {"url": f"postgresql://app:x@127.0.0.1:{URL_CANARY}/orders"},
    "host": {"url": f"postgresql://app:x@{URL_CANARY}/orders"},
    "sqlite": {"url": f"sqlite://{WORD}/x?password={URL_CANARY}"},
    "bracket": {"url": f"postgresql://app:{URL_CANARY}@[::1/orders"},
}
_SHAPES: Final[dict[str, Document]] = {
    "list": {"url": _URL, "password": [CANARY]},
    "mapping": {"url": _URL, "password": {"value": CANARY}},
    "mapping_of_it": {"url": _URL, "password": {CANARY: 1}},
    "two_sources": {"url": _URL, "password": {"env": "A", "file": CANARY}},
    "command_text": {"url": _URL, "password": {"command": CANARY}},
    "command_number": {"url": _URL, "password": {"command": [CANARY, 1]}},
    "command_nested": {"url": _URL, "password": {"command": ["echo", [CANARY]]}},
    "command_reference": {"url": _URL, "password": {"command": ["echo", f"${{{WORD}"]}},
    "name_of_a_variable": {"url": _URL, "password": {"env": CANARY}},
    "url_list": {"url": [f"postgresql://app:{URL_CANARY}@127.0.0.1/orders"]},
    "url_mapping": {"url": {"value": f"postgresql://app:{URL_CANARY}@127.0.0.1/orders"}},
    "url_command": {"url": {"command": ["echo", f"postgresql://app:{URL_CANARY}@127.0.0.1/orders"]}},
    "url_elsewhere": {"url": _URL, "description": {"x": f"postgresql://app:{URL_CANARY}@127.0.0.1/orders"}},
    "url_as_size": {"url": _URL, "pool": {"size": f"postgresql://app:{URL_CANARY}@127.0.0.1/orders"}},
    "phrase_list": {"connection": {**_WORDS, "sslpassword": [CANARY]}},
    "phrase_mapping": {"connection": {**_WORDS, "sslpassword": {"vault": CANARY}}},
    "connection_number": {"connection": {**_WORDS, "password": [{"env": CANARY}]}},
    "connection_misspelt": {"connection": {**_WORDS, "pasword": CANARY}},
    "connection_foreign": {"connection": {**_WORDS, "pgpass": CANARY}},
    "both_passwords": {"connection": {**_WORDS, "password": CANARY}, "password": CANARY},
    "both_places": {"url": f"postgresql://app:{URL_CANARY}@h/d", "connection": {"password": CANARY}},
    "inline_and_key": {"url": f"postgresql://app:{URL_CANARY}@127.0.0.1/orders", "password": CANARY},
    "misspelt": {"url": _URL, "pasword": CANARY},
    "foreign": {"url": _URL, "secret": CANARY},
    "unknown": {"url": _URL, "vault": {"token": CANARY, "more": [CANARY]}},
    "key_of_it": {"url": _URL, CANARY: CANARY},
    "malformed": {"url": "sqlite://", "password": f"${{{WORD}"},
    "malformed_name": {"url": _URL, "password": f"${{{CANARY}}}"},
    "for_sqlite": {"url": "sqlite://", "password": CANARY},
    "missing_base": {"extends": "_missing", "password": CANARY},
    "ring": {"extends": "ring", "password": CANARY},
}
_TEXTS: Final[dict[str, Document]] = {
    "torn": f"{_LINE}password: ${{P:-{WORD} # x}}\n",
    "torn_default": f"{_LINE}password: ${{P:-{WORD}: x}}\n",
    "unclosed": f"{_LINE}password: '{WORD}\n",
    "unclosed_lines": f'{_LINE}password: "first\n  {WORD}: x\n  pool: {WORD}\n',
    "lines": f'{_LINE}password: "first\n\n  {WORD}: x\n  last"\n',
    "goes_on": f'{_LINE}password: "first\n  {WORD}: 1 "second"\n',
    "block": f"{_LINE}password: |\n  {WORD}\n",
    "folded": f"{_LINE}password: >\n  {WORD}\n  pool: {WORD}\n",
    "twice": f"{_LINE}password: {WORD}\npassword: {WORD}2\n",
    "tag": f"{_LINE}password: !{WORD} {WORD}\n",
    "anchor": f"{_LINE}password: &{WORD} {WORD}\nconnection: {{sslpassword: [*{WORD}]}}\n",
    "alias": f"{_LINE}password: *{WORD}\n",
    "colon": f"{_LINE}password: {WORD}: {WORD}\n",
    "at": f"{_LINE}password: @{WORD}\n",
    "percent": f"{_LINE}password: %{WORD}\n",
    "backslash": f'{_LINE}password: "{WORD}\\q{WORD}"\n',
    "escaped_in_braces": f'{_LINE}password: {{{WORD}: "x\\a"}}\n',
    "number_in_braces": f"{_LINE}connection: {{sslpassword: {{{WORD}: .inf}}}}\n",
    "twice_in_braces": f"{_LINE}pasword: {{{WORD}: 1, {WORD}: 2}}\n",
    "escaped_nul": f'{_LINE}password: "{WORD}\\0"\n',
    "control": f"{_LINE}password: {WORD}\x01\n",
    "tab": f"{_LINE}password:\n\t{WORD}\n",
    "flow": f"{{url: '{_URL}', password: {WORD}, pool: {{size: x}}}}\n",
    "flow_unclosed": f"{_LINE}password: {{env: {WORD}\n",
    "flow_opened": f"{_LINE}password: {{{WORD}\n",
    "flow_opened_within": f"{_LINE}connection: {{password: {{x{WORD}, y\n",
    "flow_before": f"{_LINE}pool: {{size: x}} # {WORD}\n",
    "no_space": f"{_LINE}password:{WORD}\n",
    "no_colon": f"{_LINE}{WORD}\n",
    "only": f"{WORD}\n",
    "entry": f"- {WORD}\n",
    "second": f"{_LINE}---\npassword: {WORD}\n",
    "boolean": f"{_LINE}password: true # {WORD}\n",
    "shared.profiles": f"defaults: {{password: {WORD}}}\nprofiles: {{a: {{url: [{WORD}]}}, b: {WORD}}}\n",
    "twice.profiles": f"profiles: {{a: {{url: '{_URL}', password: {WORD}}}, a: {{password: {WORD}}}}}\n",
    "escaped.profiles": f"profiles: {{d: {{url: '{_URL}', password: {{{WORD}: \"x\\a\"}}}}}}\n",
    "shape.profiles": f"password: {WORD}\nprofiles:\n- {WORD}\n",
}

BROKEN_PROFILES: Final[dict[str, Document]] = _URLS | _SHAPES | _TEXTS
