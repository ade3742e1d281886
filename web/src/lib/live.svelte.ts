/**
 * The stream of events (server-sent events). Read with `fetch`, not `EventSource`: so the heartbeat is seen, a silent line is noticed and
 * opened again, and the last event's id is sent along, so that nothing is missed in between.
 */

/** Without a byte for this long the line counts as lost; the server sends a heartbeat every 15 s. In milliseconds. */
const SILENCE = 35_000;
/** First and longest pause before another attempt. In milliseconds. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
/** A stream that sends more than this without an end of event is not ours. In characters. */
const LONGEST_EVENT = 1_000_000;

export interface Event {
  id: string;
  name: string;
  data: unknown;
}

/** Takes an event stream apart; `feed` gives what is complete. */
export class Parser {
  #rest = '';
  #id = '';

  feed(text: string): Event[] {
    this.#rest += text.replaceAll('\r\n', '\n');
    if (this.#rest.length > LONGEST_EVENT) throw new Error('the event stream sent an event without an end');
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => this.#event(block));
  }

  #event(block: string): Event[] {
    let name = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      const at = line.indexOf(':');
      if (at <= 0) continue;
      const value = line.slice(at + 1).replace(/^ /, '');
      const field = line.slice(0, at);
      if (field === 'id') this.#id = value;
      else if (field === 'event') name = value;
      else if (field === 'data') data.push(value);
    }
    if (data.length === 0) return [];
    const text = data.join('\n');
    try {
      return [{ id: this.#id, name, data: JSON.parse(text) as unknown }];
    } catch {
      return [{ id: this.#id, name, data: text }];
    }
  }
}

/** A stream that keeps itself open. `lost` and `heard` drive the notice about the age of what is shown. */
export class Live {
  /** Since when nothing was heard, in milliseconds since 1970; null while the line stands. */
  lost: number | null = $state(null);
  /** When something was heard last, in milliseconds since 1970. */
  heard: number = $state(Date.now());

  readonly #address: string;
  readonly #told: (event: Event) => void;
  readonly #denied: () => Promise<void>;
  #last = '';
  /** The page's data are from before the first attempt; what a later one finds without a known id may lie behind events that nobody told. */
  #first = true;
  #stop = new AbortController();
  #wake: (() => void) | null = null;
  /** Nobody is signed in and nobody wants to be: no attempt before `retry`. */
  #given = false;

  /** `denied` asks for the sign-in again where the server wants one. */
  constructor(address: string, told: (event: Event) => void, denied: () => Promise<void>) {
    this.#address = address;
    this.#told = told;
    this.#denied = denied;
    void this.#run();
  }

  close(): void {
    this.#stop.abort();
    this.#wake?.();
  }

  /** Another attempt at once. */
  retry(): void {
    this.#given = false;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!this.#stop.signal.aborted) {
      const before = this.heard;
      await this.#read();
      if (this.#stop.signal.aborted) return;
      this.lost ??= Date.now();
      pause = this.heard > before ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (!this.#given) setTimeout(resolve, pause);
      });
    }
  }

  async #read(): Promise<void> {
    const line = new AbortController();
    const first = this.#first;
    this.#first = false;
    const ended = () => line.abort();
    this.#stop.signal.addEventListener('abort', ended);
    let watch = setTimeout(ended, SILENCE);
    try {
      const headers = new Headers({ accept: 'text/event-stream' });
      if (this.#last !== '') headers.set('last-event-id', this.#last);
      const answer = await fetch(this.#address, { headers, signal: line.signal, cache: 'no-store' });
      if (answer.status === 401) {
        clearTimeout(watch);
        await this.#denied().catch(() => (this.#given = true));
      }
      if (!answer.ok || !answer.body) return;
      if (this.#last === '' && !first) this.#told({ id: '', name: 'reset', data: {} });
      const parser = new Parser();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(watch);
        watch = setTimeout(ended, SILENCE);
        this.heard = Date.now();
        this.lost = null;
        for (const event of parser.feed(part.value)) {
          if (event.id !== '') this.#last = event.id;
          this.#told(event);
        }
      }
    } catch {
      // Whatever broke the line, the answer is the same: say so and open it again.
    } finally {
      clearTimeout(watch);
      this.#stop.signal.removeEventListener('abort', ended);
      line.abort();
    }
  }
}
