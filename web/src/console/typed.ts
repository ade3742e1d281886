import { Problem } from '../api/client.ts';
import type { Money } from '../api/types.ts';
import { t } from '../lib/i18n.svelte.ts';
import { typedMoney } from '../lib/typed.ts';

/** Fields of a form that cannot be read: the problem names each, as the server would. */
export function unreadable(...names: string[]): Problem {
  return new Problem({ type: 'about:fields', title: t('edit-wrong'), status: 422, errors: names.map((name) => ({ pointer: `/${name}`, message: t('edit-wrong-field') })) });
}

/** The money that a field holds; a text that is none is named with its field. */
export function moneyOf(values: Record<string, string>, name: string, currency: string): Money {
  const money = typedMoney(values[name] ?? '', currency);
  if (money) return money;
  throw unreadable(name);
}
