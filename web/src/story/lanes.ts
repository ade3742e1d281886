import type { Hop } from '../api/types.ts';

/** The parties of a charge in the order of the paper's figure, from the car to the ledger. */
export const LANES = ['station', 'gateway', 'visited', 'home', 'crp', 'ledger'] as const;
export type Lane = (typeof LANES)[number];

export interface Step {
  hop: Hop;
  from: number;
  to: number;
  /** Since the step before, in milliseconds; null for the first. */
  after: number | null;
}

/**
 * The lane of a party. A member's id is the home utility's AAA node where it is the home's, else the visited one's; the visited utility's own
 * `aaa` is the visited lane, unless the home utility tells the story of its own part.
 */
export function lane(party: string, home: string | null, visited: string): number {
  const known: Record<string, Lane> = { station: 'station', gateway: 'gateway', aaa: 'visited', crp: 'crp', ledger: 'ledger' };
  const name = known[party] ?? (party === home && home !== visited ? 'home' : party === visited ? 'visited' : 'home');
  return LANES.indexOf(name);
}

/** A moment on the clock to the second: the order of a charge's steps shows within a minute. */
export function clock(language: string, time: string, zone: string | undefined): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  return new Intl.DateTimeFormat(language, { timeStyle: 'medium', ...(zone ? { timeZone: zone } : {}) }).format(at);
}

export function steps(hops: readonly Hop[], home: string | null, visited: string): Step[] {
  return hops.map((hop, index) => {
    const before = hops[index - 1];
    const after = before ? Date.parse(hop.at) - Date.parse(before.at) : null;
    return { hop, from: lane(hop.from, home, visited), to: lane(hop.to, home, visited), after: after === null || Number.isNaN(after) ? null : after };
  });
}
