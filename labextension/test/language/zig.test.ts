import { indentRange } from "@codemirror/language";
import { describe, expect, it } from "vitest";
import { cell, looks, registry } from "./cells";
import { GuestLanguages } from "../../src/language/languages";

function look(code: string): string[] {
  return looks(cell(`%%wasinn zig\n${code}`)).slice(2);
}

/** What brackets and separators are is no question here. */
function words(code: string): string[] {
  return look(code).filter((found) => !found.endsWith(":punctuation"));
}

describe("Zig", () => {
  it.each([
    [
      "// a\n/// b\n//! c\n//// d",
      ["// a:comment", "/// b:comment", "//! c:comment", "//// d:comment"],
    ],
    ['"a\\"b//c" d', ['"a\\"b//c":string', "d:variableName"]],
    ["'\\'' 'x'", ["'\\'':string", "'x':string"]],
    ['\\\\one "two" // three\n', ['\\\\one "two" // three:string']],
    ['"open\nx', ['"open:string', "x:variableName"]],
    [
      "0xFF_a0 1_000.5e-3 0b01 0o7 1..2",
      [
        "0xFF_a0:number",
        "1_000.5e-3:number",
        "0b01:number",
        "0o7:number",
        "1:number",
        "..:operator",
        "2:number",
      ],
    ],
    ['@import @"while"', ["@import:variableName", '@"while":variableName']],
    ["true null undefined", ["true:bool", "null:keyword", "undefined:atom"]],
    [
      "u8 usize i128 anyerror u8x",
      ["u8:typeName", "usize:typeName", "i128:typeName", "anyerror:typeName", "u8x:variableName"],
    ],
    ["ArrayList std MAX", ["ArrayList:typeName", "std:variableName", "MAX:variableName"]],
    [
      "a.len a.* b.?",
      [
        "a:variableName",
        ".:operator",
        "len:propertyName",
        "a:variableName",
        ".*:operator",
        "b:variableName",
        ".?:operator",
      ],
    ],
    ["a /b // c", ["a:variableName", "/:operator", "b:variableName", "// c:comment"]],
  ])("reads %j", (code, expected) => {
    expect(words(code)).toEqual(expected);
  });

  it("knows what is defined from what is used", () => {
    expect(words("pub fn add(a: *const T) void").slice(0, 3)).toEqual([
      "pub:keyword",
      "fn:keyword",
      "add:variableName definition",
    ]);
    expect(words("const x: []const y = z;")).toEqual([
      "const:keyword",
      "x:variableName definition",
      "const:keyword",
      "y:variableName",
      "=:operator",
      "z:variableName",
    ]);
    expect(words("var x: *align(4) const y = z;")).toContain("y:variableName");
  });

  it("knows labels", () => {
    expect(words("const x = done: { break :done 1; };")).toEqual([
      "const:keyword",
      "x:variableName definition",
      "=:operator",
      "done:labelName",
      "break:keyword",
      "done:labelName",
      "1:number",
    ]);
    expect(words("outer: while (true) continue :outer;")).toContain("outer:labelName");
    expect(words("const S = struct { outer: bool };")).toContain("outer:variableName");
  });

  it("is indented as `zig fmt` has it", () => {
    const code = `const S = struct {
    x: u8 = 0,

    pub fn get(self: *const S) u8 {
        return switch (self.x) {
            0 => blk: {
                break :blk 1; // }
            },
            else => self.x,
        };
    }
};

const text =
    \\\\one {
    \\\\two
;

pub fn main() !void {
    const value = compute(.{
        .a = 1,
        .b = "{",
    });
    if (value > 1)
        return error.Bad
    else
        call(
            value,
        );
}
`;
    const state = cell(`%%wasinn zig\n${code}`);
    const flat = state.update({
      changes: [...code.matchAll(/^ +/gm)].map(({ index, 0: { length } }) => {
        const from = "%%wasinn zig\n".length + index;
        return { from, to: from + length };
      }),
    }).state;
    const { newDoc } = flat.update({ changes: indentRange(flat, 0, flat.doc.length) });
    expect(newDoc.sliceString("%%wasinn zig\n".length)).toBe(code);
  });

  it("comes into JupyterLab's list of languages, unless it has a Zig of its own", () => {
    const jupyter = registry();
    new GuestLanguages(jupyter);
    const ours = jupyter.findByFileName("main.zig");
    expect(ours?.name).toBe("Zig");
    new GuestLanguages(jupyter);
    expect(jupyter.getLanguages().filter(({ name }) => name === "Zig")).toEqual([ours]);
  });
});
