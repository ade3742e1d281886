import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { drawn, mainWay, walked } from '../../src/story/chart.ts';
import { LANES, lane, steps } from '../../src/story/lanes.ts';
import { flowChart, session, story } from '../fixtures/data.ts';

test('the_chart_has_every_state_and_way_of_the_table', () => {
  const drawing = drawn(flowChart);
  expect(drawing.arrows.map((arrow) => arrow.transition)).toHaveLength(flowChart.transitions.length);
  for (const state of flowChart.states) expect(drawing.boxes.some((box) => box.state === state.id)).toBe(true);
});

test('the_chart_is_the_one_of_the_documents', () => {
  const svg = readFileSync(new URL('../../../docs/flow-chart.svg', import.meta.url), 'utf8');
  const documented = [...svg.matchAll(/<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/g)].map((found) => found.slice(1).map(Number));
  // The document has a title above the first box.
  const above = 48;
  const ours = drawn(flowChart).boxes.map((box) => [box.x, box.y + above, box.width, box.height]);
  const sorted = (boxes: number[][]) => boxes.map((box) => box.join(' ')).sort();
  expect(sorted(ours)).toEqual(sorted(documented));
});

test('the_main_way_ends_with_the_settled_charge', () => {
  expect(mainWay(flowChart)[0]).toBe('identifying');
  expect(mainWay(flowChart).at(-1)).toBe('settled');
});

test('the_way_walked_follows_the_trace', () => {
  const refusedEarly = walked(flowChart, 'refused', new Set(['FL-06']));
  expect(refusedEarly.map((one) => one.to)).toEqual(['refused']);
  const refusedLate = walked(flowChart, 'refused', new Set(['FL-06', 'FL-07', 'FL-09']));
  expect(refusedLate.map((one) => one.to)).toEqual(['negotiating', 'refused']);
  expect(walked(flowChart, null, new Set())).toEqual([]);
});

test('every_party_has_its_lane', () => {
  expect(LANES[lane('aaa', 'US*ALP', 'US*DUK')]).toBe('visited');
  expect(LANES[lane('US*ALP', 'US*ALP', 'US*DUK')]).toBe('home');
  expect(LANES[lane('US*DUK', 'US*DUK', 'US*DUK')]).toBe('visited');
  const all = steps(story(session(0)).hops, 'US*ALP', 'US*DUK');
  expect(all[0]?.after).toBeNull();
  expect(all.every((step) => step.from >= 0 && step.to >= 0)).toBe(true);
});
