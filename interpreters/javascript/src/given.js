// What cells give to the host is looked at here: a value of a wrong type would end the component.

function wrong(what, value, wanted) {
  const shown = typeof value === "string" ? JSON.stringify(value) : typeOf(value);
  return new TypeError(`${what} takes ${wanted}, not ${shown}`);
}

function typeOf(value) {
  if (value === null || value === undefined || typeof value === "number") return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

export function integer(value, what, least, most) {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw wrong(what, value, "a whole number");
  }
  if (value < least || value > most) {
    throw new RangeError(`${what} is ${value}; it can be ${least} to ${most}`);
  }
  return value;
}

export function number(value, what) {
  if (typeof value !== "number" || Number.isNaN(value)) throw wrong(what, value, "a number");
  return value;
}

export function boolean(value, what) {
  if (typeof value !== "boolean") throw wrong(what, value, "true or false");
  return value;
}

/** A text without halves of characters, which no other language has. */
export function text(value, what) {
  if (typeof value !== "string") throw wrong(what, value, "a text");
  return value.toWellFormed();
}

/** One value or some. */
export function array(value) {
  return Array.isArray(value) ? value : [value];
}

export function dimensions(shape) {
  if (typeof shape === "string") throw wrong("A shape", shape, "numbers in an array");
  const numbers = typeof shape === "number" ? [shape] : [...shape];
  return numbers.map((one) => integer(one, "A dimension", 0, 2 ** 32 - 1));
}

/** An object with names; `example` is what it could be. */
export function record(value, what, example) {
  if (value === null || typeof value !== "object") {
    throw new TypeError(`${what} an object, as in ${example}`);
  }
  return value;
}
