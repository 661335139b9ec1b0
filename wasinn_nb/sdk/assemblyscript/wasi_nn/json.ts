// As much of JSON as the interface needs.

/** A text in quotes. */
export function quote(text: string): string {
  let quoted = '"';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit == 0x22 || unit == 0x5c) quoted += "\\" + text.charAt(i);
    else if (unit < 0x20) quoted += "\\u" + unit.toString(16).padStart(4, "0");
    else quoted += text.charAt(i);
  }
  return quoted + '"';
}

/** Settings, by the host's names: new Config().set("ctx-size", 2048).set("temp", 0.2) */
export class Config {
  private members: string = "";

  set<T>(key: string, value: T): this {
    let text: string;
    if (isString<T>()) text = quote(changetype<string>(value));
    else if (isBoolean<T>()) text = value ? "true" : "false";
    // @ts-ignore: every number has it
    else text = value.toString();
    this.members += (this.members.length ? ", " : "") + quote(key) + ": " + text;
    return this;
  }

  toString(): string {
    return "{" + this.members + "}";
  }
}

function isSpace(unit: i32): bool {
  return unit == 0x20 || (unit >= 0x09 && unit <= 0x0d);
}

function afterSpace(json: string, at: i32): i32 {
  while (at < json.length && isSpace(json.charCodeAt(at))) at++;
  return at;
}

/** The place after the value at `at`. */
function afterValue(json: string, at: i32): i32 {
  let depth = 0;
  while (at < json.length) {
    const unit = json.charCodeAt(at);
    if (unit == 0x22) {
      for (at++; at < json.length && json.charCodeAt(at) != 0x22; at++) {
        if (json.charCodeAt(at) == 0x5c) at++;
      }
      at++;
    } else if (unit == 0x7b || unit == 0x5b) {
      depth++;
      at++;
    } else if (unit == 0x7d || unit == 0x5d) {
      if (depth == 0) return at;
      depth--;
      at++;
    } else if (depth == 0) {
      while (at < json.length) {
        const end = json.charCodeAt(at);
        if (end == 0x2c || end == 0x7d || end == 0x5d || isSpace(end)) break;
        at++;
      }
      return at;
    } else {
      at++;
    }
    if (depth == 0) return at;
  }
  return at;
}

/** The value under a key of an object, as it is written there; "" if there is none. */
export function member(json: string, key: string): string {
  let at = afterSpace(json, 0);
  if (at >= json.length || json.charCodeAt(at) != 0x7b) return "";
  at = afterSpace(json, at + 1);
  const wanted = quote(key);
  while (at < json.length && json.charCodeAt(at) == 0x22) {
    const end = afterValue(json, at);
    const found = json.substring(at, end) == wanted;
    at = afterSpace(json, end);
    if (at >= json.length || json.charCodeAt(at) != 0x3a) return "";
    at = afterSpace(json, at + 1);
    const next = afterValue(json, at);
    if (found) return json.substring(at, next);
    at = afterSpace(json, next);
    if (at < json.length && json.charCodeAt(at) == 0x2c) at = afterSpace(json, at + 1);
  }
  return "";
}

/** The number under a key; 0 if there is none. */
export function numberOf(json: string, key: string): f64 {
  const value = member(json, key);
  if (!value.length || value == "null") return 0;
  return parseFloat(value);
}

/** The text under a key, if it is a simple one; "" if there is none. */
export function textOf(json: string, key: string): string {
  const value = member(json, key);
  return value.length > 1 && value.charCodeAt(0) == 0x22 ? value.substring(1, value.length - 1) : "";
}

/** The numbers of the array under a key. */
export function numbersOf(json: string, key: string): f64[] {
  const value = member(json, key);
  const found: f64[] = [];
  if (value.length < 2 || value.charCodeAt(0) != 0x5b) return found;
  const parts = value.substring(1, value.length - 1).split(",");
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i].trim();
    if (part.length) found.push(parseFloat(part));
  }
  return found;
}
