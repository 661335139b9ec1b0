/** Quantities and lists in words: the same words that the Python side uses in tables and errors. */

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** A size: powers of 1000, three digits (`1.23 GB`, `45.6 MB`, `0 bytes`). */
export function formatBytes(count: number): string {
  let size = Math.abs(count);
  const sign = count < 0 && size >= 0.5 ? "-" : "";
  let unit = 0;
  while (unit < UNITS.length - 1 && Number(fixed(size, 0)) >= 1000) {
    size /= 1000;
    unit++;
  }
  if (unit === 0) {
    const whole = fixed(size, 0);
    return `${sign}${whole} ${whole === "1" ? "byte" : "bytes"}`;
  }
  const digits = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return `${sign}${fixed(size, digits)} ${UNITS[unit] ?? ""}`;
}

/** Seconds in the unit that reads best: `8 ms`, `1.3 s`, `2 min 5 s`. */
export function duration(seconds: number): string {
  if (seconds < 0.00995) return `${Number((seconds * 1000).toPrecision(2))} ms`;
  if (seconds < 0.9995) return `${fixed(seconds * 1000, 0)} ms`;
  if (seconds < 59.95) return `${fixed(seconds, 1)} s`;
  const whole = Number(fixed(seconds, 0));
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Seconds of something that goes on, in whole ones: tenths would flicker. */
export function wholeSeconds(seconds: number): string {
  const past = Math.floor(seconds);
  return past < 60 ? `${past} s` : duration(past);
}

/** Tokens a second. */
export function rate(perSecond: number): string {
  return `${grouped(fixed(perSecond, perSecond < 9.95 ? 1 : 0))} tok/s`;
}

/** `1 token`, `2,000 tokens`. */
export function count(number: number, noun: string): string {
  return `${grouped(String(number))} ${noun}${number === 1 ? "" : "s"}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

/** A share of one in whole per cent: `40 %`. */
export function percent(fraction: number): string {
  return `${fixed(fraction * 100, 0)} %`;
}

/** Like `toFixed`, but with Python's rounding: a tie goes to the even digit, not up. */
function fixed(value: number, digits: number): string {
  const rounded = value.toFixed(digits);
  const rest = value.toFixed(digits + 40).slice(-40); // a double that is a tie ends within these
  const odd = Number(rounded.at(-1)) % 2 === 1;
  return odd && /^50*$/.test(rest) ? (Number(rounded) - 10 ** -digits).toFixed(digits) : rounded;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");
}
