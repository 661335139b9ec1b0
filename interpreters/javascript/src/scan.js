// Finds what a script declares at its top level, without parsing more than tokens.
import { importation } from "./imports.js";

const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\.?\d[\w.]*/y;
const REGEX = /\/(?:[^\\/[\n]|\\.|\[(?:[^\\\]\n]|\\.)*\])+\/\w*/y;
const SPACE = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)+/y;
const STRING = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y;
// after these a slash begins a regular expression
const BEFORE_REGEX = new Set(
  "return typeof instanceof in of new delete void throw case do else yield await".split(" "),
);

/** The tokens of a script, each with where it is and what is before it. */
export function* tokens(text) {
  let at = 0;
  let previous = null;
  const templates = [];
  let depth = 0;
  let newline = true;
  const take = (pattern) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    return match ? match[0] : null;
  };
  const template = () => {
    for (at++; at < text.length; at++) {
      if (text[at] === "\\") at++;
      else if (text[at] === "`") {
        at++;
        return true;
      } else if (text[at] === "$" && text[at + 1] === "{") {
        at += 2;
        templates.push(depth++);
        return false;
      }
    }
    return true;
  };
  while (at < text.length) {
    const space = take(SPACE);
    if (space) {
      newline ||= space.includes("\n");
      at += space.length;
      continue;
    }
    const start = at;
    let kind = "punctuator";
    let value = text[at];
    const level = depth;
    if (value === "`") {
      kind = template() ? "value" : "open";
      value = "`";
    } else if (value === "}" && templates.at(-1) === depth - 1) {
      depth = templates.pop();
      kind = template() ? "value" : "open";
      value = "`";
    } else if ((value = take(WORD))) {
      kind = "word";
      at += value.length;
    } else if ((value = take(NUMBER) ?? take(STRING))) {
      kind = "value";
      at += value.length;
    } else if (text[at] === "/" && regexMayFollow(previous) && (value = take(REGEX))) {
      kind = "value";
      at += value.length;
    } else {
      value = text[at];
      at++;
      if ("([{".includes(value)) depth++;
      if (")]}".includes(value)) depth--;
    }
    const token = { kind, value, start, depth: Math.min(level, depth), newline, previous };
    yield token;
    newline = false;
    previous = token;
  }
}

function regexMayFollow(previous) {
  if (previous === null || previous.kind === "open") return true;
  if (previous.kind === "word") return BEFORE_REGEX.has(previous.value);
  if (previous.kind === "value") return false;
  return !")]}".includes(previous.value);
}

/** Whether a statement can begin with this token. */
function beginsStatement({ previous, newline }) {
  if (previous === null || ";}".includes(previous.value)) return true;
  if (!newline) return false;
  return previous.kind === "word" || previous.kind === "value" || ")]".includes(previous.value);
}

/**
 * The declarations at the top level of a script.
 *
 * `awaits` tells whether it awaits outside of any function, as far as tokens tell: braces that
 * follow a closing parenthesis and a word `function` or an arrow are functions.
 *
 * @param missing why names cannot be imported of a module, in words, if they cannot
 */
export function declarations(text, missing = () => "") {
  const found = [...tokens(text)];
  const edits = [];
  const inserted = [];
  const functions = [];
  const patterns = [];
  const problems = [];
  let awaits = false;
  const bodies = [];
  for (const [i, token] of found.entries()) {
    const next = found[i + 1];
    if (token.value === "{" && opensFunction(found, i)) bodies.push(token.depth);
    if (token.value === "}" && bodies.at(-1) === token.depth) bodies.pop();
    if (token.value === "await" && token.kind === "word" && !bodies.length && !inArrow(found, i)) {
      awaits ||= token.previous?.value !== "." && next !== undefined && next.value !== "=";
    }
    if (token.value === "import" && next?.value === "(" && isExpression(found, i)) {
      edits.push({ ...token, by: "$mport", alone: "$mport" });
    }
    if (token.kind !== "word" || token.depth !== 0 || token.previous?.value === ".") continue;
    if (token.value === "const" || token.value === "let" || token.value === "var") {
      if (!next || (next.kind !== "word" && !"[{".includes(next.value))) continue;
      if (next.kind === "word") {
        edits.push({ ...token, by: "var", alone: "" });
      } else {
        edits.push({ ...token, by: "var", alone: "var" });
        for (let j = i + 2; j < found.length && found[j].depth > 0; j++) {
          const { kind, value, previous } = found[j];
          const isKey = found[j + 1]?.value === ":";
          if (kind === "word" && !isKey && previous.value !== "=") patterns.push(value);
        }
      }
    } else if (token.value === "class" && next?.kind === "word" && beginsStatement(token)) {
      edits.push({ ...token, by: `var ${next.value} = class`, alone: `${next.value} = class` });
      // as an expression it goes on until something ends it
      const end = closing(found, i);
      if (end) edits.push({ start: end.start + 1, value: "", by: ";", alone: ";" });
    } else if (token.value === "import" && next && next.value !== "(" && beginsStatement(token)) {
      const { edit, problem } = importation(text, found, i, missing);
      if (edit) edits.push(edit);
      if (problem) problems.push(problem);
    } else if (token.value === "export" && next && beginsStatement(token)) {
      const message =
        "a cell exports nothing: what it declares is there for the next cell of its --name";
      problems.push({ start: token.start, message });
    } else if (token.value === "function" && beginsStatement(token)) {
      const name = next?.value === "*" ? found[i + 2] : next;
      if (name?.kind === "word") functions.push(name.value);
    } else if (token.value === "async" && next?.value === "function" && beginsStatement(token)) {
      const name = found[i + 2]?.value === "*" ? found[i + 3] : found[i + 2];
      if (name?.kind === "word") functions.push(name.value);
    }
  }
  const replaced = (isAsync) => {
    let result = "";
    let at = 0;
    for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
      const by = (isAsync ? edit.alone : edit.by).padEnd(edit.value.length);
      result += text.slice(at, edit.start) + by;
      at = edit.start + edit.value.length;
      if (by.length > edit.value.length) {
        const before = text.slice(0, edit.start).split("\n");
        const column = before.at(-1).length + 1;
        inserted.push({ line: before.length, column, length: by.length - edit.value.length });
      }
    }
    return result + text.slice(at);
  };
  return { awaits, functions, patterns, problems, inserted, replaced };
}

/** Whether `import (` at `i` is no method of that name. */
function isExpression(found, i) {
  if (found[i].kind !== "word" || found[i].previous?.value === ".") return false;
  const { depth } = found[i + 1];
  const end = found.slice(i + 2).findIndex((one) => one.value === ")" && one.depth === depth);
  return end < 0 || found[i + 3 + end]?.value !== "{";
}

/** The brace that ends the class at `i`. */
function closing(found, i) {
  const { depth } = found[i];
  let open = i + 1;
  while (open < found.length && !(found[open].value === "{" && found[open].depth === depth)) open++;
  return found.slice(open + 1).find((token) => token.value === "}" && token.depth === depth);
}

/** Whether the brace at `i` opens the body of a function or a method. */
function opensFunction(found, i) {
  const previous = found[i - 1];
  if (previous?.value === ">" && found[i - 2]?.value === "=") return true;
  if (previous?.value !== ")") return false;
  let j = i - 1;
  const { depth } = previous;
  while (j >= 0 && !(found[j].value === "(" && found[j].depth === depth)) j--;
  const name = found[j - 1];
  return name?.kind === "word" &&
    !["if", "for", "while", "switch", "with", "catch", "await"].includes(name.value)
    ? true
    : name?.value === "*";
}

/** Whether the token at `i` is in the body of an arrow function that has no braces. */
function inArrow(found, i) {
  const { depth } = found[i];
  for (let j = i - 1; j >= 0 && found[j].depth >= depth; j--) {
    if (found[j].depth > depth) continue;
    if (found[j].value === ";" || (found[j].newline && beginsStatement(found[j]))) return false;
    if (found[j].value === ">" && found[j - 1]?.value === "=") return true;
  }
  return false;
}
