import type { Cell, Grid } from './grid.ts';

/** The grid as a CSV file (RFC 4180): numbers with a point, times in RFC 3339. */
export function csv({ head, rows }: Grid): string {
  const lines = rows.map((cells) => cells.map(field).join(','));
  return [head.map((value) => field({ kind: 'text', value })).join(','), ...lines, ''].join('\r\n');
}

/** What a spreadsheet would take for a formula gets an apostrophe, since names come from others. */
function field({ kind, value }: Cell): string {
  const harmless = kind === 'text' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
