import { readFileSync, readdirSync } from 'node:fs';
import { render } from 'svelte/server';
import { expect, test, vi } from 'vitest';
import Charge from '../../src/my/Charge.svelte';
import IdChip from '../../src/parts/IdChip.svelte';
import { NASTY, session } from '../fixtures/data.ts';

vi.stubGlobal('location', { pathname: '/my', search: '', origin: 'http://x' });

test('markup_in_names_stays_text', () => {
  for (const { body } of [render(IdChip, { props: { id: NASTY, whole: true } }), render(Charge, { props: { session: { ...session(0), station: NASTY } } })]) {
    expect(body).toContain('&lt;img');
    expect(body).not.toContain('<img');
  }
});

test('no_component_puts_text_into_the_page_as_markup', () => {
  const root = new URL('../../src/', import.meta.url);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:svelte|ts)$/.test(name));
  const found = files.filter((name) => /\{@html|innerHTML|insertAdjacentHTML|document\.write/.test(readFileSync(new URL(name, root), 'utf8')));
  expect(found).toEqual([]);
});
