import { account, is } from '../lib/account.svelte.ts';
import { links } from '../lib/links.ts';

/** Where the explorer's ids lead at this member: a witness has no charges and no agreements of its own. */

export const witness = () => account()?.member.kind === 'witness';

export function session(id: string): string | undefined {
  if (is('driver')) return `/my/sessions/${encodeURIComponent(id)}`;
  return witness() ? undefined : links.session(id);
}

export const agreement = (id: string) => `/explorer/agreements/${encodeURIComponent(id)}`;

/** A block's number as it is typed or stands in an address; undefined when it is none. */
export function height(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
