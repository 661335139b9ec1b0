// TextEncoder and TextDecoder, for UTF-8.

export class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(input = "") {
    const text = String(input).toWellFormed();
    const bytes = new Uint8Array(text.length * 3);
    let size = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i);
      if (code < 0x80) {
        bytes[size++] = code;
      } else if (code < 0x800) {
        bytes[size++] = 0xc0 | (code >> 6);
        bytes[size++] = 0x80 | (code & 0x3f);
      } else if (code < 0x10000) {
        bytes[size++] = 0xe0 | (code >> 12);
        bytes[size++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[size++] = 0x80 | (code & 0x3f);
      } else {
        bytes[size++] = 0xf0 | (code >> 18);
        bytes[size++] = 0x80 | ((code >> 12) & 0x3f);
        bytes[size++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[size++] = 0x80 | (code & 0x3f);
        i++;
      }
    }
    return bytes.slice(0, size);
  }
}

export class TextDecoder {
  #rest = new Uint8Array(0);
  #begun = false;

  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!/^\s*(utf-?8|unicode-1-1-utf-8)\s*$/i.test(label)) {
      throw new RangeError(`TextDecoder: there is utf-8, and not ${label}`);
    }
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }

  get encoding() {
    return "utf-8";
  }

  decode(input = new Uint8Array(0), { stream = false } = {}) {
    const given = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    const bytes = new Uint8Array(this.#rest.length + given.length);
    bytes.set(this.#rest);
    bytes.set(given, this.#rest.length);
    const parts = [];
    let codes = [];
    let at = 0;
    while (at < bytes.length) {
      const [code, next] = point(bytes, at);
      if (next > bytes.length && stream) break;
      if (code < 0 && this.fatal) throw new TypeError(`byte ${at} is not UTF-8`);
      codes.push(code < 0 ? 0xfffd : code);
      at = Math.min(next, bytes.length);
      if (codes.length === 4096) {
        parts.push(String.fromCodePoint(...codes));
        codes = [];
      }
    }
    this.#rest = bytes.slice(at);
    parts.push(String.fromCodePoint(...codes));
    let text = parts.join("");
    if (!this.#begun && !this.ignoreBOM && text.startsWith("\ufeff")) text = text.slice(1);
    this.#begun = stream && (this.#begun || text.length > 0);
    if (!stream) this.#rest = new Uint8Array(0);
    return text;
  }
}

/** The code point at `at` and where the next begins: beyond the end if it is cut off; -1 if broken. */
function point(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return [first, at + 1];
  const size =
    first >= 0xc2 && first < 0xe0
      ? 2
      : first >= 0xe0 && first < 0xf0
        ? 3
        : first >= 0xf0 && first < 0xf5
          ? 4
          : 0;
  if (!size) return [-1, at + 1];
  let code = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) {
    if (at + i >= bytes.length) return [-1, at + size];
    const byte = bytes[at + i];
    let low = 0x80;
    let high = 0xbf;
    if (i === 1) {
      if (first === 0xe0) low = 0xa0;
      if (first === 0xed) high = 0x9f;
      if (first === 0xf0) low = 0x90;
      if (first === 0xf4) high = 0x8f;
    }
    if (byte < low || byte > high) return [-1, at + i];
    code = (code << 6) | (byte & 0x3f);
  }
  return [code, at + size];
}
