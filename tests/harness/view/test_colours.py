"""The colours of the pages: enough contrast in light and dark, and different for colour-blind people too."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from clew.harness.view.templates import SHARED_STYLE

# Viénot, Brettel and Mollon (1999): what is left of linear RGB without the long-wave or the middle-wave cones.
BLIND = {
    "protanope": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deuteranope": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}


def schemes(sheet: Path) -> dict[str, dict[str, np.ndarray]]:
    """The colours of a sheet in light and in dark, by name, as linear RGB."""
    light, dark = (block[1] for block in re.finditer(r":root \{(.*?)\}", sheet.read_text(), re.DOTALL))
    found = {}
    for name, text in (("light", light), ("dark", dark)):
        found[name] = {n: linear(code) for n, code in re.findall(r"--(\w+): *(#\w+)", text)}
    assert found["light"].keys() == found["dark"].keys()
    return found


def linear(code: str) -> np.ndarray:
    digits = code[1:] if len(code) == 7 else "".join(2 * digit for digit in code[1:])
    srgb = np.array([int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """As the Web Content Accessibility Guidelines define it, 1 to 21."""
    light, dark = sorted((float(colour @ [0.2126, 0.7152, 0.0722]) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b*, in which distances are about as large as they look."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_lines_have_enough_contrast(scheme: str) -> None:
    colours = schemes(SHARED_STYLE)[scheme]
    for name in ("ink", "soft", "bad", "good", "doubt", "link"):
        assert contrast(colours[name], colours["paper"]) >= 4.5, name
    for name in ("ink", "soft"):
        assert contrast(colours[name], colours["panel"]) >= 4.5, name
    for name in ("ok", "fail", "order"):
        assert contrast(colours[name], colours["paper"]) >= 3, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("eyes", [*BLIND, "all"])
def test_everybody_can_tell_outcomes_and_violations_apart(scheme: str, eyes: str) -> None:
    colours = schemes(SHARED_STYLE)[scheme]
    seen = {
        name: lab(np.array(BLIND[eyes]) @ colours[name] if eyes in BLIND else colours[name])
        for name in ("ok", "fail", "info", "bad")
    }
    for one, other in combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 20, (one, other)


def test_a_style_sheet_with_too_little_contrast_is_found(tmp_path: Path) -> None:
    """Red and green of one lightness are what the measure is for."""
    red, green = linear("#c04040"), linear("#7a7a20")
    assert np.linalg.norm(lab(red) - lab(green)) > 40
    matrix = np.array(BLIND["deuteranope"])
    assert np.linalg.norm(lab(matrix @ red) - lab(matrix @ green)) < 20
