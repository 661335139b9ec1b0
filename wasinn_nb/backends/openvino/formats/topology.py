"""Order of a graph's nodes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def is_cyclic(nodes: Iterable[Node], links: Iterable[tuple[Node, Node]]) -> bool:
    """Whether following links from some node leads back to it.

    Args:
        links: ``(node, node that must come before)``, both among ``nodes``.
    """
    waits = dict.fromkeys(nodes, 0)
    after: dict[Node, list[Node]] = {}
    for node, before in links:
        waits[node] += 1
        after.setdefault(before, []).append(node)
    ready = [node for node, count in waits.items() if not count]
    done = 0
    while ready:
        done += 1
        for node in after.get(ready.pop(), ()):
            waits[node] -= 1
            if not waits[node]:
                ready.append(node)
    return done < len(waits)
