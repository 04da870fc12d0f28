"""`connmgr explain` says what a code or a setting means."""

from __future__ import annotations

import json

import pytest

from connmgr.problem import Code


def test_a_code_is_explained_with_what_to_do_and_examples(run):
    outcome = run("explain", "CM205")

    title, _, *lines = outcome.stdout.splitlines()
    assert (outcome.returncode, outcome.stderr, title) == (0, "", "CM205  A key twice")
    assert [line for line in lines if line in ("Wrong", "Right", "  # orders.yaml")] == [
        "Wrong",
        "  # orders.yaml",
        "Right",
        "  # orders.yaml",
    ]


@pytest.mark.parametrize(("topic", "same"), [("cm205", "CM205"), ("Pool.Timeout", "pool.timeout")])
def test_capitals_do_not_matter(run, topic, same):
    assert run("explain", topic).stdout == run("explain", same).stdout != ""


def test_a_setting_is_explained_from_the_schema(run):
    outcome = run("explain", "pool.timeout")

    assert outcome.returncode == 0
    assert outcome.stdout.startswith("pool.timeout  Time-out\n")
    for line in ("unit      seconds, or text with a unit", "default   30", "  pool:", "    timeout: 5"):
        assert line in outcome.stdout.splitlines()
    assert "accepted  a duration" in outcome.stdout
    assert "reload    live: " in outcome.stdout


def test_a_group_lists_its_keys(run):
    outcome = run("explain", "connection")

    keys = outcome.stdout.partition("\nKeys\n")[2]
    assert "connection.host " in keys
    assert "connection.sslmode " in keys


def test_alone_it_lists_every_code_and_every_setting(run):
    outcome = run("explain")

    first = [line.partition(" ")[0] for line in outcome.stdout.splitlines()]
    assert [word for word in first if word.startswith("CM")] == list(Code)
    assert {"pool", "pool.size", "connection.sslmode", "health.timeout"} <= set(first)


def test_json_has_the_facts_of_a_code(run):
    explained = json.loads(run("explain", "CM305", "--json").stdout)

    assert (explained["code"], explained["warning"]) == ("CM305", True)
    assert {"title", "meaning", "remedy", "wrong", "right"} <= set(explained)


def test_json_has_the_facts_of_a_setting(run):
    explained = json.loads(run("explain", "pool.size", "--json").stdout)

    assert explained["setting"] == "pool.size"
    assert (explained["unit"], explained["default"], explained["reload"]) == ("connections", "5", "live")
    assert explained["examples"][0] == "pool:\n  size: 10\n"


def test_json_of_everything_maps_codes_and_settings_to_titles(run):
    explained = json.loads(run("explain", "--json").stdout)

    assert list(explained["codes"]) == list(Code)
    assert explained["settings"]["pool.size"] == "Size"


@pytest.mark.parametrize(
    ("topic", "advice"),
    [
        ("pool.timout", 'did you mean "pool.timeout"?'),
        ("max_lifetime", "write pool.max_lifetime"),
        ("maxLifetime", "write pool.max_lifetime"),
        ("CM999", "`connmgr explain` lists all"),
        ("", "`connmgr explain` lists all"),
    ],
)
def test_an_unknown_topic_is_one_message_with_what_was_perhaps_meant(run, topic, advice):
    outcome = run("explain", topic)

    assert (outcome.returncode, outcome.stdout) == (2, "")
    (line,) = outcome.stderr.splitlines()
    assert line.startswith(f"Error: no code and no setting {topic!r}; ")
    assert line.endswith(advice)


def test_codes_and_settings_are_completed(run):
    completed = run(COMP_WORDS="connmgr explain pool.m", COMP_CWORD="2", _CONNMGR_COMPLETE="bash_complete")

    assert completed.stdout.split() == [
        "plain,pool.mode",
        "plain,pool.max_overflow",
        "plain,pool.min_idle",
        "plain,pool.max_lifetime",
        "plain,pool.max_waiting",
    ]


def test_no_profiles_are_needed(run, tmp_path):
    outcome = run("--profiles", "nowhere", "explain", "CM101")

    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_settings_of_the_registrys_file_are_explained_too(run):
    outcome = run("explain", "_registry.web.details")

    assert outcome.stdout.startswith("web.details  Details (in _registry.yaml)\n")
    assert "accepted  never, token, or always" in outcome.stdout
    assert "web:\n    details: token" in outcome.stdout


def test_a_group_of_the_registrys_file_lists_its_keys(run):
    keys = run("explain", "_registry.health").stdout.partition("\nKeys\n")[2]

    assert "health.max_monitors " in keys
    assert "stuck_after" not in keys


@pytest.mark.parametrize(
    ("topic", "file"),
    [
        ("web.rise", "_registry.yaml"),
        ("groups", "_registry.yaml"),
        ("_Registry.Health", "_registry.yaml"),
        # Both files have it, and a profile is what one asks about most.
        ("health", ""),
    ],
)
def test_json_says_which_file_a_setting_is_of(run, topic, file):
    assert json.loads(run("explain", topic, "--json").stdout)["file"] == file


def test_the_list_and_completion_know_the_settings_of_the_registrys_file(run):
    listed = [line.partition(" ")[0] for line in run("explain").stdout.splitlines()]
    named = json.loads(run("explain", "--json").stdout)["settings"]
    completed = run(
        COMP_WORDS="connmgr explain _registry.web.", COMP_CWORD="2", _CONNMGR_COMPLETE="bash_complete"
    )

    assert "_registry.health.max_monitors" in listed
    assert named["_registry.web.token"] == "Token"
    assert completed.stdout.split() == [
        f"plain,_registry.web.{key}" for key in ("details", "token", "rise", "fall")
    ]


def test_a_key_of_the_registrys_file_that_is_misspelt_is_guessed(run):
    outcome = run("explain", "_registry.web.detials")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert 'did you mean "_registry.web.details"?' in outcome.stderr
