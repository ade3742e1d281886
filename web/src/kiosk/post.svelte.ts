import { type Event, Live } from '../lib/live.svelte.ts';
import type { ProblemBody } from '../lib/shapes.ts';
import type { Choice, View } from './view.ts';

/** A request that was refused, in the station's words. */
export class Refused extends Error {
  readonly body: ProblemBody;
  constructor(body: ProblemBody) {
    super(body.detail ?? body.title);
    this.body = body;
  }
}

/** Longest wait for the station's answer, in milliseconds. */
const PATIENCE = 8_000;
/** Presses that wait while one is on its way; more than that nobody meant. */
const MOST_WAITING = 24;
/** Screens on which every key is part of a number: a press counts whatever the step is by then. */
const TYPED = ['prompt', 'typing', 'pin'];

export async function send(address: string, body: unknown): Promise<View> {
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
    credentials: 'same-origin',
  });
  const value: unknown = await answer.json();
  if (!answer.ok) throw new Refused(value as ProblemBody);
  return value as View;
}

/** An id of a press. Random where the page may ask for it; on plain HTTP the browser gives no UUIDs, but random bytes. */
function press(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What the screen shows and where its presses go: a station, or a price that is looked at beforehand. */
export interface Shown {
  readonly view: View | null;
  /** When the view came, by the page's clock in milliseconds. */
  readonly came: number;
  refusal: string | null;
  readonly live: { readonly lost: Live['lost'] };
  key(key: string): void;
  choose(choice: Choice): void;
  act(body: Record<string, unknown>): void;
}

/** The station as its page knows it: the newest view, whether the line stands, and the presses in their order. */
export class Post implements Shown {
  view: View | null = $state.raw(null);
  /** When the view came, by the page's clock in milliseconds: what is left of a deadline counts from there. */
  came: number = $state(0);
  /** What the station said of the last press, where it refused it. */
  refusal: string | null = $state(null);
  readonly live: Live;
  readonly #base: string;
  #waiting: { body: Record<string, unknown> }[] = [];
  #busy = false;

  constructor(base: string) {
    this.#base = base;
    const told = (event: Event) => {
      if (event.name === 'view') this.take(event.data as View);
    };
    // Nobody signs in at a station.
    this.live = new Live(`${base}/events`, told, () => Promise.resolve());
  }

  take(view: View): void {
    this.view = view;
    this.came = Date.now();
  }

  /** Presses a key of the twelve. */
  key(key: string): void {
    const view = this.view;
    if (!view) return;
    const typed = TYPED.includes(view.screen.kind);
    this.act(typed ? { act: 'key', key } : { act: 'key', key, step: view.step });
  }

  choose(choice: Choice): void {
    if (!this.view) return;
    const number = choice.number === undefined ? {} : { number: choice.number };
    this.act({ act: 'choose', choice: choice.choice, ...number, step: this.view.step });
  }

  act(body: Record<string, unknown>): void {
    if (this.#waiting.length >= MOST_WAITING) return;
    this.#waiting.push({ body: { id: press(), ...body } });
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await this.#one(next.body);
    this.#busy = false;
  }

  async #one(body: Record<string, unknown>): Promise<void> {
    for (let again = true; ; again = false) {
      try {
        const view = await send(`${this.#base}/act`, body);
        // An event that came meanwhile knows more than the answer.
        if (view.step >= (this.view?.step ?? 0)) this.take(view);
        this.refusal = null;
        return;
      } catch (cause) {
        if (cause instanceof Refused) {
          // A second press on a screen that is gone: the driver sees the new one, and that is the answer.
          this.refusal = cause.body.code === 'screen-changed' ? null : cause.message;
          return;
        }
        // The line broke: the same id may be sent again, twice is once.
        if (!again) {
          this.refusal = '';
          this.live.retry();
          return;
        }
      }
    }
  }
}
