/** What remains of a stream in the notebook when its kernel has ended, and nothing else can say it. */

import { h } from "../lib/dom";
import { htmlOf, type Bundle } from "../lib/outputs";
import type { Piece } from "./feed";
import { visible } from "./visible";

// a saved notebook has no style sheet of ours; these are what JupyterLab lets an output have
const BOX = "max-height:24em;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere";

/** @param line how it stood, in words. */
export function remainder(line: string, { at, text }: Piece): Bundle {
  if (text === "") return { "text/plain": line, "text/html": htmlOf(h("div", {}, line)) };
  const before = at === 0 ? "" : `[${at.toLocaleString("en")} characters before this are lost]\n`;
  const shown = before + text;
  const box = h("pre", { dir: "auto", tabindex: 0, style: BOX }, visible(shown));
  return {
    "text/plain": `${line}\n${shown}`,
    "text/html": htmlOf(h("div", {}, h("div", {}, line), box)),
  };
}
