/** Rows that are drawn beyond each edge of what is seen, so that quick scrolling shows no gap. */
export const MARGIN = 12;

/** Which rows of a long list are drawn: from `first` on, up to but without `end`. */
export function visible(total: number, rowHeight: number, scrolled: number, height: number): { first: number; end: number } {
  if (total <= 0 || rowHeight <= 0) return { first: 0, end: Math.max(0, Math.min(total, MARGIN * 2)) };
  const first = Math.max(0, Math.floor(scrolled / rowHeight) - MARGIN);
  const end = Math.min(total, Math.ceil((scrolled + height) / rowHeight) + MARGIN);
  return { first: Math.min(first, Math.max(0, end - 1)), end };
}
