/** What remains of a stream in the notebook when its kernel has ended, and nothing else can say it. */

import { h } from "../lib/dom";
import { htmlOf, type Bundle } from "../lib/outputs";
import type { Piece } from "./feed";
import { visible } from "./visible";

// a saved notebook has no style sheet of ours; as `slot_views.py` has it, for all other ends
const LINE =
  "padding:3px 0;line-height:22px;overflow-wrap:anywhere;" +
  "font-family:var(--jp-ui-font-family,inherit);font-size:var(--jp-ui-font-size1,13px);" +
  "color:var(--jp-ui-font-color2,inherit)";
const TEXT =
  "box-sizing:border-box;margin:0;padding:4px 8px;max-height:24em;overflow:auto;overflow-wrap:anywhere;background:none;" +
  "border-inline-start:2px solid var(--jp-border-color2,currentcolor);white-space:pre-wrap;" +
  "word-break:normal;tab-size:8;unicode-bidi:plaintext;text-align:start;" +
  "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);" +
  "line-height:var(--jp-code-line-height,1.3);color:var(--jp-content-font-color1,inherit)";
const REGION = {
  dir: "auto",
  tabindex: 0,
  role: "region",
  "aria-label": "Generated text",
  "data-lm-suppress-shortcuts": "true",
  "data-wasinn-text": true,
};

/** @param line how it stood, in words. */
export function remainder(line: string, { at, text }: Piece): Bundle {
  const head = h("div", { dir: "auto", style: LINE }, `○ ${line}`);
  if (text === "") return { "text/plain": line, "text/html": htmlOf(head) };
  const before = at === 0 ? "" : `[${at.toLocaleString("en")} characters before this are lost]\n`;
  const shown = before + text;
  const body = h("pre", { ...REGION, style: TEXT }, visible(shown));
  return { "text/plain": `${line}\n${shown}`, "text/html": htmlOf(h("div", {}, head, body)) };
}
