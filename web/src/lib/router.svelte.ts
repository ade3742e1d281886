/**
 * The address is the state: path and query say what is shown, so that every view can be linked, reloaded and gone back to. Links are plain
 * `<a href>`; clicks on those below this page's own root are taken over, all others leave.
 */

interface Place {
  path: string;
  query: URLSearchParams;
}

const here = (): Place => ({ path: location.pathname, query: new URLSearchParams(location.search) });

let place: Place = $state.raw(here());
let root = '/';

/** Path below the page's root, always with a leading slash. */
export function path(): string {
  const below = place.path.startsWith(root) ? place.path.slice(root.length) : place.path;
  return below.startsWith('/') ? below : `/${below}`;
}

/** A value of the query, empty where it is absent. */
export function query(name: string): string {
  return place.query.get(name) ?? '';
}

/** Goes to an address of this page; the heading takes the focus, so that a screen reader says where it is. */
export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', to);
  else history.replaceState(null, '', to);
  const before = place.path;
  place = here();
  if (how === 'push' && before !== place.path) {
    scrollTo(0, 0);
    requestAnimationFrame(() => document.querySelector<HTMLElement>('h1')?.focus());
  }
}

/** Sets values of the query and keeps the others; an empty value takes its name away. Does not add to the history. */
export function setQuery(values: Record<string, string>): void {
  const next = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(values)) {
    if (value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  go(text === '' ? place.path : `${place.path}?${text}`, 'replace');
}

/** The values behind the `:names` of a pattern such as `/sessions/:id`, or nothing where the path is another one. */
export function match(pattern: string, at: string): Record<string, string> | null {
  const want = pattern.split('/').filter(Boolean);
  const have = at.split('/').filter(Boolean);
  if (want.length !== have.length) return null;
  const values: Record<string, string> = {};
  for (const [index, part] of want.entries()) {
    const real = have[index] ?? '';
    if (part.startsWith(':')) {
      try {
        values[part.slice(1)] = decodeURIComponent(real);
      } catch {
        return null;
      }
    } else if (part !== real) return null;
  }
  return values;
}

function taken(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.pathname !== root && !link.pathname.startsWith(`${root}/`)) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  go(link.pathname + link.search + link.hash);
}

/** Begins to listen; `base` is the page's root, for example `/console`. */
export function routed(base: string): void {
  root = base;
  addEventListener('popstate', () => {
    place = here();
  });
  document.addEventListener('click', taken);
}
