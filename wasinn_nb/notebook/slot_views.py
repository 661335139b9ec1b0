"""What a slot is without a kernel: a line, and the text if there is one.

It looks as the live view does, by the variables of JupyterLab's theme where there is one.
"""

from __future__ import annotations

from html import escape

from wasinn_nb.notebook import markdown as markdown_views

_LINE = (
    "min-height:28px;line-height:28px;overflow-wrap:anywhere;"
    "font-family:var(--jp-ui-font-family,inherit);font-size:var(--jp-ui-font-size1,13px);"
    "color:var(--jp-ui-font-color2,inherit)"
)
_BOX = (
    "margin:0;padding:4px 8px;max-height:24em;overflow:auto;overflow-wrap:anywhere;"
    "background:none;border-inline-start:2px solid var(--jp-border-color2,currentcolor)"
)
_TEXT = (
    f"{_BOX};white-space:pre-wrap;unicode-bidi:plaintext;"
    "font-family:var(--jp-code-font-family,monospace);"
    "font-size:var(--jp-code-font-size,13px);line-height:var(--jp-code-line-height,1.3);"
    "color:var(--jp-content-font-color1,inherit)"
)


def bundle(line: str, text: str = "", *, markdown: bool = False) -> dict[str, str]:
    """The forms of a line of words over a text, for a display.

    Args:
        line: one line.
        text: what was generated; nothing is made of what it contains.
        markdown: render it as Markdown.
    """
    if not text:
        return {"text/plain": line, "text/html": _line(line)}
    plain = f"{line}\n{text}"
    rich = markdown_views.rendered(text) if markdown else ""
    if not rich:
        return {
            "text/plain": plain,
            "text/html": f'{_line(line)}<pre dir="auto" style="{_TEXT}">{escape(text)}</pre>',
        }
    return {
        "text/plain": plain,
        "text/html": f'{_line(line)}<div dir="auto" style="{_BOX}">{rich}</div>',
    }


def _line(text: str) -> str:
    return f'<div dir="auto" style="{_LINE}">{escape(text)}</div>'
