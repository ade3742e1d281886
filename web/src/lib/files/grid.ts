import type { Column } from '../columns.ts';
import { decimal } from '../format.ts';

/** A cell of a file. Numbers are exact decimal text until the format itself wants something else. */
export type Cell = { kind: 'text' | 'time' | 'number'; value: string };

/** What a file of rows holds: a heading, and as many cells in each row as it has names. */
export interface Grid {
  head: string[];
  rows: Cell[][];
}

const NOTHING: Cell = { kind: 'text', value: '' };

/** The rows as they stand in a file, in the order given. `currency` is the word behind a column of money for that of its currency. */
export function grid<T>(rows: readonly T[], columns: readonly Column<T>[], currency: string): Grid {
  return {
    head: columns.flatMap((column) => heads(column, currency)),
    rows: rows.map((row) => columns.flatMap((column) => cells(row, column))),
  };
}

function heads<T>(column: Column<T>, currency: string): string[] {
  const file = column.file;
  if (file && 'money' in file) return [column.label, `${column.label}: ${currency}`];
  if (file && 'number' in file && file.unit) return [`${column.label} (${file.unit})`];
  return [column.label];
}

function cells<T>(row: T, column: Column<T>): Cell[] {
  const file = column.file;
  if (!file) return [plain(column.by?.(row) ?? '')];
  if ('text' in file) return [{ kind: 'text', value: file.text(row) }];
  if ('time' in file) return [filled('time', file.time(row))];
  if ('number' in file) {
    const value = file.number(row);
    return [value == null ? NOTHING : { kind: 'number', value: decimal(value, file.scale ?? 0) }];
  }
  const money = file.money(row);
  return money ? [{ kind: 'number', value: decimal(money.amount, money.scale) }, { kind: 'text', value: money.currency }] : [NOTHING, NOTHING];
}

function plain(value: string | number | bigint): Cell {
  return { kind: typeof value === 'string' ? 'text' : 'number', value: String(value) };
}

function filled(kind: 'time', value: string | null | undefined): Cell {
  return value ? { kind, value } : NOTHING;
}
