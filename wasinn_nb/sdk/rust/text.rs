//! UTF-8 boundaries, and the end markers that language models leave in their text.

/// The length of the largest part that does not end inside a character. Bytes that cannot become a
/// character are left in: only a tail that may still be completed is cut.
pub(crate) fn whole(bytes: &[u8]) -> usize {
    let all = bytes.len();
    for back in 1..=all.min(3) {
        let wanted = match bytes[all - back] {
            0x80..=0xBF => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => return all,
        };
        return if wanted > back { all - back } else { all };
    }
    all
}

/// Where `part` begins in `bytes`.
pub(crate) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

const END_MARKERS: [&str; 9] = [
    "</s>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<|end|>",
    "<eos>",
    "<|endoftext|>",
    "<|eom_id|>",
];

/// The length of the end marker that the text ends with, if it does.
pub(crate) fn end_marker(bytes: &[u8]) -> Option<usize> {
    let found = END_MARKERS
        .iter()
        .find(|marker| bytes.ends_with(marker.as_bytes()));
    found.map(|marker| marker.len())
}
