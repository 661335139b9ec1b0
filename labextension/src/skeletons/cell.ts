/** Guest cells to begin with: each tells a story with a language model, piece by piece. */

import assemblyscript from "./guest.assemblyscript?raw";
import c from "./guest.c?raw";
import cpp from "./guest.cpp?raw";
import go from "./guest.go?raw";
import js from "./guest.js?raw";
import python from "./guest.python?raw";
import rust from "./guest.rust?raw";
import wat from "./guest.wat?raw";
import zig from "./guest.zig?raw";
import { PROMPT } from "./prompt";

/** What a guest calls the model that it uses. */
const ALIAS = "default";

/** Sources by language. */
export const SOURCES: Record<string, string> = {
  assemblyscript,
  c,
  cpp,
  go,
  js,
  python,
  rust,
  wat,
  zig,
};

/** The text of a guest cell that uses a model; of a language without a skeleton the first line. */
export function guestCell(language: string, model: string): string {
  const source = SOURCES[language];
  if (source === undefined) return `%%wasinn ${language}\n`;
  return `%%wasinn ${language} --model ${ALIAS}=${model} -- "${PROMPT}"\n${source.trimEnd()}`;
}
