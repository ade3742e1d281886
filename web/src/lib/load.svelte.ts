import { Problem } from '../api/client.ts';

/** Something that is fetched: not here yet, here, or failed. What was here stays while it is fetched anew. */
/** What failed for want of a line, and waits for it. */
const waiting = new Set<{ again(): Promise<void> }>();
/** More than a page has; what comes above it waits for its own button. */
const MOST_WAITING = 64;

/** The line to the server stands again: what failed meanwhile is fetched anew. */
export function lineBack(): void {
  for (const one of [...waiting]) void one.again();
}

export class Loaded<T> {
  value: T | undefined = $state.raw();
  problem: Problem | undefined = $state.raw();
  busy = $state(true);

  readonly #fetch: (signal: AbortSignal) => Promise<T>;
  #running: AbortController | null = null;

  constructor(fetch: (signal: AbortSignal) => Promise<T>) {
    this.#fetch = fetch;
    void this.again();
  }

  async again(): Promise<void> {
    this.#running?.abort();
    waiting.delete(this);
    const running = new AbortController();
    this.#running = running;
    this.busy = true;
    try {
      const value = await this.#fetch(running.signal);
      if (running.signal.aborted) return;
      this.value = value;
      this.problem = undefined;
    } catch (cause) {
      if (running.signal.aborted) return;
      this.problem = cause instanceof Problem ? cause : new Problem({ type: 'about:blank', title: String(cause), status: 0 });
      if (this.problem.status === 0 && waiting.size < MOST_WAITING) waiting.add(this);
    }
    this.busy = false;
  }

  stop(): void {
    waiting.delete(this);
    this.#running?.abort();
  }
}
