"""Markdown that a model wrote, as HTML that can do nothing but be read."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

LONGEST = 200_000
"""Characters of one text that are rendered; a longer one is shown as it is."""

_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)


def rendered(text: str) -> str:
    """``text`` as HTML; empty if it is too long.

    HTML in it is shown as text. Links lead to web and mail addresses only, and pictures are links,
    because loading one would tell its server who reads.
    """
    return _parser().render(text) if len(text) <= LONGEST else ""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.disable("image")
    parser.validateLink = lambda url: bool(_LINK.match(url.strip()))  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link)
    return parser


def _link(renderer, tokens, at, options, _env):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    tokens[at].attrSet("rel", "noopener noreferrer nofollow")
    tokens[at].attrSet("target", "_blank")
    return renderer.renderToken(tokens, at, options, _env)
