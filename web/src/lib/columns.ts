import type { Money } from './shapes.ts';

/** How a column's cells stand in a file: as what they are, so that a spreadsheet can calculate with them. */
export type InFile<T> =
  | { text: (row: T) => string }
  /** RFC 3339, as the API gives it; nothing where there is none. */
  | { time: (row: T) => string | null | undefined }
  /** A whole number of units of 10^-`scale`, for example milliwatt-hours at 6 for kilowatt-hours. The unit stands in the heading. */
  | { number: (row: T) => number | string | null | undefined; scale?: number; unit?: string }
  /** The currency gets a column of its own. */
  | { money: (row: T) => Money | null | undefined };

/** A column of a table. */
export interface Column<T> {
  key: string;
  label: string;
  /** Numbers stand at the end of their cell. */
  end?: boolean;
  /** What the column is sorted by, where it can be sorted. */
  by?: (row: T) => string | number | bigint;
  /** The cell in a file that can be downloaded; without it `by` stands there. */
  file?: InFile<T>;
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
