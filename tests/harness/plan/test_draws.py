"""Swarm testing: each seed draws what a plan leaves open, and one draw does not depend on another."""

from __future__ import annotations

import pytest

from clew.harness.plan import PlanError, dump, resolve
from clew.nemesis import Constant, Exponential, Uniform


def test_each_seed_draws_its_own_and_always_the_same(good):
    plans = [resolve(good, seed) for seed in range(50)]
    assert plans == [resolve(good, seed) for seed in range(50)]
    assert {plan.system.nodes for plan in plans} == {3, 5}
    assert {plan.workload.clients for plan in plans} == set(range(2, 10))
    assert {plan.nemesis[0].parameters["kind"] for plan in plans} == {"halves", "one-way", "majority"}
    assert all(0 <= plan.network.nodes.drop <= 0.3 for plan in plans)
    assert all(1_000_000 <= plan.system.parameters.back_off <= 20_000_000 for plan in plans)
    assert {type(plan.network.clients.latency) for plan in plans} == {Constant, Uniform}


def test_a_uniform_latency_is_drawn_for_each_message_but_its_parameters_once_for_the_seed(good):
    plan = resolve(good, 3, ["network.latency={uniform: [1ms, {uniform: [2ms, 9ms]}]}"])
    latency = plan.network.nodes.latency
    assert isinstance(latency, Uniform)
    assert latency.least == 1_000_000 <= latency.most


def test_what_one_field_draws_does_not_depend_on_the_others(good):
    fixed = resolve(good, 3, ["system.nodes=5", "workload.think=0", "nemesis.0.partition.kind=one"])
    free = resolve(good, 3)
    assert fixed.workload.clients == free.workload.clients
    assert fixed.network == free.network
    assert fixed.system.parameters == free.system.parameters


def test_the_parameters_of_a_latency_may_be_drawn(good):
    think = {resolve(good, seed).workload.think for seed in range(5)}
    assert len(think) == 5
    assert all(isinstance(latency, Exponential) for latency in think)


def test_text_may_be_chosen(good):
    setting = "system.variant={choice: [none, forgets-promises]}"
    assert {resolve(good, seed, [setting]).system.variant for seed in range(20)} == {None, "forgets-promises"}


def test_every_option_of_a_choice_is_checked_whichever_is_drawn(good):
    for seed in range(5):
        with pytest.raises(PlanError, match=r"workload\.clients\.choice\.1: expected a whole number"):
            resolve(good, seed, ["workload.clients={choice: [3, none]}"])


def test_a_resolved_plan_leaves_nothing_to_draw(good, folder):
    from clew.harness.plan import loads

    plan = resolve(good, 3)
    again = resolve(loads(dump(plan), "plan.yaml", folder), 4)
    assert again.seed == 4
    assert dump(again).replace("seed: 4", "seed: 3") == dump(plan)
