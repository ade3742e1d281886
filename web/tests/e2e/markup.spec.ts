import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { chargesTwenty, go, launch, NOBODY, open, POST_SIZES, settled, signIn, unplugs } from './support/browser.ts';

/** Names that would be markup, or a script, at real members: text everywhere, and where a name has an alphabet they are refused. */
const stage = inject('stage');
const NASTY = '<img src=x onerror=alert(1)> & "x"';
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

const duke = stage.members.find((member) => member.id === 'US*DUK')?.pages ?? '';

/** The name is read as it was given, and no element came out of it. */
async function text(page: Page, where: string): Promise<void> {
  await page.getByText(NASTY).first().waitFor();
  expect(await page.locator("img[src='x']").count(), where).toBe(0);
}

/** A dialog of a script would stand still for ever: it is closed, and noted. */
function unasked(page: Page): string[] {
  const said: string[] = [];
  page.on('dialog', (dialog) => {
    said.push(dialog.message());
    void dialog.dismiss();
  });
  return said;
}

/** The program that the demonstration runs. */
const PROGRAM = process.env['FAIRWAY_PROGRAM'] ?? resolve(import.meta.dirname, '../../../target/debug/fairway');

/** A page of Duke's, for whoever signs in there. */
async function visit(path: string, account: string) {
  const visitor = await open(browser, `${duke}${path}`, POST_SIZES.wide, 'en-US', NOBODY);
  const said = unasked(visitor.page);
  await signIn(visitor.page, account, stage.password);
  await settled(visitor.page);
  return { ...visitor, said };
}

/** The customer's name, as the operator changes it. */
async function named(page: Page, name: string): Promise<void> {
  await page.locator('input[name=name]').fill(name);
  await page.locator('form').filter({ has: page.locator('input[name=name]') }).getByRole('button').click();
  await page.locator('h1', { hasText: name }).waitFor();
}

/** Charges twenty kilowatt-hours at a station's screen. */
async function charged(cin: string, url: string): Promise<void> {
  const post = await open(browser, url, POST_SIZES.wide);
  await chargesTwenty(post.page, cin);
  await post.page.waitForSelector("[data-screen='bill']");
  await post.page.keyboard.press('#');
  await unplugs(post.page);
  post.quiet();
}

test('markup_in_the_names_of_people_is_text_on_every_page_of_a_member', async () => {
  const driver = stage.drivers[1] ?? { name: '', cin: '', account: '' };
  const operator = await visit('/console/customers', 'operator');
  await operator.page.locator('tbody a', { hasText: driver.name }).first().click();
  await settled(operator.page);
  const customer = new URL(operator.page.url()).pathname;
  await named(operator.page, NASTY);
  await text(operator.page, 'customer');
  await go(operator.page, '/console/customers');
  await text(operator.page, 'customers');
  await go(operator.page, '/console/accounts');
  const form = operator.page.locator('form').filter({ has: operator.page.locator('input[name=display_name]') });
  await form.locator('input[name=name]').fill('markup');
  await form.locator('input[name=display_name]').fill(NASTY);
  await form.locator('input[name=password]').fill(stage.password);
  await form.getByRole('button').click();
  await text(operator.page, 'accounts');
  const auditor = await visit('/console', 'markup');
  await text(auditor.page, 'who is signed in');
  await charged(driver.cin, stage.kiosks[2]?.url ?? '');
  const home = await visit('/my', driver.account);
  await text(home.page, 'my');
  await go(home.page, '/my/bills');
  await home.page.locator('.bills a').first().click();
  await settled(home.page);
  expect(await home.page.locator("img[src='x']").count(), 'bill').toBe(0);
  await go(home.page, '/my/disputes');
  await home.page.locator('textarea[name=text]').fill(NASTY);
  await home.page.locator('form').filter({ has: home.page.locator('textarea[name=text]') }).getByRole('button').click();
  await home.page.locator('main').getByText(NASTY).first().waitFor();
  await text(home.page, 'my objections');
  await go(operator.page, '/console/disputes');
  await text(operator.page, 'disputes');
  await go(operator.page, `/console/sessions?q=${encodeURIComponent(NASTY)}`);
  expect(await operator.page.locator("img[src='x']").count(), 'search').toBe(0);
  await go(operator.page, '/console/sessions');
  await operator.page.locator('tbody a').first().click();
  await settled(operator.page);
  expect(await operator.page.locator("img[src='x']").count(), 'story').toBe(0);
  await go(operator.page, customer);
  await named(operator.page, driver.name);
  expect([...operator.said, ...auditor.said, ...home.said]).toEqual([]);
  for (const one of [operator, auditor, home]) one.quiet();
});

/** A port that nobody listens on at this moment. */
const freePort = () =>
  new Promise<number>((found) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => found(typeof address === 'object' && address ? address.port : 0));
    });
  });

test('markup_in_a_station_s_name_is_refused_and_in_its_operator_s_is_text', async () => {
  const config = join(stage.folder, 'duke/fairway.toml');
  const refused = spawnSync(PROGRAM, ['gate', 'allow', NASTY, '--config', config], { encoding: 'utf8' });
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toContain('letters, digits');
  const state = mkdtempSync(join(tmpdir(), 'fairway-markup-'));
  const address = `127.0.0.1:${await freePort()}`;
  const words = ['station', '--station', 'MARKUP-01', '--evse', 'US*DUK*E9001*1', '--gateway', 'wss://127.0.0.1:1', '--certificate', join(stage.folder, 'duke/tls.crt')];
  words.push('--password', 'a password of sixteen', '--state', state, '--operator', NASTY, '--help-number', NASTY, '--kiosk', address, '--pages', resolve(import.meta.dirname, '../../dist'));
  const station = spawn(PROGRAM, words, { stdio: ['pipe', 'ignore', 'inherit'] });
  try {
    const url = `http://${address}/kiosk/MARKUP-01`;
    await expect.poll(async () => (await fetch(url).catch(() => null))?.status, { timeout: 30_000 }).toBe(200);
    const { page, quiet } = await open(browser, url, POST_SIZES.wide);
    const said = unasked(page);
    await page.waitForSelector('[data-screen]');
    await text(page, 'kiosk');
    expect(said).toEqual([]);
    quiet();
  } finally {
    station.kill('SIGTERM');
    rmSync(state, { recursive: true, force: true });
  }
});
