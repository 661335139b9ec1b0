"""What a slot is without a kernel: a line, and the text if there is one.

It looks as the live view does, by the variables of JupyterLab's theme where there is one.
"""

from __future__ import annotations

from html import escape

from wasinn_nb.notebook import markdown as markdown_views
from wasinn_nb.notebook.figures import Standing
from wasinn_nb.notebook.text import printable

_LINE = (
    "display:flex;align-items:flex-start;column-gap:8px;margin:0;padding:3px 0;line-height:22px;"
    "font-family:var(--jp-ui-font-family,inherit);font-size:var(--jp-ui-font-size1,13px);"
    "color:var(--jp-ui-font-color2,inherit)"
)
_SIGN = "flex:none;width:12px;text-align:center"
_WORDS = "min-width:0;overflow-wrap:anywhere"
_LABEL = "margin-inline-end:4px;font-weight:600;color:var(--jp-ui-font-color1,inherit)"
_BOX = (
    "box-sizing:border-box;margin:0;padding:4px 8px;max-height:24em;overflow:auto;"
    "overflow-wrap:anywhere;background:none;"
    "border-inline-start:2px solid var(--jp-border-color2,currentcolor)"
)
_TEXT = (
    f"{_BOX};white-space:pre-wrap;word-break:normal;tab-size:8;unicode-bidi:plaintext;text-align:start;"
    "font-family:var(--jp-code-font-family,monospace);"
    "font-size:var(--jp-code-font-size,13px);line-height:var(--jp-code-line-height,1.3);"
    "color:var(--jp-content-font-color1,inherit)"
)
# it takes the focus, and the keys that scroll it from JupyterLab, which would go to another cell;
# a live view that it comes after finds it by its mark
_REGION = (
    'dir="auto" tabindex="0" role="region" aria-label="Generated text" '
    'data-lm-suppress-shortcuts="true" data-wasinn-text=""'
)
# the symbols that Unicode has for control characters, but for tab, newline and return
_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"} | {127: 0x2421}


def bundle(standing: Standing, text: str = "", *, markdown: bool = False) -> dict[str, str]:
    """The forms of a line over a text, for a display.

    Args:
        standing: what the line says.
        text: what was generated; nothing is made of what it contains.
        markdown: render it as Markdown.
    """
    line = standing.line()
    head = _line(standing.words(), label=printable(standing.label), sign=standing.sign)
    if not text:
        return {"text/plain": line, "text/html": head}
    rich = markdown_views.rendered(text) if markdown else ""
    if rich:
        body = f'<div {_REGION} style="{_BOX}">{rich}</div>'
    else:
        body = f'<pre {_REGION} style="{_TEXT}">{_safe(text)}</pre>'
    return {"text/plain": f"{line}\n{text}", "text/html": head + body}


def line_bundle(text: str) -> dict[str, str]:
    """The forms of a line of words."""
    return {"text/plain": text, "text/html": _line(text)}


def _safe(text: str) -> str:
    """Text for HTML, in which control characters are seen and not obeyed."""
    return escape(text.translate(_PICTURES))


def _line(words: str, *, label: str = "", sign: str = "") -> str:
    mark = f'<span aria-hidden="true" style="{_SIGN}">{sign}</span> ' if sign else ""
    name = f'<bdi style="{_LABEL}">{escape(label)}</bdi> ' if label else ""
    body = f'<span dir="auto" style="{_WORDS}">{name}{escape(words)}</span>'
    return f'<div style="{_LINE}">{mark}{body}</div>'
