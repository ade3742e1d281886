import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { doneAt, gap, LONGEST_WAIT, SHORTEST_WAIT, stateAt, wait } from '../../src/console/moment.ts';
import { MOST_BYTES, MOST_FAULTS, MOST_HOPS, readFile, readTrace, type Fault, type Trace } from '../../src/console/trace.ts';
import { flowChart, session, story, trace } from '../fixtures/data.ts';

const saved = () => JSON.parse(JSON.stringify(trace(session(0)))) as Record<string, any>;
function good(value: unknown): Trace {
  const read = readTrace(JSON.stringify(value));
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  return read.trace;
}
function bad(text: string): Fault[] {
  const read = readTrace(text);
  return 'faults' in read ? read.faults : [];
}
/** What is wrong with a good trace in which one thing was changed. */
function spoilt(change: (value: Record<string, any>) => void): Fault[] {
  const value = saved();
  change(value);
  return bad(JSON.stringify(value));
}

test('a_saved_trace_is_read_whole', () => {
  const read = good(saved());
  const told = story(session(0));
  expect(read.session).toBe(told.session.session);
  expect(read.member).toBe('US*DUK');
  expect(read.energy_mwh).toBe(told.session.energy_mwh);
  expect(read.hops.map(({ steps, what }) => ({ steps, what }))).toEqual(told.hops.map(({ steps, what }) => ({ steps, what })));
  expect(read.breakdown?.lines.map(({ dimension, unit }) => [dimension, unit])).toEqual([['energy', 'kWh'], ['parking_time', 'h']]);
  expect(read.records).toHaveLength(9);
  // A refused charge has no offer, a running one no price; home saw its driver's charge elsewhere.
  for (const index of [1, 4, 5, 6, 8, 9]) expect(good(trace(session(index))).session).toBe(session(index).session);
  expect(good({ ...saved(), summary: { ...saved()['summary'], role: 'home' } }).member).toBe(session(0).home);
  // Parts of a later version are not looked at.
  expect(good({ ...saved(), later: [1] }).height).toBe(212);
});

test('what_is_wrong_with_a_file_is_told_with_its_place', () => {
  expect(bad('')).toEqual([{ kind: 'not-json' }]);
  expect(bad('{"summary":')).toEqual([{ kind: 'not-json' }]);
  for (const other of ['null', '7', '"hops"', '[]', '{}', '{"data":[]}']) expect(bad(other)).toEqual([{ kind: 'other' }]);
  expect(spoilt((one) => delete one['summary'])).toEqual([{ kind: 'absent', path: 'summary', want: 'object' }]);
  expect(spoilt((one) => delete one['hops'])).toEqual([{ kind: 'absent', path: 'hops', want: 'list' }]);
  expect(spoilt((one) => (one['hops'] = {}))).toEqual([{ kind: 'wrong', path: 'hops', want: 'list', found: '{…}' }]);
  expect(spoilt((one) => (one['hops'] = []))).toEqual([{ kind: 'no-hops' }]);
  expect(spoilt((one) => (one['hops'][3].at = 'yesterday'))).toEqual([{ kind: 'wrong', path: 'hops[3].at', want: 'time', found: '"yesterday"' }]);
  expect(spoilt((one) => (one['hops'][3].at = '2026-13-45T99:00:00Z'))).toHaveLength(1);
  expect(spoilt((one) => (one['hops'][0] = null))[0]).toEqual({ kind: 'absent', path: 'hops[0].what', want: 'text' });
  expect(spoilt((one) => delete one['offer'])).toEqual([{ kind: 'absent', path: 'offer', want: 'object' }]);
  expect(spoilt((one) => (one['summary'].visited = 'nobody'))).toEqual([{ kind: 'wrong', path: 'summary.visited', want: 'member', found: '"nobody"' }]);
  expect(spoilt((one) => (one['summary'].role = 'both of them'))[0]).toMatchObject({ path: 'summary.role', want: 'role' });
  expect(spoilt((one) => (one['summary'].energy_kwh = 12.3))).toEqual([{ kind: 'wrong', path: 'summary.energy_kwh', want: 'energy', found: '12.3' }]);
  expect(spoilt((one) => (one['breakdown'].total.amount = 1e300))).toEqual([{ kind: 'wrong', path: 'breakdown.total.amount', want: 'whole', found: '1e+300' }]);
  expect(spoilt((one) => (one['breakdown'].total.scale = 1e9))).toEqual([{ kind: 'wrong', path: 'breakdown.total.scale', want: 'whole', found: '1000000000' }]);
  expect(spoilt((one) => (one['breakdown'].lines[1].type = 'constructor'))[0]).toMatchObject({ path: 'breakdown.lines[1].type', want: 'dimension' });
  expect(spoilt((one) => (one['charge_event'].shares_micro = null))[0]).toEqual({ kind: 'absent', path: 'charge_event.shares_micro.home', want: 'whole' });
  expect(spoilt((one) => (one['transaction'] = 'x'.repeat(9_000)))[0]).toMatchObject({ path: 'transaction', want: 'hash' });
});

test('a_file_is_bounded_and_so_is_what_is_told_of_it', async () => {
  const rust = readFileSync(new URL('../../../crates/utility/src/command.rs', import.meta.url), 'utf8');
  expect(rust).toContain(`pub const MAX_HOPS: usize = ${MOST_HOPS};`);
  const many = (count: number) => (one: Record<string, any>) => (one['hops'] = Array.from({ length: count }, () => one['hops'][0]));
  expect(spoilt(many(MOST_HOPS))).toEqual([]);
  expect(spoilt(many(MOST_HOPS + 1))).toEqual([{ kind: 'many', count: MOST_HOPS + 1 }]);
  expect(bad(' '.repeat(MOST_BYTES + 1))).toEqual([{ kind: 'large' }]);
  const never = () => Promise.reject(new Error('opened'));
  expect(await readFile({ size: MOST_BYTES + 1, text: never })).toEqual({ faults: [{ kind: 'large' }] });
  expect(await readFile({ size: 1, text: never })).toEqual({ faults: [{ kind: 'unreadable' }] });
  expect(spoilt((one) => (one['meter_records'] = Array.from({ length: 1_000 }, () => 7)))).toHaveLength(MOST_FAULTS);
  const long = spoilt((one) => (one['summary'].session = 'y'.repeat(100_000)));
  expect(JSON.stringify(long).length).toBeLessThan(200);
});

test('no_file_makes_the_reader_throw', () => {
  const values = [null, true, -1, 1e308, '', 'x', [], [[]], {}, { at: 1 }, '__proto__'];
  const seen = new Set<string>();
  // Every place of a good trace is replaced by every value, and taken away.
  const visit = (here: any, all: Record<string, any>): void => {
    for (const key of Object.keys(here)) {
      const kept = here[key];
      for (const value of values) {
        here[key] = value;
        const read = readTrace(JSON.stringify(all));
        seen.add('trace' in read ? 'trace' : read.faults.length > 0 ? 'faults' : 'neither');
      }
      delete here[key];
      readTrace(JSON.stringify(all));
      here[key] = kept;
      if (typeof kept === 'object' && kept !== null) visit(kept, all);
    }
  };
  const all = saved();
  visit(all, all);
  expect([...seen].sort()).toEqual(['faults', 'trace']);
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  for (const text of [deep, `{"summary":${deep},"hops":${deep}}`, '{"__proto__":{"summary":{}},"hops":[1]}']) expect(bad(text).length).toBeGreaterThan(0);
});

test('the_replay_waits_neither_too_long_nor_too_short', () => {
  const { hops } = good(saved());
  expect(gap(hops, 0)).toBe(0);
  expect(gap(hops, hops.length)).toBe(0);
  expect(wait(hops, 1, 1)).toBe(SHORTEST_WAIT);
  // The charging itself takes twenty minutes.
  expect(gap(hops, 10)).toBe(1_185_000);
  expect(wait(hops, 10, 60)).toBe(LONGEST_WAIT);
  expect(wait(hops, 10, 1_000)).toBe(1_185);
  expect(gap([...hops].reverse(), 3)).toBe(0);
});

test('a_state_is_reached_with_the_last_message_of_its_step', () => {
  const { hops, state } = good(saved());
  const states = hops.map((_, index) => stateAt(flowChart, state, hops, index + 1));
  expect(states).toEqual(['identifying', 'identifying', 'identifying', 'negotiating', 'negotiating', 'negotiating', 'negotiating', 'offered', 'offered', 'authorized', 'ended', 'proposed', 'settled']);
  expect(doneAt(hops, 'FL-20')).toBe(13);
  expect(doneAt(hops, 'FL-08')).toBe(7);
  expect(doneAt(hops, 'FL-99')).toBe(hops.length);
  // What the ledger was only asked for is not settled.
  const asked = [...hops.slice(0, 12), { ...hops[12]!, what: 'handed in to be settled' }, hops[12]!];
  expect(stateAt(flowChart, state, asked, 13)).toBe('proposed');
  expect(stateAt(flowChart, 'unheard of', hops, 3)).toBeNull();
});
