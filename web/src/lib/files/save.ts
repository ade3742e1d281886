import type { Column } from '../columns.ts';
import { csv } from './csv.ts';
import { grid } from './grid.ts';

/** The formats of a file of rows. */
export const FORMATS = ['csv', 'xlsx', 'json'] as const;
export type Format = (typeof FORMATS)[number];

/**
 * The rows as a file: CSV and XLSX hold the table's columns, numbers without their units so that one can calculate with them; JSON holds
 * the rows whole, as the API gives them.
 */
export async function made<T>(format: Format, rows: readonly T[], columns: readonly Column<T>[], title: string, currency: string): Promise<Blob> {
  if (format === 'json') return new Blob([`${JSON.stringify(rows, null, 2)}\n`], { type: 'application/json' });
  const cells = grid(rows, columns, currency);
  // A byte order mark, without which a spreadsheet takes the letters for those of another alphabet.
  if (format === 'csv') return new Blob(['\ufeff', csv(cells)], { type: 'text/csv;charset=utf-8' });
  const { xlsx } = await import('./xlsx.ts');
  return new Blob([xlsx(cells, title)], { type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' });
}

/** Hands a file to the browser, which keeps it where its user wants. */
export function keep(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
