import { expect, test } from 'vitest';
import { Parser } from '../../src/lib/live.svelte.ts';

test('events_come_whole_however_they_are_cut', () => {
  const text = ': hello\n\nid: 7\nevent: fairway.session.updated.v1\ndata: {"a":1}\n\nid: 8\ndata: plain\n\n';
  for (let cut = 1; cut < text.length; cut += 1) {
    const parser = new Parser();
    const events = [...parser.feed(text.slice(0, cut)), ...parser.feed(text.slice(cut))];
    expect(events).toEqual([
      { id: '7', name: 'fairway.session.updated.v1', data: { a: 1 } },
      { id: '8', name: 'message', data: 'plain' },
    ]);
  }
});

test('an_event_without_an_end_is_refused', () => {
  const parser = new Parser();
  expect(() => parser.feed('x'.repeat(1_000_001))).toThrow(/without an end/);
});
