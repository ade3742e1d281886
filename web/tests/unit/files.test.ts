import readSheets from 'read-excel-file/node';
import { expect, test } from 'vitest';
import type { Column } from '../../src/lib/columns.ts';
import { csv } from '../../src/lib/files/csv.ts';
import { grid } from '../../src/lib/files/grid.ts';
import { made } from '../../src/lib/files/save.ts';
import { xlsx } from '../../src/lib/files/xlsx.ts';
import type { Money } from '../../src/lib/shapes.ts';

interface Row {
  name: string;
  at: string;
  energy: number | null;
  total: Money | null;
}
const columns: Column<Row>[] = [
  { key: 'name', label: 'Name', by: (row) => row.name },
  { key: 'at', label: 'Time', file: { time: (row) => row.at } },
  { key: 'energy', label: 'Energy', file: { number: (row) => row.energy, scale: 6, unit: 'kWh' } },
  { key: 'total', label: 'Total', file: { money: (row) => row.total } },
];
const rows: Row[] = [
  { name: '=HYPERLINK("x"),<b>&\u0007', at: '2026-11-17T13:05:09Z', energy: 11_400_000, total: { amount: 432, currency: 'USD', scale: 2 } },
  { name: '-2+3', at: '', energy: null, total: null },
  { name: 'é中', at: 'no time', energy: 0, total: { amount: '-123456789012345678', currency: 'EUR', scale: 6 } },
];

test('a_csv_file_runs_nothing_in_a_spreadsheet_and_has_numbers_to_calculate_with', () => {
  expect(csv(grid(rows, columns, 'currency')).split('\r\n')).toEqual([
    'Name,Time,Energy (kWh),Total,Total: currency',
    '"\'=HYPERLINK(""x""),<b>&\u0007",2026-11-17T13:05:09Z,11.400000,4.32,USD',
    "'-2+3,,,,",
    'é中,no time,0.000000,-123456789012.345678,EUR',
    '',
  ]);
});

test('another_program_reads_the_workbook_as_it_was_meant', async () => {
  const [sheet] = await readSheets(Buffer.from(xlsx(grid(rows, columns, 'currency'), 'Charges: [all]')));
  expect(sheet?.sheet).toBe('Charges   all ');
  expect(sheet?.data).toEqual([
    ['Name', 'Time', 'Energy (kWh)', 'Total', 'Total: currency'],
    ['=HYPERLINK("x"),<b>&\ufffd', new Date('2026-11-17T13:05:09Z'), 11.4, 4.32, 'USD'],
    ['-2+3', null, null, null, null],
    // A double would lose the last digits of this amount: it stands as text.
    ['é中', 'no time', 0, '-123456789012.345678', 'EUR'],
  ]);
});

test('columns_beyond_the_alphabet_have_their_places', async () => {
  const many: Column<number>[] = Array.from({ length: 60 }, (_, at) => ({ key: String(at), label: `c${at}`, by: () => at }));
  const [sheet] = await readSheets(Buffer.from(xlsx(grid([1], many, ''), 'wide')));
  expect(sheet?.data[1]).toEqual(Array.from({ length: 60 }, (_, at) => at));
});

test('json_holds_the_rows_as_they_came', async () => {
  const file = await made('json', rows, columns, 'Charges', 'currency');
  expect(JSON.parse(await file.text())).toEqual(rows);
});
