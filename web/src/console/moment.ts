import type { FlowChart, Hop } from '../api/types.ts';
import { walked } from '../story/chart.ts';

/** What was so at a moment of a replay; a moment is how many hops have happened, from 1 to all. */

/** How many times as fast as the charge was. */
export const SPEEDS = [1, 10, 60] as const;
/** Longest wait between two hops, in milliseconds: a charge lasts half an hour, its replay need not. */
export const LONGEST_WAIT = 3_000;
/** Shortest, so that a hop can be read before the next. */
export const SHORTEST_WAIT = 400;

/** Milliseconds from a hop to the next, as the charge had them; a clock that was set back counts as none. */
export function gap(hops: readonly Hop[], moment: number): number {
  const [now, next] = [hops[moment - 1], hops[moment]];
  return now && next ? Math.max(0, Date.parse(next.at) - Date.parse(now.at)) : 0;
}

/** Milliseconds that the replay waits before the hop after the moment. */
export function wait(hops: readonly Hop[], moment: number, speed: number): number {
  return Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, gap(hops, moment) / speed));
}

/** The moment at which a step of the flow chart was done: with its last message, since its first only asks. The end where no hop has it. */
export function doneAt(hops: readonly Hop[], step: string): number {
  const last = hops.findLastIndex((hop) => hop.steps.includes(step));
  return last < 0 ? hops.length : last + 1;
}

/** The state in the flow chart that was reached by a moment, on the way to where the charge came; none where the chart has no such way. */
export function stateAt(chart: FlowChart, state: string, hops: readonly Hop[], moment: number): string | null {
  const way = walked(chart, state, new Set(hops.flatMap((hop) => hop.steps)));
  const first = chart.states[0]?.id ?? null;
  if (way.length === 0) return state === first ? first : null;
  if (moment >= hops.length) return state;
  return way.findLast((transition) => doneAt(hops, transition.flow) <= moment)?.to ?? first;
}
