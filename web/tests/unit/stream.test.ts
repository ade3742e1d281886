import { afterEach, expect, test, vi } from 'vitest';
import { Live, Parser, type Event } from '../../src/lib/live.svelte.ts';

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

/** A line to a server that sends some text and then hangs, and what each attempt showed as the last id. */
function lines(...texts: string[]): { shown: (string | null)[]; cut: () => void } {
  const shown: (string | null)[] = [];
  let stop: AbortController | undefined;
  vi.stubGlobal('fetch', (_: string, init: { headers: Headers; signal: AbortSignal }) => {
    const text = texts[shown.length];
    shown.push(init.headers.get('last-event-id'));
    if (text === undefined) return Promise.reject(new TypeError('no line'));
    const body = new ReadableStream({
      start(controller) {
        stop = new AbortController();
        const end = () => controller.error(new TypeError('cut'));
        stop.signal.addEventListener('abort', end);
        init.signal.addEventListener('abort', end);
        if (text !== '') controller.enqueue(new TextEncoder().encode(text));
      },
    });
    return Promise.resolve(new Response(body));
  });
  return { shown, cut: () => stop?.abort() };
}

afterEach(() => vi.unstubAllGlobals());

test('who_heard_only_the_greeting_comes_back_with_its_number', async () => {
  const line = lines('id: 41\nevent: hello\ndata: {}\n\n', 'id: 42\nevent: fairway.session.updated.v1\ndata: {}\n\n');
  const told: Event[] = [];
  const live = new Live('/events', (event) => told.push(event), () => Promise.resolve());
  await vi.waitFor(() => expect(told.map((one) => one.name)).toEqual(['hello']));
  line.cut();
  await vi.waitFor(() => expect(live.lost).not.toBeNull());
  await vi.waitFor(() => expect(told.map((one) => one.name)).toEqual(['hello', 'fairway.session.updated.v1']), { timeout: 5_000 });
  expect(line.shown).toEqual([null, '41']);
  expect(live.lost).toBeNull();
  live.close();
});

test('a_line_that_comes_back_without_any_number_loads_the_page_again', async () => {
  const line = lines('', 'id: 50\nevent: hello\ndata: {}\n\n');
  const told: Event[] = [];
  const live = new Live('/events', (event) => told.push(event), () => Promise.resolve());
  await vi.waitFor(() => expect(line.shown).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  line.cut();
  await vi.waitFor(() => expect(told.map((one) => one.name)).toEqual(['reset', 'hello']), { timeout: 5_000 });
  expect(line.shown).toEqual([null, null]);
  live.close();
});

test('an_event_without_an_end_is_refused', () => {
  const parser = new Parser();
  expect(() => parser.feed('x'.repeat(1_000_001))).toThrow(/without an end/);
});
