/** Quantities and lists in words: the same words that the Python side uses in tables and errors. */

import { trans } from "./translation";

const UNITS: ((size: string) => string)[] = [
  (size) => trans._n("%2 byte", "%2 bytes", Math.abs(Number(size)), size),
  (size) => trans.__("%1 KB", size),
  (size) => trans.__("%1 MB", size),
  (size) => trans.__("%1 GB", size),
  (size) => trans.__("%1 TB", size),
];

/** A size: powers of 1000, three digits (`1.23 GB`, `45.6 MB`, `0 bytes`). */
export function formatBytes(count: number): string {
  let size = Math.abs(count);
  const sign = count < 0 && size >= 0.5 ? "-" : "";
  let unit = 0;
  while (unit < UNITS.length - 1 && Number(fixed(size, 0)) >= 1000) {
    size /= 1000;
    unit++;
  }
  const digits = unit === 0 || size >= 99.95 ? 0 : size < 9.995 ? 2 : 1;
  return UNITS[unit]?.(`${sign}${fixed(size, digits)}`) ?? "";
}

/** Seconds in the unit that reads best: `8 ms`, `1.3 s`, `2 min 5 s`. */
export function duration(seconds: number): string {
  if (seconds < 0.9995) {
    const exact = seconds < 0.00995;
    const thousandths = exact ? Number((seconds * 1000).toPrecision(2)) : fixed(seconds * 1000, 0);
    return trans.__("%1 ms", thousandths);
  }
  if (seconds < 59.95) return trans.__("%1 s", fixed(seconds, 1));
  const whole = Number(fixed(seconds, 0));
  return trans.__("%1 min %2 s", Math.floor(whole / 60), whole % 60);
}

/** Seconds of something that goes on, in whole ones: tenths would flicker. */
export function wholeSeconds(seconds: number): string {
  const past = Math.floor(seconds);
  return past < 60 ? trans.__("%1 s", past) : duration(past);
}

/** Tokens a second. */
export function rate(perSecond: number): string {
  return trans.__("%1 tok/s", grouped(fixed(perSecond, perSecond < 9.95 ? 1 : 0)));
}

/** `1 token`, `2,000 tokens`. */
export function tokenCount(number: number): string {
  return trans._n("%2 token", "%2 tokens", number, grouped(String(number)));
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2
    ? last
    : trans._p("end of a list", "%1 and %2", words.slice(0, -1).join(", "), last);
}

/** Sentences one after the other; those that are empty are none. */
export function sentences(...all: string[]): string {
  const said = all.filter((one) => one !== "");
  return said.length < 2
    ? (said[0] ?? "")
    : said.reduce((a, b) => trans._p("two sentences", "%1 %2", a, b));
}

/** A share of one in whole per cent: `40 %`. */
export function percent(fraction: number): string {
  return trans.__("%1 %", fixed(fraction * 100, 0));
}

/** Like `toFixed`, but with Python's rounding: a tie goes to the even digit, not up. */
function fixed(value: number, digits: number): string {
  const rounded = value.toFixed(digits);
  const rest = value.toFixed(digits + 40).slice(-40); // a double that is a tie ends within these
  const odd = Number(rounded.at(-1)) % 2 === 1;
  return odd && /^50*$/.test(rest) ? (Number(rounded) - 10 ** -digits).toFixed(digits) : rounded;
}

/** `1,234`. */
export function grouped(digits: string): string {
  return digits.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");
}
