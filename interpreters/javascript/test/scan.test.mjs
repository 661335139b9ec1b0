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
