// What is called at a place: QuickJS gives a call that of what it looked at last, be it an argument.
import { tokens } from "./scan.js";

const KEYWORDS = new Set("if for while switch with catch function return await".split(" "));

/**
 * The calls that one at `offset` may be, innermost first: `{ path, start }`, where the path is
 * names, as in `a.b.c`, and `start` is that of the last. Where something else is called is none.
 */
export function callsAround(text, offset) {
  const found = [...tokens(text)];
  const open = [];
  let at = 0;
  for (; at < found.length && found[at].start <= offset; at++) {
    if ("([{".includes(found[at].value)) open.push(at);
    if (")]}".includes(found[at].value)) open.pop();
  }
  // a path whose beginning is there: `new a.b()`
  while (isPath(found[at])) at++;
  if (found[at]?.value === "(") open.push(at);
  const parentheses = open.reverse().filter((index) => found[index].value === "(");
  return parentheses.map((index) => callee(found, index - 1)).filter(Boolean);
}

function isPath(token) {
  return (
    token !== undefined && (token.kind === "word" || token.value === "." || token.value === "?")
  );
}

/** The names that end with the token at `last`. */
function callee(found, last) {
  if (found[last]?.kind !== "word" || KEYWORDS.has(found[last].value)) return null;
  const names = [found[last].value];
  let at = last - 1;
  while (found[at]?.value === ".") {
    if (found[at - 1]?.value === "?") at--;
    if (found[at - 1]?.kind !== "word") return { path: names.join("."), start: found[last].start };
    names.unshift(found[at - 1].value);
    at -= 2;
  }
  return { path: names.join("."), start: found[last].start };
}
