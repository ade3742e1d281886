/** Where ids lead. */

const part = encodeURIComponent;
const driver = () => location.pathname === '/my' || location.pathname.startsWith('/my/');

export const links = {
  session: (id: string) => `${driver() ? '/my' : '/console'}/sessions/${part(id)}`,
  transaction: (id: string) => `/explorer/transactions/${part(id)}`,
  block: (height: number) => `/explorer/blocks/${height}`,
  /** Drivers see no agreements: for them the id is only an id. */
  agreement: (id: string) => (driver() ? undefined : `/console/agreements/${part(id)}`),
  station: (id: string) => (driver() ? undefined : `/console/stations/${part(id)}`),
  customer: (id: string) => (driver() ? undefined : `/console/customers/${part(id)}`),
  bill: (month: string) => `/my/bills/${part(month)}`,
};

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent';

/** The tone of a charge's state. */
export function tone(state: string): Tone {
  if (state === 'settled' || state === 'agreed') return 'good';
  if (state === 'disputed') return 'bad';
  if (state === 'refused') return 'warn';
  if (state === 'void') return 'plain';
  return 'accent';
}
