/** The message files of this page. They are fetched as text: words are no script, and only the language that is read is loaded. */
const ADDRESSES = import.meta.glob<string>('../../../messages/*/{common,kiosk}.ftl', { query: '?url', import: 'default', eager: true });

async function text(address: string): Promise<string> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: HTTP ${answer.status}`);
  return answer.text();
}

export const FILES = Object.fromEntries(Object.entries(ADDRESSES).map(([file, address]) => [file, () => text(address)]));
export const NAMES = ['common', 'kiosk'];
