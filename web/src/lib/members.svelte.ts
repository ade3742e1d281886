import { get } from '../api/client.ts';
import { plainName } from './names.ts';

/** Names of the consortium's members; an id stands for itself until its name is known. */

let names: Record<string, string> = $state.raw({});
let asked: Promise<void> | undefined;

/** Asks once; a driver's account may not, and sees names where the answer itself has them. */
export function knowMembers(): Promise<void> {
  asked ??= ask();
  return asked;
}

async function ask(): Promise<void> {
  try {
    const network = await get('/network');
    names = Object.fromEntries(network.members.map((member) => [member.member, member.name]));
  } catch {
    asked = undefined;
  }
}

export function memberName(id: string | null | undefined): string {
  return id ? (names[id] ?? id) : '';
}

/** The name of a member as tables have it. */
export const shortName = (id: string | null | undefined): string => plainName(memberName(id));

/** Every member known, as choices of a filter. */
export function memberChoices(): [string, string][] {
  return Object.entries(names);
}
