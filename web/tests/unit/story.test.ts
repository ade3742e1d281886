import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { drawn, mainWay, walked } from '../../src/story/chart.ts';
import { clock, LANES, lane, steps } from '../../src/story/lanes.ts';
import { pieces, signed } from '../../src/story/told.ts';
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

test('raw_data_in_a_sentence_is_told_from_its_words', () => {
  const hash = 'a'.repeat(64);
  expect(pieces(`agr_${hash} waits until 2026-11-16T14:25:25.080Z`)).toEqual([
    { kind: 'id', id: `agr_${hash}`, of: 'agreement' },
    { kind: 'words', text: ' waits until ' },
    { kind: 'time', time: '2026-11-16T14:25:25.080Z' },
  ]);
  expect(pieces('US*GPC and US*DUK, not US*DUK*E001*1')).toEqual([
    { kind: 'member', id: 'US*GPC' },
    { kind: 'words', text: ' and ' },
    { kind: 'member', id: 'US*DUK' },
    { kind: 'words', text: ', not US*DUK*E001*1' },
  ]);
  expect(pieces(hash)).toEqual([{ kind: 'id', id: hash, of: 'hash' }]);
  expect(pieces('plain words')).toEqual([{ kind: 'words', text: 'plain words' }]);
});

test('the_values_of_a_check_have_their_units_and_signs_between_them', () => {
  expect(signed(pieces('9000 to 13000 bps'))).toEqual([
    { kind: 'share', bps: 9_000 },
    { kind: 'words', text: ' – ' },
    { kind: 'share', bps: 13_000 },
  ]);
  expect(signed(pieces('at most 60.5 kWh'))).toEqual([
    { kind: 'words', text: '≤ ' },
    { kind: 'energy', mwh: 60_500_000 },
  ]);
  expect(signed(pieces('0.2 USD to 0.60 USD per kWh'))).toEqual([
    { kind: 'money', money: { amount: 20, currency: 'USD', scale: 2 } },
    { kind: 'words', text: ' – ' },
    { kind: 'money', money: { amount: 60, currency: 'USD', scale: 2 } },
    { kind: 'words', text: ' / kWh' },
  ]);
  expect(pieces('11460000 millionths', 'USD')).toEqual([{ kind: 'money', money: { amount: '11460000', currency: 'USD', scale: 6 } }]);
  expect(pieces('11460000 millionths')).toEqual([{ kind: 'words', text: '11460000 millionths' }]);
});

test('the_clock_of_a_hop_shows_seconds_in_the_zone_of_the_place', () => {
  expect(clock('en', '2026-11-16T14:25:25.080Z', 'America/New_York')).toMatch(/^9:25:25\sAM$/);
  expect(clock('en', 'never', undefined)).toBe('never');
});
