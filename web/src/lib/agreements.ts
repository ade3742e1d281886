import { known } from './i18n.svelte.ts';
import type { Tone } from './links.ts';

/** The states of agreements in lists. */
export const AGREEMENT_STATES = ['proposed', 'countered', 'in_force', 'later', 'replaced', 'suspended', 'ended', 'withdrawn', 'lapsed', 'broken'];

const TONES: Record<string, Tone> = { in_force: 'good', proposed: 'accent', countered: 'accent', later: 'accent', suspended: 'warn', broken: 'bad' };

/** How a state is marked. */
export const agreementTone = (state: string): Tone => TONES[state] ?? 'plain';

/** A state in the reader's words. */
export const agreementWord = (state: string): string => known(`agreement-${state.replaceAll('_', '-')}`, state);
