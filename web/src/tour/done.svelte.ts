/** Which of the things were tried, in this browser; kept until the tab is closed, for the next demonstration is another one. */
const STORED = 'fairway-tried';

function kept(): string[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(STORED) ?? '[]');
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

let all: string[] = $state.raw(kept());

export const tried = (id: string): boolean => all.includes(id);

export function mark(id: string): void {
  if (all.includes(id)) return;
  all = [...all, id];
  try {
    sessionStorage.setItem(STORED, JSON.stringify(all));
  } catch {
    // Storage may be forbidden; the marks then last as long as the page.
  }
}
