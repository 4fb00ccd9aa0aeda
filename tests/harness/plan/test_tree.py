"""What YAML means in a plan, and that hostile YAML is an error like any other."""

from __future__ import annotations

import pytest

from clew.harness.plan import PlanError
from clew.harness.plan.tree import Value, parse, scalar


def plain(value: Value):
    if isinstance(value.data, dict):
        return {name: plain(item) for name, item in value.data.items()}
    return [plain(item) for item in value.data] if isinstance(value.data, tuple) else value.data


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("5", 5), ("-5", -5), ("010", 10), ("0.5", 0.5), (".5", 0.5), ("1e3", 1000.0), ("true", True), ("~", None),
        ("", None), ("null", None), ("no", "no"), ("on", "on"), ("1:30", "1:30"), ("5ms", "5ms"), (".nan", ".nan"),
        (".inf", ".inf"), ("1e999", "1e999"), ("2026-01-01", "2026-01-01"), ("0x10", "0x10"), ("1_000", "1_000"),
    ],
)  # fmt: skip
def test_unquoted_text_means_what_it_looks_like(text, meaning):
    assert scalar(text) == meaning
    assert type(scalar(text)) is type(meaning)


def test_quoted_text_is_text():
    assert plain(parse("""{a: "5", 'true': 'null', b: |\n  3\n}""".replace("b: |\n  3\n", "b: '3'"), "f")) == {
        "a": "5",
        "true": "null",
        "b": "3",
    }


def test_values_and_their_keys_know_their_line_and_column():
    tree = parse("a:\n  - {b: 5}\n", "f.yaml")
    b = tree.data["a"].data[0].data["b"]
    assert (str(b.at), str(b.key_at)) == ("f.yaml:2:9", "f.yaml:2:6")


def test_an_alias_repeats_a_value():
    assert plain(parse("a: &x {b: [1]}\nc: *x\n", "f")) == {"a": {"b": [1]}, "c": {"b": [1]}}


BOMB = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
DEEP_THROUGH_ALIASES = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 40))


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: [", "f:1:5", "this is not YAML"),
        ("a: 'b", "f:1:6", "this is not YAML"),
        ("a:\n\t- b", "f:2:1", "this is not YAML"),
        ("a: 1\nb: \x00", "f:2:4", "this is not text"),
        ("a: 1\nb: 2\na: 3", "f:3:1", "given twice, first in line 1"),
        ("? [a]\n: 3", "f:1:3", "expected a name before the colon"),
        ("a: !!python/object:os.system x", "f:1:4", "tag"),
        ("a: !!str 5", "f:1:4", "tag"),
        ("a: &x [*x]", "f:1:4", "contains itself"),
        ("a: &x {b: {c: *x}}", "f:1:4", "contains itself"),
        ("a: *x", "f:1:4", "undefined alias"),
        (BOMB, "f:2:", "aliases make more than"),
        (DEEP_THROUGH_ALIASES, "f:1:", "aliases make more than"),
        ("[" * 5000, "f:1:31", "nesting"),
        ("- " * 500, "f:1:61", "nesting"),
        ("{a: " * 5000, "f:1:", "nesting"),
        ("a: b\n--- c", "f:2:1", "single document"),
        ("%YAML 9.9\n---\na: 3", "f:1:1", "incompatible"),
        ('a: "\\UFFFFFFFF"', "f:", "escape"),
        ('a: "\\ud800"', "f:1:4", "half of a surrogate pair"),
        ('"\\ud800": 3', "f:1:1", "half of a surrogate pair"),
    ],
)
def test_what_is_not_a_tree_of_plain_values_is_one_clear_error(text, place, message):
    with pytest.raises(PlanError, match=message) as caught:
        parse(text, "f")
    assert str(caught.value).startswith(place)
