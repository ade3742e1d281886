import type { ProblemBody } from '../lib/shapes.ts';
import type { Operations } from './generated.ts';

/**
 * The way to the API: one function. It sends the cookie and the token against forged requests, turns every failure into a `Problem`, and when
 * the sign-in has run out it waits until the person has signed in again and then repeats the request, so that nothing typed is lost.
 */

/** What went wrong, in the API's own words where it had any. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly body: ProblemBody;

  constructor(body: ProblemBody) {
    super(body.detail ?? body.title);
    this.body = body;
  }

  get status(): number {
    return this.body.status;
  }

  /** What is wrong with one field, by its JSON pointer such as `/amount`. */
  field(pointer: string): string | undefined {
    return this.body.errors?.find((error) => error.pointer === pointer)?.message;
  }
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The operations of a method, and the path of one. */
type Named<M extends Method> = Extract<keyof Operations, `${M} /api/v1/${string}`>;
type PathOf<K extends keyof Operations> = K extends `${Method} /api/v1${infer P}` ? P : never;
/** A path as the pages write it: `/sessions/{session}` is `/sessions/${string}`. */
type Written<P extends string> = P extends `${infer A}{${string}}${infer B}` ? `${A}${string}${Written<B>}` : P;
/** Every path that a method has. */
export type Path<M extends Method> = Written<PathOf<Named<M>>>;
/** The operation behind a path. Both ways, because `/agreements/${string}` would take the longer paths for its own. */
type Operation<M extends Method, P extends string> = { [K in Named<M>]: P extends Written<PathOf<K>> ? (Written<PathOf<K>> extends P ? Operations[K] : never) : never }[Named<M>];
/** What an operation answers, by the description. */
export type Answer<M extends Method, P extends string> = Operation<M, P>['answers'];
/** What an operation takes in its body. */
export type Body<M extends Method, P extends string> = Operation<M, P>['takes'] extends { body: infer B } ? B : undefined;
/** What an operation takes behind the question mark. What is empty or undefined is left out. */
export type Query<P extends string> = Operation<'GET', P>['takes'] extends { query?: infer Q } ? { [N in keyof Q]?: Q[N] | '' | undefined } : undefined;

export interface Ask {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  /** Makes the request count once however often it arrives. Made by the form, so that a repetition carries the same. */
  once?: string;
  /** `If-Match`: the version that the change was made from. */
  version?: string;
  signal?: AbortSignal;
  /** False for sign-in itself: there a 401 is an answer. */
  renew?: boolean;
}

/** Longest wait for an answer, in milliseconds. */
const PATIENCE = 30_000;
const BASE = '/api/v1';

let token: string | null = null;
let renewal: (() => Promise<void>) | null = null;

/** The token that changing requests carry; it comes with the answer to sign-in and to `/me`. */
export function carry(csrf: string | null): void {
  token = csrf;
}

/** What to do when the sign-in has run out: resolves when the person is signed in again, rejects when she gave up. */
export function onExpiry(renew: () => Promise<void>): void {
  renewal = renew;
}

/** A new name for a request that must count once. */
export function onceKey(): string {
  return crypto.randomUUID();
}

/** Where the API serves something that the browser fetches by itself, such as a file to save. */
export function addressOf(path: string, query: Ask['query']): string {
  const filled = Object.entries(query ?? {}).filter((pair): pair is [string, string | number | boolean] => pair[1] !== undefined && pair[1] !== '');
  const text = new URLSearchParams(filled.map(([name, value]) => [name, String(value)])).toString();
  return `${BASE}${path}${text === '' ? '' : `?${text}`}`;
}

function headers(method: Method, ask: Ask): Headers {
  const all = new Headers({ accept: 'application/json, application/problem+json' });
  if (ask.body !== undefined) all.set('content-type', 'application/json');
  if (method !== 'GET' && token) all.set('x-fairway-csrf', token);
  if (ask.once) all.set('idempotency-key', ask.once);
  if (ask.version) all.set('if-match', ask.version);
  return all;
}

async function problem(answer: Response): Promise<Problem> {
  const plain: ProblemBody = { type: 'about:blank', title: answer.statusText || `HTTP ${answer.status}`, status: answer.status };
  if (!answer.headers.get('content-type')?.includes('json')) return new Problem(plain);
  try {
    return new Problem({ ...plain, ...((await answer.json()) as Partial<ProblemBody>) });
  } catch {
    return new Problem(plain);
  }
}

async function once(method: Method, path: string, ask: Ask): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE);
  const signal = ask.signal ? AbortSignal.any([ask.signal, patience]) : patience;
  const body = ask.body === undefined ? null : JSON.stringify(ask.body);
  try {
    return await fetch(addressOf(path, ask.query), { method, headers: headers(method, ask), body, signal, credentials: 'same-origin' });
  } catch (cause) {
    if (ask.signal?.aborted) throw cause;
    const late = patience.aborted;
    throw new Problem({ type: late ? 'about:late' : 'about:unreachable', title: late ? 'no answer in time' : 'server not reachable', status: 0 });
  }
}

/** Asks for something; the answer's JSON, and its version for a later `If-Match`. */
export async function exchange<M extends Method, P extends Path<M>>(method: M, path: P, ask: Ask & { body?: Body<M, P> } = {}): Promise<{ value: Answer<M, P>; version: string | null }> {
  let answer = await once(method, path, ask);
  if (answer.status === 401 && ask.renew !== false && renewal) {
    await renewal();
    answer = await once(method, path, ask);
  }
  if (!answer.ok) throw await problem(answer);
  const empty = answer.status === 204 || answer.headers.get('content-length') === '0';
  return { value: (empty ? undefined : await answer.json()) as Answer<M, P>, version: answer.headers.get('etag') };
}

export async function get<P extends Path<'GET'>>(path: P, query?: Query<P>, signal?: AbortSignal): Promise<Answer<'GET', P>> {
  const ask: Ask = {};
  if (query) ask.query = query;
  if (signal) ask.signal = signal;
  return (await exchange('GET', path, ask as Ask & { body?: Body<'GET', P> })).value;
}

export async function post<P extends Path<'POST'>>(path: P, body: Body<'POST', P>, key?: string): Promise<Answer<'POST', P>> {
  return (await exchange('POST', path, key ? { body, once: key } : { body })).value;
}

/** The proof of a transaction, as the bytes that `fairway ledger verify` takes. */
export async function proofBytes(transaction: string): Promise<ArrayBuffer> {
  const answer = await once('GET', `/ledger/transactions/${encodeURIComponent(transaction)}/proof`, {});
  if (!answer.ok) throw await problem(answer);
  return answer.arrayBuffer();
}

/** Has a proof checked. The program at the other end does it; the file is for those who trust no server. */
export async function verifyProof(bytes: ArrayBuffer): Promise<Answer<'POST', '/ledger/verify'>> {
  const all = headers('POST', {});
  all.set('content-type', 'application/octet-stream');
  const answer = await fetch(`${BASE}/ledger/verify`, { method: 'POST', headers: all, body: bytes, credentials: 'same-origin' });
  if (!answer.ok) throw await problem(answer);
  return (await answer.json()) as Answer<'POST', '/ledger/verify'>;
}
