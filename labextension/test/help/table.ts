/** A table such as kernels send, with a word of every sort. */

import { readTable } from "../../src/help/table";

export const TABLE = readTable({
  cell: {
    language: "one of c, zig",
    "--model": "the only models this guest may load",
    "--env": "an environment variable of the guest",
    "--compat": "which host's reading of the ABI",
    "--no-run": "build only",
  },
  verbs: {
    load: {
      summary: "Register a model under a name and load it.",
      usage: "%wasinn load NAME SOURCE [options]",
      options: { name: "the name guests load it by", source: "a file", "--set": "a setting" },
    },
    unload: { summary: "Free memory.", usage: "%wasinn unload", options: { names: "models" } },
    export: {
      summary: "Save a guest.",
      usage: "%wasinn export",
      options: { name: "a guest's name", file: "where to" },
    },
    config: {
      summary: "Pin settings.",
      usage: "%wasinn config NAME",
      options: { name: "a model", "--unset": "drop a pin" },
    },
  },
  settings: { "ctx-size": "Context length.", "flash-attn": "Flash attention. Default: auto." },
  preferences: { stream: "Show tokens." },
  metavars: {
    language: "LANGUAGE",
    "--model": "ALIAS[=NAME]",
    "--env": "K=V",
    "--compat": "DIALECT",
    "--set": "KEY=VALUE",
    "--unset": "KEY",
    name: "NAME",
    names: "NAME",
    source: "SOURCE",
    file: "FILE",
  },
  values: {
    language: ["c", "zig"],
    "--compat": ["auto", "strict"],
    "flash-attn": ["auto", "on", "off"],
  },
});
