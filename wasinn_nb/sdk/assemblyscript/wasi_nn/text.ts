// Texts as the host has them: bytes of UTF-8, in memory that grows.

export function encode(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

/** A text from its bytes; what is not UTF-8 becomes U+FFFD. */
export function decode(data: usize, size: i32): string {
  let text = "";
  let at = 0;
  let from = 0;
  while (at < size) {
    const length = characterLength(data + at, size - at);
    if (length > 0) {
      at += length;
    } else {
      text += String.UTF8.decodeUnsafe(data + from, at - from) + "\ufffd";
      from = ++at;
    }
  }
  return text + String.UTF8.decodeUnsafe(data + from, size - from);
}

/** How many bytes the character at a place has; 0 if there is none. */
function characterLength(at: usize, left: i32): i32 {
  const first = <u32>load<u8>(at);
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || length > left) return 0;
  for (let i = 1; i < length; i++) {
    if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  }
  const second = <u32>load<u8>(at + 1);
  // not the shortest form, surrogates, and what is beyond Unicode
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return length;
}

export class Bytes {
  size: i32 = 0;
  private buffer: ArrayBuffer;

  constructor(capacity: i32) {
    this.buffer = new ArrayBuffer(capacity);
  }

  get data(): usize {
    return changetype<usize>(this.buffer);
  }

  get capacity(): i32 {
    return this.buffer.byteLength;
  }

  /** Make room for `size` bytes in all. */
  reserve(size: i32): void {
    if (size <= this.capacity) return;
    const larger = new ArrayBuffer(max(size, 2 * this.capacity));
    memory.copy(changetype<usize>(larger), this.data, this.size);
    this.buffer = larger;
  }

  text(from: i32, to: i32): string {
    return decode(this.data + from, to - from);
  }

  copy(from: i32, to: i32): ArrayBuffer {
    return this.buffer.slice(from, to);
  }

  /** Where `wanted` is, from a place on; -1 if it is not there. */
  find(wanted: ArrayBuffer, from: i32): i32 {
    const length = wanted.byteLength;
    if (length == 0) return -1;
    for (let at = from; at + length <= this.size; at++) {
      if (memory.compare(this.data + at, changetype<usize>(wanted), length) == 0) return at;
    }
    return -1;
  }
}

/** Whether the last `length` bytes of a text are the first of another. */
export function isTail(data: usize, size: i32, other: usize, length: i32): bool {
  return memory.compare(data + size - length, other, length) == 0;
}

/** The length of the part of a text that does not end inside a character. */
export function textLength(data: usize, size: i32): i32 {
  for (let back = 1; back < 4 && back <= size; back++) {
    const byte = load<u8>(data + size - back);
    if ((byte & 0xc0) == 0x80) continue;
    if (byte > 0xf4) return size; // begins no character
    const length = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? size - back : size;
  }
  return size;
}

// @ts-ignore: decorator
@lazy const MARKERS = [
  "</s>", "<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<end_of_turn>",
  "<|end|>", "<eos>", "<|endoftext|>", "<|eom_id|>",
];

/** The length of a text without the marker that some models leave at its end. */
export function withoutEndMarker(data: usize, size: i32): i32 {
  for (let i = 0; i < MARKERS.length; i++) {
    const marker = encode(MARKERS[i]);
    const length = marker.byteLength;
    if (length <= size && isTail(data, size, changetype<usize>(marker), length)) return size - length;
  }
  return size;
}
