import { Problem } from '../api/client.ts';

/** Something that is fetched: not here yet, here, or failed. What was here stays while it is fetched anew. */
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
    }
    this.busy = false;
  }

  stop(): void {
    this.#running?.abort();
  }
}
