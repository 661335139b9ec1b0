// console.table: values in rows and columns.

const VALUE = "Values";

/**
 * A table of what a value contains; null for what contains nothing.
 *
 * @param columns the only columns, in this order
 * @param shown how a value in a cell is written
 */
export function table(value, columns, shown) {
  if (value === null || typeof value !== "object") return null;
  const rows = entries(value).map(([index, item]) => [String(index), cells(item)]);
  const names = columns ?? [...new Set(rows.flatMap(([, row]) => [...row.keys()]))];
  const written = rows.map(([index, row]) => [
    index,
    ...names.map((name) => (row.has(name) ? shown(row.get(name)) : "")),
  ]);
  const lines = [
    ["(index)", ...names.map((name) => (name === VALUE ? "Values" : name))],
    ...written,
  ];
  const widths = lines[0].map((_, at) => Math.max(...lines.map((line) => [...line[at]].length)));
  const rule = (left, between, right) =>
    left + widths.map((width) => "─".repeat(width + 2)).join(between) + right;
  const row = (line) =>
    `│${line.map((text, at) => ` ${text}${" ".repeat(widths[at] - [...text].length)} `).join("│")}│`;
  return [
    rule("┌", "┬", "┐"),
    row(lines[0]),
    rule("├", "┼", "┤"),
    ...lines.slice(1).map(row),
    rule("└", "┴", "┘"),
  ].join("\n");
}

function entries(value) {
  if (value instanceof Map) return [...value];
  if (value instanceof Set || ArrayBuffer.isView(value)) return [...value].entries().toArray();
  return Object.entries(value);
}

function cells(item) {
  if (item === null || typeof item !== "object") return new Map([[VALUE, item]]);
  return new Map(Object.entries(item));
}
