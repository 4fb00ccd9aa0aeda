"""Where plans come from."""

from __future__ import annotations

import pytest

from clew.harness.plan import PlanError, load, resolve, shipped, source


@pytest.fixture
def shipping(folder, text, tmp_path, monkeypatch):
    """A world in which the good plan is shipped as `storm`, and another as `calm`."""
    (tmp_path / "storm.yaml").write_text(text)
    (tmp_path / "calm.yaml").write_text("# Nothing happens.\n#\n# Nothing at all.\n\n# Really.\nname: calm\n")
    (tmp_path / "stub.py").write_text((folder / "stub.py").read_text())
    monkeypatch.setattr(source, "SHIPPED", tmp_path)


@pytest.mark.usefixtures("shipping")
def test_shipped_plans_are_listed_with_the_comment_that_they_begin_with():
    assert shipped() == [
        ("calm", "Nothing happens.\n\nNothing at all."),
        ("storm", "A storm, to see how the language reads."),
    ]


@pytest.mark.usefixtures("shipping")
def test_a_name_without_slash_or_ending_is_a_shipped_plan():
    assert resolve(load("storm")).name == "storm"
    with pytest.raises(PlanError, match=r"sturm: there is no shipped plan of this name; .*\(did you mean storm\?\)"):
        load("sturm")


def test_every_plan_that_is_shipped_is_one_and_says_what_it_is():
    for name, comment in shipped():
        assert comment
        assert resolve(load(name)).name == name


def test_a_system_file_is_looked_for_beside_the_plan(folder, text, monkeypatch):
    (folder / "plan.yaml").write_text(text)
    monkeypatch.chdir(folder)
    assert resolve(load("plan.yaml")).system.name == str(folder / "stub.py")
    monkeypatch.chdir("/")
    assert resolve(load(str(folder / "plan.yaml"))).system.name == str(folder / "stub.py")


def test_the_file_of_an_error_is_as_it_was_asked_for(folder, monkeypatch):
    (folder / "list.yaml").write_text("- a")
    monkeypatch.chdir(folder)
    with pytest.raises(PlanError, match=r"^list\.yaml:1:1: expected a plan"):
        load("list.yaml")


def test_settings_are_applied_in_order_and_the_seed_above_them(good):
    plan = resolve(good, 9, ["workload.clients=3", "workload.clients=4", "seed=8", "nemesis=", "network.drop=0.25"])
    assert (plan.workload.clients, plan.seed, plan.nemesis, plan.network.nodes.drop) == (4, 9, (), 0.25)


def test_a_setting_makes_the_sections_it_needs(good):
    plan = resolve(good, None, ["recovery=", "recovery.after=5s", "nemesis.1.crash.for=2s"])
    assert plan.recovery.after == 5_000_000_000
    assert plan.nemesis[1].duration == 2_000_000_000
