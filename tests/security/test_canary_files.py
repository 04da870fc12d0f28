"""No command that only reads files shows a secret, wherever it stands and whatever is wrong with it."""

from __future__ import annotations

import json

import pytest

from tests.rig.broken_profiles import BROKEN_PROFILES
from tests.rig.canary import CANARY, URL_CANARY, WORD, shown
from tests.rig.secret_profiles import BASE, FAILING_PROFILES, SECRET_PROFILES, secret_environ

DEBUG = ("--log-level", "debug", "--log-format", "json")
FORMS = ("text", "json", "github")
NAMES = [*SECRET_PROFILES, *FAILING_PROFILES]


def all_of(answers) -> list[str]:
    return [text for _, out, err in answers for text in (out, err)]


async def test_validate_shows_none_of_files_that_are_broken(calls, write):
    write(**BROKEN_PROFILES)

    answers = await calls(*(["validate", "--format", form, *DEBUG] for form in FORMS))

    assert [status for status, _, _ in answers] == [2, 2, 2]
    for _, out, _ in answers:
        assert [name for name in BROKEN_PROFILES if f"{name}.yaml" not in out] == []
    assert shown(*all_of(answers)) == []


async def test_no_file_that_is_broken_is_shown_on_its_own(calls, write):
    write(**BROKEN_PROFILES)
    names = [name for name in BROKEN_PROFILES if "." not in name]

    answers = await calls(
        *(["show", name] for name in names),
        *(["show", name, "--origin"] for name in names),
        *(["diff", name, "misspelt", "--settle"] for name in names),
    )

    assert {(status, out) for status, out, _ in answers} == {(2, "")}
    assert [
        name for name, (_, _, err) in zip(names, answers, strict=False) if f"{name}.yaml" not in err
    ] == []
    assert shown(*all_of(answers)) == []


async def test_validate_and_list_show_none_of_files_that_are_well_formed(calls, write_hidden):
    write_hidden(1, {**SECRET_PROFILES, **FAILING_PROFILES, "_base": BASE})

    answers = await calls(
        *(["validate", *DEBUG, "--format", form, *more] for form in FORMS for more in ([], ["--settle"])),
        ["list", *DEBUG],
        ["list", "--json"],
        **secret_environ(1),
    )

    # Everything is said, of the profiles that fail in text and of all of them in the lists.
    settled = answers[1][1]
    said = {name for name in FAILING_PROFILES if f"{name}.yaml" in settled}
    assert {"unset", "as_a_port", "several_lines", "control_character", "bad_service"} <= said
    assert [name for name in NAMES if name not in answers[-2][1] or name not in answers[-1][1]] == []
    assert {status for status, _, _ in answers} == {0, 2}
    assert shown(*all_of(answers)) == []


@pytest.mark.parametrize("more", [[], ["--json"], ["--origin"], ["--origin", "--json"]], ids=" ".join)
async def test_show_masks_it(calls, write_hidden, more):
    write_hidden(1, {**SECRET_PROFILES, **FAILING_PROFILES, "_base": BASE})

    answers = await calls(*(["show", name, *more, *DEBUG] for name in NAMES), **secret_environ(1))

    unmasked = [
        name
        for name, (status, out, _) in zip(NAMES, answers, strict=True)
        if status == 0 and "****" not in out
    ]
    assert unmasked == []
    refused = [name for name, (status, _, _) in zip(NAMES, answers, strict=True) if status]
    assert not set(refused) & set(SECRET_PROFILES)
    assert {"unset", "as_a_port", "as_a_size", "control_character"} <= set(refused)
    assert shown(*all_of(answers)) == []


@pytest.mark.parametrize("more", [[], ["--settle"]], ids=" ".join)
async def test_diff_masks_it(calls, write_hidden, more):
    write_hidden(1, {**SECRET_PROFILES, **FAILING_PROFILES, "_base": BASE, "plain": {"url": "sqlite://"}})

    answers = await calls(
        *(["diff", "plain", name, *more, *form, *DEBUG] for name in NAMES for form in ([], ["--json"])),
        **secret_environ(1),
    )

    well = [out for status, out, _ in answers if status == 0]
    assert len(well) >= 2 * len(SECRET_PROFILES)
    assert [out for out in well if "password" not in out and "url" not in out] == []
    assert sum("****" in out for out in well) > 20
    assert shown(*all_of(answers)) == []


async def test_what_explains_reads_no_profile(calls, write_hidden):
    write_hidden(1, {**SECRET_PROFILES, "_base": BASE})
    topics = ("CM601", "CM303", "CM503", "password", "url", "connection.password", "pool.size")

    answers = await calls(
        ["schema"], ["explain"], *(["explain", topic] for topic in topics), **secret_environ(1)
    )

    assert {status for status, _, _ in answers} == {0}
    assert all(out for _, out, _ in answers)
    assert shown(*all_of(answers)) == []


async def test_import_copies_none(calls, tmp_path):
    service = tmp_path / "pg_service.conf"
    service.write_text(
        f"[orders]\nhost=h\npassword={CANARY}\nsslpassword={CANARY}\n[bad]\n{WORD}\nx={WORD}\n"
    )
    rails = {
        "password": f"production:\n  adapter: postgresql\n  host: h\n  database: d\n  password: '{CANARY}'\n",
        "url": f"production:\n  url: postgresql://app:{URL_CANARY}@h/d?password={URL_CANARY}\n",
        "erb": f"production:\n  adapter: postgresql\n  password: <%= '{WORD}' %>\n  database: d\n",
        "twice": f"production:\n  adapter: postgresql\n  password: {WORD}\n  password: {WORD}\n",
        "broken": f"production:\n  adapter: postgresql\n  password: '{WORD}\n",
        "shape": f"production:\n  adapter: postgresql\n  password: [{WORD}]\n  '{CANARY}': {{a: {WORD}}}\n",
        "other": f"production:\n  adapter: mysql2\n  password: {WORD}\n  variables: {{x: {WORD}}}\n",
    }
    for name, text in rails.items():
        (tmp_path / f"{name}.yml").write_text(text)
    urls = [
        f"postgresql://app:{URL_CANARY}@h/d?sslpassword={URL_CANARY}&options=-c%20x%3D1",
        f"postgresql://app@h/d?password={URL_CANARY}&plugin={URL_CANARY}&{WORD}=1",
        f"postgresql://app:{CANARY}@h/d",
        f"postgresql://app:{URL_CANARY}@h:{WORD}/d",
        f"mysql://app:{URL_CANARY}@h/d",
        f"postgresql+psycopg2://app:{URL_CANARY}@h/d",
    ]
    sources = [*urls, str(service), *(f"{tmp_path / name}.yml" for name in rails)]

    answers = await calls(
        *(["import", source, *form, *DEBUG] for source in sources for form in ([], ["--json"])),
        *(["import", source, "--output", str(tmp_path / f"out{n}")] for n, source in enumerate(sources)),
    )

    written = [path.read_text() for path in tmp_path.glob("out*/*.yaml")]
    assert len(written) >= 4
    assert sum("_PASSWORD}" in out for _, out, _ in answers) >= 6
    assert shown(*all_of(answers), *written) == []
    assert json.loads(answers[1][1])["profiles"]
