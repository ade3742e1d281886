import { expect, test } from 'vitest';
import { sorted, type Column } from '../../src/lib/columns.ts';
import { MARGIN, visible } from '../../src/lib/window.ts';

interface Row {
  name: string;
  size: number;
}
const columns: Column<Row>[] = [
  { key: 'name', label: 'Name', by: (row) => row.name },
  { key: 'size', label: 'Size', by: (row) => row.size },
];

test('only_rows_in_sight_are_drawn', () => {
  const seen = visible(10_000, 40, 4_000, 800);
  expect(seen).toEqual({ first: 100 - MARGIN, end: 120 + MARGIN });
  expect(visible(10_000, 40, 0, 800).first).toBe(0);
  expect(visible(10_000, 40, 400_000, 800).end).toBe(10_000);
  expect(visible(0, 40, 0, 800)).toEqual({ first: 0, end: 0 });
});

test('a_list_that_became_shorter_still_shows_rows', () => {
  const seen = visible(5, 40, 4_000, 800);
  expect(seen.first).toBeLessThan(5);
  expect(seen.end).toBe(5);
});

test('rows_are_sorted_by_the_address', () => {
  const rows = [
    { name: 'b', size: 2 },
    { name: 'a', size: 10 },
  ];
  expect(sorted(rows, columns, 'name').map((row) => row.name)).toEqual(['a', 'b']);
  expect(sorted(rows, columns, '-size').map((row) => row.size)).toEqual([10, 2]);
  expect(sorted(rows, columns, 'unknown')).toBe(rows);
});
