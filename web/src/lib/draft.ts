/**
 * What is typed into a form outlives the page: it is kept in the tab's own storage until the form is sent. Passwords are never kept.
 */

const PREFIX = 'fairway-draft:';
/** A draft above this size is not kept: a form is no place for a book. In characters. */
const LONGEST_DRAFT = 100_000;

export function keepDraft(form: string, values: Record<string, string>): void {
  const text = JSON.stringify(values);
  if (text.length > LONGEST_DRAFT) return;
  try {
    sessionStorage.setItem(PREFIX + form, text);
  } catch {
    // Full or forbidden storage: the draft then lives as long as the page.
  }
}

export function draft(form: string): Record<string, string> {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(PREFIX + form) ?? '{}');
    if (typeof kept !== 'object' || kept === null) return {};
    return Object.fromEntries(Object.entries(kept).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
  } catch {
    return {};
  }
}

export function dropDraft(form: string): void {
  try {
    sessionStorage.removeItem(PREFIX + form);
  } catch {
    // Nothing was kept then.
  }
}
