import { describe, expect, it } from "vitest";
import { findMagic, languageOf, tokens } from "../../src/language/magic";

function read(text: string): string[] {
  return tokens(text).map(({ part, from, to }) => `${part} ${text.slice(from, to)}`);
}

function language(text: string): string {
  const magic = findMagic([text]);
  return magic ? languageOf(magic) : "no magic";
}

describe("the magic line", () => {
  it.each([
    ["%%wasinn c\nint x;", 0],
    ["%%wasinn", 0],
    ["\n \t\n%%wasinn c", 4],
    ["  %%wasinn c", 0],
    ["%%time\n%%wasinn c", 7],
    ["%%capture out\n\n%%time\n%%wasinn c", 22],
  ])("is found where IPython takes it: %j", (text, from) => {
    expect(findMagic(text.split("\n"))?.from).toBe(from);
  });

  it.each([
    "",
    "x = 1\n%%wasinn c",
    "# c\n%%wasinn c",
    "%wasinn load story file.gguf",
    "%%wasinnow c",
    "%% wasinn c",
    "%%wasinn\tc",
    "%%wasinn?",
    "%%bash\n%%wasinn c",
    "%%timer\n%%wasinn c",
  ])("is not found in %j", (text) => {
    expect(findMagic(text.split("\n"))).toBeNull();
  });

  it("says where it lies in the cell", () => {
    expect(findMagic(["", "%%wasinn c", "int x;"])).toEqual({
      from: 1,
      to: 11,
      text: "%%wasinn c",
    });
  });
});

describe("the language", () => {
  it.each([
    ["%%wasinn c", "c"],
    ["%%wasinn  C++ ", "cpp"],
    ["%%wasinn Wast", "wat"],
    ["%%wasinn 'zig'", "zig"],
    ["%%wasinn --no-run rust --debug", "rust"],
    ["%%wasinn --timeout 5 --model a=c go", "go"],
    ["%%wasinn --model=c zig", "zig"],
    ["%%wasinn --flag=-lm c", "c"],
    ["%%wasinn --unknown c", "c"],
    ["%%wasinn cobol c", ""],
    ["%%wasinn --name c", ""],
    ["%%wasinn -- c", ""],
    ["%%wasinn", ""],
  ])("of %j is %j", (text, name) => {
    expect(language(text)).toBe(name);
  });
});

describe("the words of a magic line", () => {
  it("are told apart", () => {
    expect(read("%%wasinn c --model m=story --timeout 2.5 --env K=V --no-run -- one $two")).toEqual(
      [
        "Magic %%wasinn",
        "Language c",
        "Option --model",
        "Key m",
        "Equals =",
        "Model story",
        "Option --timeout",
        "Number 2.5",
        "Option --env",
        "Key K",
        "Equals =",
        "Value V",
        "Option --no-run",
        "Separator --",
        "Argument one",
        "Variable $two",
      ],
    );
  });

  it("take quotes as a shell does", () => {
    expect(read("%%wasinn c --model 'my story' --dir \"a b\":/x:rw -- it\\'s -- 'open")).toEqual([
      "Magic %%wasinn",
      "Language c",
      "Option --model",
      "Model 'my story'",
      "Option --dir",
      'Value "a b":/x:rw',
      "Separator --",
      "Argument it\\'s",
      "Argument --",
      "Argument 'open",
    ]);
  });

  it("hold variables, unless the dollar sign stands for itself", () => {
    expect(read("%%wasinn c --env K=a$b,c --in x --dir $$d --model=$m -- $1")).toEqual([
      "Magic %%wasinn",
      "Language c",
      "Option --env",
      "Key K",
      "Equals =",
      "Value a",
      "Variable $b",
      "Value ,c",
      "Option --in",
      "Variable x",
      "Option --dir",
      "Value $$d",
      "Option --model",
      "Equals =",
      "Variable $m",
      "Separator --",
      "Argument $1",
    ]);
  });

  it("look like nothing where the kernel knows none such", () => {
    expect(read("  %%wasinn cobol --modle x more")).toEqual(["Magic %%wasinn"]);
    expect(read("print(1)")).toEqual([]);
  });
});
