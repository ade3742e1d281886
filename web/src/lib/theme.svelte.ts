/** Light, dark, or as the device wants it. */
export type Theme = 'auto' | 'light' | 'dark';

const STORED = 'fairway-theme';

let theme: Theme = $state('auto');

export function chosenTheme(): Theme {
  return theme;
}

/** Sets the look and remembers it. */
export function look(wanted: Theme): void {
  theme = wanted;
  if (wanted === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = wanted;
  try {
    localStorage.setItem(STORED, wanted);
  } catch {
    // Storage may be forbidden; the look then lasts as long as the page.
  }
}

/** Takes up what was chosen before; before the first paint, so that a dark screen never flashes. */
export function rememberedLook(): void {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(STORED);
  } catch {
    return;
  }
  if (kept === 'light' || kept === 'dark') look(kept);
}
