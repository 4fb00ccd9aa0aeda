"""Systems are found by name, or by the path of a user's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.systems import UnknownSystem, find_protocol, find_system, names, protocols


def test_shipped_systems_are_found_by_name() -> None:
    for name in names():
        assert find_system(name).name == name


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownSystem, match=r"no system \"poxas\"; expected caspaxos"):
        find_system("poxas")


def test_a_file_of_the_users_own_is_a_system_if_it_defines_one(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("from clew.systems.caspaxos import system\n")
    assert find_system(str(mine)) == find_system("caspaxos")


def test_a_file_without_a_system_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "empty.py"
    mine.write_text("system = 1\n")
    with pytest.raises(UnknownSystem, match=r"empty.py defines no `system = Protocol\(...\)`"):
        find_system(str(mine))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownSystem, match="there is no file"):
        find_system(str(tmp_path / "nowhere.py"))


@pytest.mark.parametrize("name", protocols())
def test_every_variant_is_named_and_explained(name: str) -> None:
    system = find_protocol(name)
    for variant in system.variants:
        assert system.variant(variant).name == variant
        assert system.variant(variant).summary
    assert system.variant(None).node is system.node
