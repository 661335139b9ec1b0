// The snapshot that the component begins from has one seed for all: ours comes from the host.
import { getRandomBytes } from "wasi:random/random@0.2.0";

const MOST = 65536;

export const crypto = {
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array)) throw new TypeError("getRandomValues takes a typed array");
    if (array.byteLength > MOST) {
      throw new RangeError(`getRandomValues gives ${MOST} bytes at most, not ${array.byteLength}`);
    }
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    bytes.set(getRandomBytes(bytes.length));
    return array;
  },

  randomUUID() {
    const bytes = this.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  },
};

let state = null;

/** Math.random: xoshiro128**, two draws for 53 bits. */
export function random() {
  state ??= new Uint32Array(new Uint8Array(getRandomBytes(16)).buffer);
  return ((draw() >>> 5) * 67108864 + (draw() >>> 6)) / 9007199254740992;
}

function draw() {
  const s = state;
  const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9);
  const shifted = s[1] << 9;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = rotate(s[3], 11);
  return result >>> 0;
}

function rotate(value, by) {
  return (value << by) | (value >>> (32 - by));
}
