"""libpq's variables become libpq's words, and none is dropped in silence."""

from __future__ import annotations

import pytest

from connmgr.config.libpq.environment import VARIABLES, session_options, variable_words


def test_each_variable_says_its_word() -> None:
    environ = {name: f"value of {word}" for word, name in VARIABLES.items()}

    words = variable_words(environ | {"HOME": "/home/orders", "PGSYSCONFDIR": "/etc"})

    assert words == {word: f"value of {word}" for word in VARIABLES}


def test_an_empty_variable_is_as_good_as_not_set_but_for_those_that_libpq_refuses() -> None:
    words = variable_words({"PGHOST": "", "PGAPPNAME": "", "PGSSLMODE": "", "PGSERVICE": ""})

    assert words == {"sslmode": "", "service": ""}


@pytest.mark.parametrize(
    ("environ", "options"),
    [
        ({}, ""),
        ({"PGTZ": "Europe/Berlin"}, "-c timezone=Europe/Berlin"),
        ({"PGDATESTYLE": "SQL, DMY"}, "-c datestyle=SQL,\\ DMY"),
        ({"PGGEQO": "off", "PGTZ": "UTC"}, "-c timezone=UTC -c geqo=off"),
        ({"PGTZ": "a\\b"}, "-c timezone=a\\\\b"),
        ({"PGTZ": "Default"}, ""),
        ({"PGTZ": ""}, "-c timezone="),
    ],
)
def test_the_session_variables_become_options(environ: dict[str, str], options: str) -> None:
    assert session_options(environ) == options
    assert variable_words(environ) == ({"options": options} if options else {})


def test_the_session_variables_come_after_the_options_that_they_win_over() -> None:
    words = variable_words({"PGOPTIONS": "-c timezone=UTC", "PGTZ": "Europe/Berlin"})

    assert words == {"options": "-c timezone=UTC -c timezone=Europe/Berlin"}


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PGREQUIRESSL": "1"}, {"sslmode": "require"}),
        ({"PGREQUIRESSL": "0"}, {}),
        ({"PGREQUIRESSL": ""}, {}),
        ({"PGREQUIRESSL": "1", "PGSSLMODE": "prefer"}, {"sslmode": "prefer"}),
    ],
)
def test_pgrequiressl_counts_where_there_is_no_pgsslmode(
    environ: dict[str, str], words: dict[str, str]
) -> None:
    assert variable_words(environ) == words
