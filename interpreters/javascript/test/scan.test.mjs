import { describe, expect, test } from "vitest";

import { declarations } from "../src/scan.js";

const script = (text) => declarations(text).replaced(false);

describe("declarations at the top level", () => {
  test.each([
    ["const a = 1", "var   a = 1"],
    ["let a, b", "var a, b"],
    ["let { a } = b", "var { a } = b"],
    ["let = 1", "let = 1"],
    ["for (let i of a) { const b = 1 }", "for (let i of a) { const b = 1 }"],
    ["f(function () { let a })", "f(function () { let a })"],
    ["class A {}", "var A = class A {};"],
    ["const B = class A {}", "var   B = class A {}"],
    [
      "class A extends f({}) { m() { class C {} } }",
      "var A = class A extends f({}) { m() { class C {} } };",
    ],
    ["a.class\nb", "a.class\nb"],
    ["`${`let ${{}}`} const a`\nlet b", "`${`let ${{}}`} const a`\nvar b"],
    ["/[/`]/.test(a)\nlet b", "/[/`]/.test(a)\nvar b"],
    ["a / let_ / b; let c", "a / let_ / b; var c"],
    ["'\\'let a'; let b // let c\n/* let d */", "'\\'let a'; var b // let c\n/* let d */"],
  ])("%s", (text, expected) => {
    expect(script(text)).toBe(expected);
  });
});

describe("awaiting at the top level", () => {
  test.each([
    ["await f()", true],
    ["if (a) { await f() }", true],
    ["for await (const a of b) {}", true],
    ["const f = async () => { await g() }", false],
    ["const f = async () => await g()", false],
    ["async function f() { for (;;) { await g() } }", false],
    ["({ async f() { await g() } })", false],
    ["a.await", false],
    ["'await f()'", false],
  ])("%s", (text, expected) => {
    expect(declarations(text).awaits).toBe(expected);
  });

  test("what a pattern binds is known", () => {
    const found = declarations("const { a, b: [c], ...d } = await f()");
    expect(found.patterns).toEqual(["a", "c", "d"]);
  });
});

describe("imports", () => {
  const known = (module, names = []) => {
    if (module !== "nn") return `no ${module}`;
    return names.includes("Z") ? "no Z" : "";
  };
  const scanned = (text) => declarations(text, known);

  test.each([
    ['import { A } from "nn"; b', "var { A: A } = nn     ; b", ";({ A: A } = nn)"],
    ['import { A as B, C } from "nn"', "var { A: B, C: C } = nn", "({ A: B, C: C } = nn)"],
    ["import a from 'nn'", "var a = nn", ";(a = nn)"],
    ['import * as a from "nn"', "var a = nn", ";(a = nn)"],
    ['import a, { B } from "nn"', "var a = nn, { B: B } = nn", ";(a = nn);({ B: B } = nn)"],
    ['import "nn"; a', "; a", "; a"],
    ['import { A,\n  B } from "nn"; c', "\n              ; c", "\n              ; c"],
    ['f(import("x"))', 'f($mport("x"))', 'f($mport("x"))'],
  ])("%s", (text, script, inFunction) => {
    const plain = (source) => source.replace(/ +(?=;|$)/g, "");
    const found = scanned(text);
    expect(found.problems).toEqual([]);
    expect(plain(found.replaced(false))).toContain(plain(script));
    expect(plain(found.replaced(true))).toContain(plain(inFunction));
  });

  test.each(["({ import(a) { b } })", "a.import(b)", "import a b", 'import { a b } from "nn"'])(
    "%s is left as it is",
    (text) => {
      expect(scanned(text)).toMatchObject({ problems: [] });
      expect(scanned(text).replaced(false)).toBe(text);
    },
  );

  test.each([
    ['import { A } from "other"', 18, "no other"],
    ['import { A, Z } from "nn"', 12, "no Z"],
    ["a;\nexport const b = 1", 3, "exports nothing"],
  ])("%s is refused", (text, start, message) => {
    const [problem] = scanned(text).problems;
    expect(problem.start).toBe(start);
    expect(problem.message).toContain(message);
  });
});
