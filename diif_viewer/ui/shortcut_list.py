"""What people read of the table of actions: groups of keys and what they do."""

from __future__ import annotations

from diif_viewer.ui.actions import ACTIONS, GESTURES, LOOKS, MOUSE, ROWS, ZOOMS, ActionRow
from diif_viewer.ui.keys import Keys, readable
from diif_viewer.ui.language import tr
from diif_viewer.ui.reduced import all_methods


def rows_of(keys: Keys) -> tuple[ActionRow, ...]:
    """All rows, and those of models that somebody added."""
    added = (method for method in all_methods() if not method.letter and f"method_{method.name}" in keys)
    return (*ROWS, *(ActionRow(f"method_{method.name}", method.label, "Method", ()) for method in added))


def name_of(row: ActionRow) -> str:
    """What an action is called in the present language, in a list."""
    return tr(row.label).rstrip("…")


def shortcut_lines(keys: Keys | None = None) -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, [(keys, what they do)]) for people, gestures first. keys: None for those of the tables."""
    groups = {tr(MOUSE): [(tr(gesture), tr(words)) for gesture, words in GESTURES]}
    added = () if keys is None else rows_of(keys)[len(ROWS) :]
    for row in (*ZOOMS, *LOOKS, *added, *ACTIONS):
        held = row.keys if keys is None else tuple(map(readable, keys.of(row.name)))
        groups.setdefault(tr(row.group), []).append((", ".join(held), name_of(row)))
    return list(groups.items())


def shortcut_table() -> str:
    """The same as Markdown, for docs/window.md."""
    rows = ["| | |", "|---|---|"]
    for group, lines in shortcut_lines():
        rows.append(f"| **{group}** | |")
        rows += [f"| {keys} | {words} |" for keys, words in lines]
    return "\n".join(rows)
