"""Ways of comparing, in the real program with real keys: a held key, four panes, the truth."""

from __future__ import annotations

import time

import pytest

from tests.end_to_end.desktop import Program, until
from tests.end_to_end.test_program import SAMPLE, Start, display, pytestmark, start

__all__ = ["display", "pytestmark", "start"]


def focus(program: Program, name: str) -> None:
    """Give the keyboard to a window, as a window manager does."""
    until(lambda: program.find(name))
    program.input("windowfocus", "--sync", program.find(name)[-1])


def opened(start: Start) -> Program:
    program = start(str(SAMPLE))
    program.wait_for(lambda s: s.get("picture") and s["device"] and s["sharp"])
    focus(program, "DIIF Viewer")
    return program


@pytest.mark.timeout(600)
def test_a_held_key_shows_the_other_method_until_it_is_let_go(start: Start) -> None:
    program = opened(start)
    program.input("key", "4")
    program.wait_for(lambda s: s["scale"] == 4 and s["sharp"])
    program.input("keydown", "space")
    program.wait_for(lambda s: s["methods"] == ["bicubic"] and s["sharp"])
    time.sleep(1.0)  # the server repeats the key meanwhile
    assert program.status()["methods"] == ["bicubic"]
    program.input("keyup", "space")
    program.wait_for(lambda s: s["methods"] == ["diif-s-lite"] and s["sharp"])


@pytest.mark.timeout(600)
def test_four_panes_tell_how_near_each_comes_to_the_truth(start: Start) -> None:
    program = opened(start)
    program.input("key", "ctrl+t")
    focus(program, "Compare with the truth")
    program.input("key", "Return")
    program.wait_for(lambda s: s.get("scale") == 4 and "psnr" in s["panes"][0])
    focus(program, "DIIF Viewer")
    program.input("key", "F6")
    facts = program.wait_for(lambda s: len(s["panes"]) == 4 and s["sharp"] and all(p.get("ssim") for p in s["panes"]))
    scores = {pane["method"]: (pane["psnr"], pane["ssim"]) for pane in facts["panes"]}
    assert facts["layout"] == "four"
    for model in ("liif-lite", "diif-lite", "diif-s-lite"):
        assert scores[model] > scores["bicubic"]
        assert scores[model][1] > scores["bicubic"][1]
    program.input("key", "t")
    program.wait_for(lambda s: s["methods"][-1] == "truth" and s["sharp"])
