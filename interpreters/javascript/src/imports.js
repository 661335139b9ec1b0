// `import ... from "module"` at the top of a cell, as the assignments that it comes to: a module
// here is an object that has a global name.

const QUOTED = /^["']/;

/**
 * What stands for the declaration that begins with the token at `i`, or what is wrong with it;
 * neither where it is none, which QuickJS will say.
 */
export function importation(text, found, i, missing) {
  const end = found.findIndex((token, at) => at > i && !isClause(token));
  const literal = found[end];
  const names = literal && clause(found.slice(i + 1, end));
  if (!names || !QUOTED.test(literal.value)) return {};
  const module = literal.value.slice(1, -1);
  const problem = missing(module);
  if (problem) return { problem: { start: literal.start, message: problem } };
  for (const { token } of names.members) {
    const message = missing(module, [token.value]);
    if (message) return { problem: { start: token.start, message } };
  }
  const { start } = found[i];
  const value = text.slice(start, literal.start + literal.value.length);
  const members = names.members.map(({ token, as }) => `${token.value}: ${as.value}`).join(", ");
  const wholes = names.wholes.map((name) => `${name.value} = ${module}`);
  const parts = members ? [...wholes, `{ ${members} } = ${module}`] : wholes;
  const lines = value.replace(/[^\n]/g, " ").replace(/^ *(?=\n)|^ *$/, "");
  return {
    edit: {
      start,
      value,
      by: (parts.length ? `var ${parts.join(", ")}` : "") + lines,
      alone: parts.map((part) => `;(${part})`).join("") + lines,
    },
  };
}

function isClause({ kind, value }) {
  return kind === "word" || "{},*".includes(value);
}

/** The names of `A, * as B, { c, d as e } from`; undefined if it is something else. */
function clause(tokens) {
  const wholes = [];
  const members = [];
  const rest = [...tokens];
  const take = (value) => rest[0]?.value === value && rest.shift();
  const word = () => (rest[0]?.kind === "word" ? rest.shift() : undefined);
  if (!rest.length) return { wholes, members };
  const first = rest[0].kind === "word" ? rest.shift() : undefined;
  if (first) wholes.push(first);
  if (!first || take(",")) {
    if (take("*")) {
      const name = take("as") && word();
      if (!name) return undefined;
      wholes.push(name);
    } else if (take("{")) {
      while (!take("}")) {
        const token = word();
        const as = take("as") ? word() : token;
        if (!token || !as) return undefined;
        members.push({ token, as });
        if (!take(",") && rest[0]?.value !== "}") return undefined;
      }
    } else {
      return undefined;
    }
  }
  return take("from") && !rest.length ? { wholes, members } : undefined;
}
