// The name that was meant.

/** The known name that is like `word`, or undefined. */
export function nearest(word, known) {
  const most = Math.max(1, Math.floor(word.length / 3));
  let best;
  let least = most + 1;
  for (const name of known) {
    if (name === word) return undefined;
    if (Math.abs(name.length - word.length) >= least) continue;
    const far = name.toLowerCase() === word.toLowerCase() ? 0 : distance(word, name);
    if (far < least && far < name.length) [best, least] = [name, far];
  }
  return best;
}

/** How many letters are added, left out, changed, or changed with their neighbour. */
function distance(a, b) {
  let before = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], before[j - 2] + 1);
      }
    }
    before = last;
    last = row;
  }
  return last[b.length];
}
