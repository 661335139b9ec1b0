// AssemblyScript's compiler as a service: one JSON object a line comes in on standard input, one goes
// out on standard output. Loading the compiler takes two seconds, a cell some tenths of one.
//
//   node asc.mjs PATH-OF-ASSEMBLYSCRIPT SECONDS
//
// It ends with its input, when nobody has asked for anything for SECONDS, and after a request that has
// left it with much memory.

import fs from "node:fs";
import modules from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [home, idleSeconds] = process.argv.slice(2);
const MOST_MEMORY = 700e6;
const ENTRY = "cell.ts";
const OUTPUT = "cell.wasm";
const KEPT = [
  "array/",
  "dataview/",
  "map/",
  "set/",
  "staticarray/",
  "string/",
  "typedarray/",
  "wasi_nn/",
];
const WARNING = 2;
const ERROR = 3;

const { default: compiler, ...named } = await import(url("dist/asc.js"));
const { CommonFlags, NodeKind } = await import(url("dist/assemblyscript.js"));
const { main, libraryFiles } = { ...compiler, ...named };
modules.flushCompileCache?.(); // it is usually killed
const standard = new Set(Object.keys(libraryFiles));

function url(file) {
  return pathToFileURL(path.join(home, file)).href;
}

/** The SDK, as if it were part of the standard library. */
function addLibrary(folder) {
  for (const name of Object.keys(libraryFiles)) if (!standard.has(name)) delete libraryFiles[name];
  for (const file of fs.readdirSync(folder, { recursive: true })) {
    if (!file.endsWith(".ts")) continue;
    const name = file.replaceAll(path.sep, "/").replace(/\.ts$/, "");
    libraryFiles[name] = fs.readFileSync(path.join(folder, file), "utf8");
  }
}

/** Where in a text an offset is: a line, and a column in bytes of UTF-8, both from 1. */
function place(text, offset) {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  return `${line}:${Buffer.byteLength(before.slice(start)) + 1}`;
}

async function compile({ text, cwd, library, flags, fast }) {
  process.chdir(cwd);
  addLibrary(library);
  const read = new Map([[ENTRY, text]]);
  const used = new Set();
  const output = new Map();
  const log = [];

  function textOf(file) {
    if (file.startsWith("~lib/")) return libraryFiles[file.slice(5).replace(/\.ts$/, "")];
    return read.get(path.normalize(file));
  }

  function at(range) {
    const file = range?.source?.normalizedPath;
    const source = file && textOf(file);
    return source ? `${file}:${place(source, range.start)}: ` : "";
  }

  const result = await main([ENTRY, "--outFile", OUTPUT, ...flags], {
    stdout: { write() {} },
    stderr: {
      write(said) {
        const unknown =
          /Unknown option '(.*)'/.exec(said) ?? /Unsupported trailing.*: (.*)/.exec(said);
        if (unknown) log.push(`error: unknown option '${unknown[1]}'`);
      },
    },
    readFile(name) {
      const file = path.normalize(name);
      if (path.basename(file) === "asconfig.json") return null; // the user's has other targets
      if (!read.has(file)) {
        try {
          read.set(file, fs.readFileSync(file, "utf8"));
          used.add(path.resolve(file));
        } catch {
          read.set(file, null);
        }
      }
      return read.get(file);
    },
    writeFile: (name, content) => void output.set(name, content),
    listFiles: () => [],
    reportDiagnostic({ message, code, category, range, relatedRange }) {
      if (category < WARNING) return;
      const severity = category === ERROR ? "error" : "warning";
      log.push(`${at(range)}${severity}: ${message.replaceAll("\n", " ")} [TS${code}]`);
      if (relatedRange) log.push(`${at(relatedRange)}note: this is the other`);
    },
    transforms: [
      class {
        afterParse(parser) {
          const entry = parser.sources.find((source) => source.normalizedPath === ENTRY);
          if (entry) log.push(...suit(entry, this.program.options, at));
        }

        afterCompile(binary) {
          placeAgain(this.program, this.binaryen);
          if (!fast) keepCalls(this.binaryen, binary);
        }
      },
    ],
  });
  if (result.error && !log.some((line) => line.includes("error: "))) {
    log.push(`error: ${result.error.message.split("\n")[0]}`);
  }
  const refused = result.error || log.some((line) => line.startsWith("error: "));
  return {
    log: log.join("\n"),
    used: [...used],
    wasm: refused ? null : Buffer.from(output.get(OUTPUT) ?? "").toString("base64"),
    map: output.get(`${OUTPUT}.map`) ?? null,
  };
}

/**
 * Functions that hold objects are made anew when they are given a stack for the garbage collector, and
 * lose the places of their expressions with it; the expressions themselves are the same. A call whose
 * result is dropped needs a place of its own, since the optimiser takes the drop away.
 */
function placeAgain(program, binaryen) {
  const { module } = program;
  const starts = [...program.filesByName.values()].map((file) => file.startFunction);
  for (const one of [...program.instancesByName.values(), ...starts]) {
    const made = one.addDebugInfo && module.getFunction(one.internalName);
    if (!made) continue;
    one.addDebugInfo(program.module, made);
    for (const [expression, range] of one.debugLocations) {
      if (binaryen.getExpressionId(expression) !== binaryen.DropId) continue;
      const { value } = binaryen.getExpressionInfo(expression);
      const line = range.source.lineAt(range.start);
      const column = range.source.columnAt() - 1;
      module.setDebugLocation(made, value, range.source.debugInfoIndex, line, column);
    }
  }
}

/** What can end the program is not inlined: its caller's place is the one that somebody looks for. */
function keepCalls(binaryen, binary) {
  for (const one of KEPT) {
    binaryen.setPassArgument("no-inline", `~lib/${one}*`);
    binary.runPasses(["no-inline"]);
  }
  binaryen.setPassArgument("no-inline", null);
}

const DECLARING = new Set([
  NodeKind.Import,
  NodeKind.Export,
  NodeKind.ExportImport,
  NodeKind.ExportDefault,
  NodeKind.ClassDeclaration,
  NodeKind.InterfaceDeclaration,
  NodeKind.EnumDeclaration,
  NodeKind.FunctionDeclaration,
  NodeKind.NamespaceDeclaration,
  NodeKind.TypeDeclaration,
  NodeKind.Empty,
]);
/** A cell that does nothing but export functions is a library of them. */
function suit(entry, options, at) {
  const does = entry.statements.some((one) => !DECLARING.has(one.kind));
  const functions = entry.statements.filter((one) => one.kind === NodeKind.FunctionDeclaration);
  const exported = functions.filter((one) => (one.flags & CommonFlags.Export) !== 0);
  if (exported.some((one) => one.name.text === "_start")) options.exportStart = null;
  else if (!does && exported.length) options.exportStart = "_initialize";
  const unused = functions.find((one) => one.name.text === "main");
  if (does || exported.length || !unused) return [];
  return [`${at(unused.name.range)}warning: nothing calls main: end the cell with main()`];
}

let timer;
function rest() {
  if (process.memoryUsage.rss() > MOST_MEMORY) process.exit(0);
  timer = setTimeout(() => process.exit(0), idleSeconds * 1000);
}

rest();
for await (const line of createInterface({ input: process.stdin })) {
  clearTimeout(timer);
  let answer;
  try {
    answer = await compile(JSON.parse(line));
  } catch (error) {
    answer = {
      log: `error: the compiler failed: ${String(error?.message ?? error)}`,
      used: [],
      wasm: null,
      map: null,
    };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`, rest);
}
process.exit(0);
