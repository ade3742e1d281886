import { Problem, carry, exchange, get, onExpiry } from '../api/client.ts';
import type { Me, SetUp, SetupState } from '../api/types.ts';
import { Live, type Event } from './live.svelte.ts';

/** Who is signed in, and the one stream of events of this page. */

type Listener = (event: Event) => void;

/** Undefined: not asked yet. Null: nobody. */
let me: Me | null | undefined = $state.raw();
let trouble: Problem | undefined = $state.raw();
/** The sign-in ran out while something was under way: asked for above the page. */
let expired = $state(false);
let live: Live | null = $state.raw(null);
let met = { here: 0, there: 0 };
let waiting: { resolve: () => void; reject: (cause: Problem) => void }[] = [];
const listeners = new Map<string, Set<Listener>>();

export function account(): Me | null | undefined {
  return me;
}

export function accountTrouble(): Problem | undefined {
  return trouble;
}

export function signInExpired(): boolean {
  return expired;
}

export function stream(): Live | null {
  return live;
}

/** The member's clock, which in a demonstration runs faster than the browser's. */
export function serverNow(): number {
  return met.there + (Date.now() - met.here) * (me?.clock_speed ?? 1);
}

/** Whether the account's rights name this act, for example `agreements.write`; the server checks it again. */
export function is(...roles: Me['role'][]): boolean {
  return me ? roles.includes(me.role) : false;
}

function took(next: Me): void {
  carry(next.csrf);
  met = { here: Date.now(), there: Date.parse(next.now) };
  me = next;
  live ??= new Live('/api/v1/events', tell, renew);
}

function tell(event: Event): void {
  for (const listener of listeners.get(event.name) ?? []) listener(event);
}

/** Hears events of a name until the returned function is called. `reset` comes when some were missed. */
export function on(name: string, listener: Listener): () => void {
  const all = listeners.get(name) ?? new Set();
  listeners.set(name, all.add(listener));
  return () => all.delete(listener);
}

/** Does something after any of these events, once for all that come within a time in milliseconds; returns what ends that. */
export function gathered(names: readonly string[], run: () => void, time: number): () => void {
  let due: ReturnType<typeof setTimeout> | undefined;
  const again = () => {
    due ??= setTimeout(() => {
      due = undefined;
      run();
    }, time);
  };
  const stops = names.map((name) => on(name, again));
  return () => {
    clearTimeout(due);
    for (const stop of stops) stop();
  };
}

/** Asks who is signed in. */
export async function meet(): Promise<void> {
  trouble = undefined;
  onExpiry(renew);
  try {
    took((await exchange('GET', '/me', { renew: false })).value);
  } catch (cause) {
    if (cause instanceof Problem && cause.status === 401) me = null;
    else trouble = cause instanceof Problem ? cause : new Problem({ type: 'about:blank', title: String(cause), status: 0 });
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  const before = me;
  const { value } = await exchange('POST', '/login', { body: { name, password }, renew: false });
  took(value);
  if (before && before.account !== value.account) {
    // Somebody else: what stands on the page is not this person's.
    location.reload();
    return;
  }
  expired = false;
  live?.retry();
  for (const one of waiting.splice(0)) one.resolve();
}

/** Begins with an account made by the set-up link. */
export async function setUp(body: SetUp): Promise<void> {
  took((await exchange('POST', '/setup', { body, renew: false })).value);
}

export async function signOut(): Promise<void> {
  live?.close();
  live = null;
  try {
    await exchange('POST', '/logout', { renew: false });
  } finally {
    carry(null);
    me = null;
  }
}

function renew(): Promise<void> {
  expired = true;
  return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
}

/** The person does not want to sign in again now: what waited fails, and what was typed stays. */
export function giveUpRenewal(): void {
  expired = false;
  const cause = new Problem({ type: 'about:not-signed-in', title: 'not signed in', status: 401, code: 'not-signed-in' });
  for (const one of waiting.splice(0)) one.reject(cause);
}

/** Whether a first account has to be made. */
export async function setupState(): Promise<SetupState> {
  return get('/setup');
}
