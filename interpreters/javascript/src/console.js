// console, and how it shows values.
import { frames } from "./errors.js";
import { print } from "./output.js";
import { table } from "./table.js";

const DEPTH = 4;
const MOST = 100;
const WIDTH = 80;

/** A value as one reads it. */
export function format(value, depth = 0, seen = []) {
  switch (typeof value) {
    case "string":
      return depth ? JSON.stringify(value) : value;
    case "bigint":
      return `${value}n`;
    case "symbol":
      return value.toString();
    case "function":
      return `[${/^class\b/.test(String(value)) ? "class" : "Function"} ${value.name || "(anonymous)"}]`;
    case "object":
      break;
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
  if (value === null) return "null";
  if (seen.includes(value)) return "[Circular]";
  if (value instanceof Error) return formatError(value);
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Promise) return "Promise {}";
  if (depth > DEPTH) return Array.isArray(value) ? "[Array]" : "[Object]";
  const inner = (item) => format(item, depth + 1, [...seen, value]);
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    const items = Array.from(
      value.subarray ? value.subarray(0, MOST) : value.slice(0, MOST),
      inner,
    );
    if (value.length > MOST) items.push(`... ${value.length - MOST} more`);
    const name = Array.isArray(value) ? "" : `${value.constructor.name}(${value.length}) `;
    return name + laid("[", items, "]");
  }
  if (value instanceof Map) {
    const items = Array.from(value, ([key, item]) => `${inner(key)} => ${inner(item)}`);
    return `Map(${value.size}) ${laid("{", items, "}")}`;
  }
  if (value instanceof Set) return `Set(${value.size}) ${laid("{", Array.from(value, inner), "}")}`;
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "";
  const items = Object.entries(value)
    .slice(0, MOST)
    .map(([key, item]) => `${/^[\w$]+$/.test(key) ? key : JSON.stringify(key)}: ${inner(item)}`);
  const prefix = name && name !== "Object" ? `${name} ` : "";
  return prefix + laid("{", items, "}");
}

function laid(open, items, close) {
  if (!items.length) return open + close;
  const space = open === "{" ? " " : "";
  const line = `${open}${space}${items.join(", ")}${space}${close}`;
  if (line.length <= WIDTH && !line.includes("\n")) return line;
  return `${open}\n${items.map((item) => `  ${item.replaceAll("\n", "\n  ")}`).join(",\n")}\n${close}`;
}

function formatError(error) {
  const head = error.message ? `${error.name}: ${error.message}` : error.name;
  return [head, ...frames(error).map((frame) => `    at ${frame}`)].join("\n");
}

/** The arguments of a console function, with printf's places in the first one. */
function text(values) {
  const [first, ...rest] = values;
  if (typeof first !== "string" || !rest.length) {
    return values.map((value) => format(value)).join(" ");
  }
  const head = first.replace(/%([sdifjoOc%])/g, (whole, kind) => {
    if (kind === "%") return "%";
    if (!rest.length) return whole;
    const value = rest.shift();
    if (kind === "s") return typeof value === "string" ? value : format(value);
    if (kind === "d") return String(Number(value));
    if (kind === "i") return String(Number.parseInt(value, 10));
    if (kind === "f") return String(Number.parseFloat(value));
    if (kind === "j") return JSON.stringify(value);
    return kind === "c" ? "" : format(value, 1);
  });
  return [head, ...rest.map((value) => format(value))].join(" ");
}

let indent = "";
const counts = new Map();
const times = new Map();

function line(channel, values) {
  print(channel, `${indent}${text(values).replaceAll("\n", `\n${indent}`)}\n`);
}

export const console = {
  log: (...values) => line("output", values),
  info: (...values) => line("output", values),
  debug: (...values) => line("output", values),
  warn: (...values) => line("error", values),
  error: (...values) => line("error", values),
  trace: (...values) => {
    const head = values.length ? `Trace: ${text(values)}` : "Trace";
    line("error", [[head, ...frames(new Error()).map((frame) => `    at ${frame}`)].join("\n")]);
  },
  assert: (condition, ...values) => {
    if (!condition) line("error", ["Assertion failed", ...(values.length ? [text(values)] : [])]);
  },
  dir: (value) => line("output", [value]),
  table: (value, columns) =>
    line("output", [table(value, columns, (one) => format(one, 1)) ?? value]),
  group: (...values) => {
    if (values.length) line("output", values);
    indent += "  ";
  },
  groupEnd: () => {
    indent = indent.slice(2);
  },
  count: (label = "default") => {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    line("output", [`${label}: ${counts.get(label)}`]);
  },
  countReset: (label = "default") => counts.delete(label),
  time: (label = "default") => times.set(label, performance.now()),
  timeLog: (label = "default", ...values) => {
    const since = times.get(label);
    if (since === undefined) line("error", [`There is no timer ${label}`]);
    else line("output", [`${label}: ${(performance.now() - since).toFixed(3)} ms`, ...values]);
  },
  timeEnd: (label = "default") => {
    console.timeLog(label);
    times.delete(label);
  },
};
console.groupCollapsed = console.group;
