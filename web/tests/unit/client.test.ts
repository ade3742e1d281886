import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, expectTypeOf, test } from 'vitest';
import type { Answer, Body, Path, Query } from '../../src/api/client.ts';
import type { Session, Story } from '../../src/api/types.ts';

/** Longest time of the generator, in milliseconds: a machine that is busy with other things takes ten times as long as an idle one. */
const PATIENCE = 120_000;

test('the_client_is_made_from_the_description', { timeout: PATIENCE }, () => {
  const script = resolve(import.meta.dirname, '../../build/client.mjs');
  expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe', timeout: PATIENCE })).not.toThrow();
});

test('a_path_finds_its_own_operation', () => {
  expectTypeOf<Answer<'GET', `/sessions/${string}`>>().toEqualTypeOf<Story>();
  expectTypeOf<Answer<'GET', '/sessions'>['data'][number]>().toExtend<Session>();
  expectTypeOf<Answer<'GET', `/agreements/${string}`>>().toHaveProperty('terms');
  expectTypeOf<Answer<'GET', `/agreements/${string}/diff/${string}`>>().toHaveProperty('changes');
  expectTypeOf<Body<'POST', '/login'>>().toEqualTypeOf<{ name: string; password: string }>();
  expectTypeOf<Query<'/ledger/search'>>().toHaveProperty('q');
  expectTypeOf<'/nowhere'>().not.toExtend<Path<'GET'>>();
});
