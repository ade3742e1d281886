import { Live, type Event } from '../lib/live.svelte.ts';
import type { ProblemBody } from '../lib/shapes.ts';
import type { Screen } from '../kiosk/view.ts';

/** The demonstration as its simulator tells it, whole, each time something changed. */

export interface Member {
  id: string;
  name: string;
  utility: boolean;
  /** Whether its process runs. */
  runs: boolean;
  /** Height of its ledger; null while it is not reached. */
  height: number | null;
  slow: boolean;
  peak: boolean;
  /** Address of its pages. */
  pages: string | null;
}

export interface Station {
  station: string;
  /** Member id. */
  operator: string;
  /** Address of its screen. */
  url: string;
  /** Whether the line to its gateway is cut. */
  cut: boolean;
  linked: boolean;
  plugged: boolean;
  /** Name of the home utility of who charges. */
  home: string | null;
  screen: Screen;
}

export interface Books {
  height: number;
  /** Nodes at that height, and whether they have one state and the same books. */
  compared: number;
  same: boolean;
  /** Whether all accounts of the ledger sum to zero. */
  zero: boolean;
  charges: number;
  /** Charges that are under way or not settled yet. */
  open: number;
  journals: { member: string; balanced: boolean }[];
  /** Whether every database says what the ledger says; null while that cannot be told. */
  databases: boolean | null;
  fault: string | null;
}

export interface State {
  members: Member[];
  lines: { from: string; to: string; cut: boolean }[];
  stations: Station[];
  drivers: { name: string; cin: string; home: string; account: string }[];
  books: Books | null;
  told: { id: string; at: string; deed: string; member: string | null; to: string | null; station: string | null; driver: string | null }[];
}

/** Longest wait for an answer, in milliseconds. */
const PATIENCE = 15_000;

export class Demonstration {
  state: State | null = $state.raw(null);
  /** Why the last deed was refused; empty where nothing answered. */
  refusal: string | null = $state(null);
  readonly live: Live;

  constructor() {
    const told = (event: Event) => {
      if (event.name === 'state' && event.data !== null) this.state = event.data as State;
    };
    // Nobody signs in here.
    this.live = new Live('/simulator/events', told, () => Promise.resolve());
  }

  async do(deed: string, of: { member?: string; to?: string; station?: string; driver?: string }): Promise<void> {
    const id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    this.refusal = null;
    try {
      const answer = await fetch('/simulator/act', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id, deed, ...of }),
        signal: AbortSignal.timeout(PATIENCE),
        credentials: 'same-origin',
      });
      if (!answer.ok) this.refusal = ((await answer.json()) as ProblemBody).detail ?? '';
    } catch {
      this.refusal = '';
    }
  }
}
