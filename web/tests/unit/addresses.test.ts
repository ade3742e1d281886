import { expect, test, vi } from 'vitest';

vi.stubGlobal('location', { pathname: '/console', search: '', origin: 'http://x' });
const { match } = await import('../../src/lib/router.svelte.ts');

test('an_address_gives_its_values', () => {
  expect(match('/sessions/:session', '/sessions/ses_1')).toEqual({ session: 'ses_1' });
  expect(match('/sessions/:session', '/sessions')).toBeNull();
  expect(match('/stations/:station', '/stations/%3Cb%3E')).toEqual({ station: '<b>' });
  expect(match('/', '/')).toEqual({});
});

test('an_address_that_cannot_be_decoded_matches_nothing', () => {
  expect(match('/stations/:station', '/stations/%E0%A4%A')).toBeNull();
});
