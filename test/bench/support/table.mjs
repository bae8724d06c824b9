/** Markdown that is readable as it stands: first column to the left, numbers to the right. */
export function table(header, rows) {
  const widths = header.map((_, n) =>
    Math.max(...[header, ...rows].map((row) => row[n].length), 2),
  );
  const line = (row) =>
    `| ${row.map((cell, n) => (n ? cell.padStart(widths[n]) : cell.padEnd(widths[n]))).join(' | ')} |`;
  const rule = widths.map((width, n) => (n ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
