"""The rules of the forest that attachments make, over a plain map of child → parent."""

from __future__ import annotations

from collections.abc import Mapping


def path_up(parents: Mapping[str, str], start: str) -> list[str]:
    """`start` and its ancestors, nearest first. A map that holds a cycle (none of ours does) ends where it comes round."""
    path = [start]
    while (above := parents.get(path[-1])) is not None and above not in path:
        path.append(above)
    return path


def height(parents: Mapping[str, str], root: str) -> int:
    """Edges on the longest way down from `root`."""
    children: dict[str, list[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    level, depth, seen = [root], -1, {root}
    while level:
        depth += 1
        level = [child for node in level for child in children.get(node, ()) if child not in seen]
        seen.update(level)
    return depth


def cycle_path(parents: Mapping[str, str], child: str, parent: str) -> list[str] | None:
    """The cycle that child → parent would close, from the child down to the parent and to the child again; None where it closes none."""
    up = path_up(parents, parent)
    if child not in up:
        return None
    return [*reversed(up[: up.index(child) + 1]), child]


def depth_with(parents: Mapping[str, str], child: str, parent: str) -> int:
    """Attachment edges on the longest path through child → parent, the child's own subtree included."""
    without = {each: above for each, above in parents.items() if each != child}
    return (len(path_up(without, parent)) - 1) + 1 + height(without, child)
