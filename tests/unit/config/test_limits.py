"""Files that would cost too much are refused before anything is built, and encodings are told apart."""

from __future__ import annotations

import pytest

from connmgr.config.careful import DEEPEST, MOST_ALIASES, MOST_NODES
from connmgr.config.encoding import LARGEST_FILE, decode
from connmgr.config.source import read


def found(data: bytes | str) -> str:
    problems = read(data if isinstance(data, bytes) else data.encode(), "f").problems
    return str(problems[0]) if problems else ""


def test_a_file_may_have_one_mebibyte_and_no_more() -> None:
    padding = b"#" * (LARGEST_FILE - 7)

    assert found(b"a: 1\n" + padding + b"\n") != "f:1:1: CM105 the file is larger than 1 MiB"
    assert found(b"a: 1\n" + padding + b"###").startswith("f:1:1: CM105 the file is larger than 1 MiB")


def test_nesting_ends_at_its_limit_aliases_counted() -> None:
    assert found("a: " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)) == ""
    assert found("a: " + "[" * DEEPEST + "]" * DEEPEST).startswith(
        f"f:1:{DEEPEST + 3}: CM210 a: nesting deeper"
    )
    half = "[" * 30 + "1" + "]" * 30
    assert "nesting deeper" in found(f"a: &a {half}\nb: {'[' * 30}*a{']' * 30}\n")


def test_nesting_by_a_chain_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [1]", *(f"a{n}: &a{n} [[[*a{n - 1}]]]" for n in range(1, 40))]

    assert "nesting deeper" in found("\n".join(lines))


def test_a_hundred_thousand_brackets_are_refused_at_once() -> None:
    assert "nesting deeper" in found("[" * 100_000)


def test_aliases_end_at_their_limit() -> None:
    def document(count: int) -> str:
        return "a: &a 1\nb: [" + ", ".join(["*a"] * count) + "]\n"

    assert found(document(MOST_ALIASES)) == ""
    assert "more than 50 aliases" in found(document(MOST_ALIASES + 1))


def test_values_end_at_their_limit_aliases_counted_in_full() -> None:
    assert found("a: [" + "1," * (MOST_NODES - 3) + "]") == ""
    assert "more than 50,000 values" in found("a: [" + "1," * (MOST_NODES - 2) + "]")
    bomb = "a0: &a0 [1,1,1,1,1,1,1,1]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 8)}]\n" for n in range(1, 7)
    )
    assert "more than 50,000 values" in found(bomb)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("a: 1".encode("utf-16"), "f:1:1: CM102 the file is in UTF-16"),
        ("a: 1".encode("utf-16-le"), "f:1:1: CM102 the file is in UTF-16"),
        ("a: 1".encode("utf-32"), "f:1:1: CM102 the file is in UTF-16"),
        (b"a: 1\r\n# \xc3\xa9 \xe4\n", "f:2:5: CM102 the byte 0xE4 is not UTF-8"),
        (b"\xef\xbb\xbfa: \xff\n", "f:1:4: CM102 the byte 0xFF is not UTF-8"),
        (b"a: \xed\xa0\x80\n", "f:1:4: CM102 the byte 0xED is not UTF-8"),
        (b"a: 1\n\tb: 2\n", "f:2:1: CM104 a tab in the indentation"),
        (b"a:\n  \tb: 2\n", "f:2:3: CM104 a tab in the indentation"),
        (b"a: 1\n\t# c\n", "f:2:1: CM104 a tab in the indentation"),
        (b"a: 1\n \t\nb: 2\n", "f:2:2: CM104 a tab in the indentation"),
        (b"a: 1\r\tb: 2\r", "f:2:1: CM104 a tab in the indentation"),
        (b"a: \x07\n", "f:1:4: CM103 the character U+0007"),
        (b"a: x\xe2\x80\xa8b: 1\n", "f:1:5: CM103 the character U+2028 (line separator)"),
        (b"a: x\xef\xbb\xbf\n", "f:1:5: CM103 the character U+FEFF"),
        (b"a: x\xef\xbf\xbe\n", "f:1:5: CM103 the character U+FFFE"),
    ],
)
def test_bytes_that_are_no_profile_are_named_with_their_place(data: bytes, problem: str) -> None:
    assert found(data).startswith(problem)


def test_a_mark_and_every_kind_of_line_end_are_read() -> None:
    document = read(b"\xef\xbb\xbfa: 1\r\nb: 2\rc: 3\n", "f")

    assert document.values == {"a": 1, "b": 2, "c": 3}
    assert str(document.places["c",]) == "f:3:4"


def test_a_tab_after_the_first_word_does_no_harm() -> None:
    assert decode(b"a: 1\t# one\t\nb:\t2\n", "f")[1] == ()


def test_a_file_of_tabs_has_one_problem_that_names_the_first() -> None:
    # One for every line took a time that grew with the square of their number.
    (problem,) = decode(b"a:\n" + b"\tb: 1\n" * 20_000, "f")[1]

    assert str(problem.place) == "f:2:1"
