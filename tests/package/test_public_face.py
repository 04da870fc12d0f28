"""`connmgr.__all__` is the public face: complete, importable, and the same for type checkers."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import connmgr
from connmgr import errors


@pytest.mark.parametrize("name", connmgr.__all__)
def test_each_public_name_is_importable_and_stays_the_same_object(name: str) -> None:
    value = getattr(connmgr, name)

    assert value.__name__ == name
    assert getattr(connmgr, name) is value


def test_public_names_are_sorted_without_repetition() -> None:
    assert sorted(set(connmgr.__all__)) == connmgr.__all__


def test_every_error_of_the_tree_is_public() -> None:
    tree = {name for name, value in vars(errors).items() if _is_own_error(value)}

    assert tree <= set(connmgr.__all__)


def test_dir_shows_every_public_name() -> None:
    assert set(connmgr.__all__) <= set(dir(connmgr))


def test_a_name_that_does_not_exist_is_an_attribute_error_that_says_so() -> None:
    with pytest.raises(AttributeError, match="module 'connmgr' has no attribute 'Manager'"):
        _ = connmgr.Manager


def test_type_checkers_see_exactly_the_public_names() -> None:
    module = ast.parse(Path(str(connmgr.__file__)).read_text(encoding="utf-8"))

    blocks = [node for node in module.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    names = [alias.asname or alias.name for node in imports for alias in node.names]

    assert sorted(names) == connmgr.__all__


def _is_own_error(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, errors.ConnmgrError)
