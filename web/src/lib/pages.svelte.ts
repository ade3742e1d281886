import { Problem, get, type Answer } from '../api/client.ts';

/**
 * A list that comes in pages, newest first: more is fetched as one scrolls, changes told by the stream are put in place, and the address's
 * filters begin it anew.
 */

/** The most rows that are kept; whoever needs more narrows the filter. */
export const MOST_ROWS = 20_000;
/** Rows a page. The server allows 200. */
const PAGE = 200;

/** The lists that the API gives in pages. */
type Lists = '/sessions' | '/customers' | '/ledger/blocks' | '/my/sessions';
type Page<T> = { data: T[]; next_cursor: string | null; has_more: boolean };
type Row<P extends Lists> = Answer<'GET', P> extends Page<infer T> ? T : never;

export class Pages<P extends Lists, T extends Row<P> = Row<P>> {
  rows: readonly T[] = $state.raw([]);
  more = $state(true);
  busy = $state(false);
  problem: Problem | undefined = $state.raw();

  readonly #path: P;
  readonly #key: (row: T) => string;
  #query: Record<string, string> = {};
  #cursor: string | null = null;
  #running: AbortController | null = null;
  #turn: Promise<void> = Promise.resolve();
  /** Whether the last page has come. */
  #whole = false;

  constructor(path: P, key: (row: T) => string) {
    this.#path = path;
    this.#key = key;
  }

  /** Begins with these filters. */
  async begin(query: Record<string, string>): Promise<void> {
    this.#running?.abort();
    this.#query = query;
    this.#cursor = null;
    this.more = true;
    this.#whole = false;
    this.busy = false;
    await this.next(true);
  }

  async next(anew = false): Promise<void> {
    if (this.busy || !this.more) return;
    this.#turn = this.#fetch(anew);
    await this.#turn;
  }

  /** Fetches all that is left; false when the list has more than are kept, or when the line is cut meanwhile. */
  async rest(): Promise<boolean> {
    while (this.more) await (this.busy ? this.#turn : this.next());
    return this.#whole;
  }

  async #fetch(anew: boolean): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    this.busy = true;
    try {
      const query: Record<string, string | number | undefined> = { ...this.#query, limit: PAGE, cursor: this.#cursor ?? undefined };
      const page = (await get(this.#path as Lists, query, running.signal)) as Page<T>;
      if (running.signal.aborted) return;
      this.rows = anew ? page.data : [...this.rows, ...page.data];
      this.#cursor = page.next_cursor;
      this.#whole = !page.has_more;
      this.more = page.has_more && this.rows.length < MOST_ROWS;
      this.problem = undefined;
    } catch (cause) {
      if (running.signal.aborted) return;
      this.more = false;
      this.problem = cause instanceof Problem ? cause : new Problem({ type: 'about:blank', title: String(cause), status: 0 });
    }
    this.busy = false;
  }

  /** A row is new or has changed. What is new stands first, as the server would have it. */
  put(changed: readonly T[]): void {
    if (changed.length === 0) return;
    const news = new Map(changed.map((row) => [this.#key(row), row]));
    const kept = this.rows.map((row) => {
      const id = this.#key(row);
      const next = news.get(id);
      if (!next) return row;
      news.delete(id);
      return next;
    });
    this.rows = [...[...news.values()].reverse(), ...kept].slice(0, MOST_ROWS);
  }

  stop(): void {
    this.#running?.abort();
  }
}
