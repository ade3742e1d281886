import { go } from './router.svelte.ts';

/** Time for the second key of a pair such as `g s`, in milliseconds. */
const PAIR = 1_500;

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

/**
 * Keys of a page: `/` goes to the search, `g` and a letter to a page, `?` tells them. They rest while one types and while a dialog is open,
 * and can be turned off by nothing more than not pressing them twice in a row (WCAG 2.1.4 asks for no single letter: only `/` and `?` act alone,
 * and these are no letters).
 */
export function keys(places: () => Record<string, string>, help: () => void): () => void {
  let since = 0;
  function pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open]')) return;
    if (event.key === '/') {
      const search = document.querySelector<HTMLElement>('main [data-search]') ?? document.querySelector<HTMLElement>('[data-search]');
      if (!search) return;
      event.preventDefault();
      search.focus();
    } else if (event.key === '?') help();
    else if (event.key === 'g') since = Date.now();
    else {
      const to = Date.now() - since < PAIR ? places()[event.key] : undefined;
      since = 0;
      if (to) {
        event.preventDefault();
        go(to);
      }
    }
  }
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}
