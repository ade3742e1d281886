/** A column of a table. */
export interface Column<T> {
  key: string;
  label: string;
  /** Numbers stand at the end of their cell. */
  end?: boolean;
  /** What the column is sorted by, where it can be sorted. */
  by?: (row: T) => string | number | bigint;
  /** The cell as text, for the file that can be downloaded; without it `by` stands there. */
  text?: (row: T) => string;
}

/** A filter of a table: it lives in the address under its name. */
export interface Filter<T> {
  name: string;
  label: string;
  /** Values and labels; free text where there are none. */
  choices?: [string, string][];
  /** Whether a row passes; a filter without it is answered by the server. */
  passes?: (row: T, value: string) => boolean;
}

export function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], order: string): readonly T[] {
  const down = order.startsWith('-');
  const by = columns.find((column) => column.key === order.replace(/^-/, ''))?.by;
  if (!by) return rows;
  const sign = down ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [by(one), by(other)];
    return a < b ? -sign : a > b ? sign : 0;
  });
}

/** A field of a CSV file. What a spreadsheet would take for a formula gets an apostrophe, since names come from others. */
function field(text: string): string {
  const harmless = /^[=+@\t\r]|^-(?![0-9.])/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** The rows as a CSV file (RFC 4180). */
export function csv<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cell = (row: T, column: Column<T>) => field(column.text?.(row) ?? String(column.by?.(row) ?? ''));
  const lines = rows.map((row) => columns.map((column) => cell(row, column)).join(','));
  return [columns.map((column) => field(column.label)).join(','), ...lines, ''].join('\r\n');
}
