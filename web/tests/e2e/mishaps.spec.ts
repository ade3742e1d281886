import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { accessible, launch, NOBODY, open, POST_SIZES, settled, signIn } from './support/browser.ts';

/** What goes wrong while people fill forms, at the pages of a real member. */
const stage = inject('stage');
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

const duke = stage.members.find((member) => member.id === 'US*DUK')?.pages ?? '';

/** Ends the sign-in at the member while the page does not look: as by another tab, or because its time is over. */
async function endedElsewhere(page: Page): Promise<void> {
  const status = await page.evaluate(async () => {
    const me = (await (await fetch('/api/v1/me')).json()) as { csrf: string };
    const answer = await fetch('/api/v1/logout', { method: 'POST', headers: { 'x-fairway-csrf': me.csrf, 'content-type': 'application/json' }, body: '{}' });
    return answer.status;
  });
  expect(status).toBe(204);
}

const fields = (page: Page) =>
  page.evaluate(() => Object.fromEntries([...document.querySelectorAll<HTMLInputElement | HTMLSelectElement>('main input[name], main select[name]')].map((field) => [field.name, field.value])));

test('a_sign_in_that_ends_in_the_middle_of_a_form_loses_nothing', async () => {
  const { page, quiet } = await open(browser, `${duke}/console/agreements`, POST_SIZES.wide, 'en-US', NOBODY);
  await signIn(page, 'roaming-manager', stage.password);
  await settled(page);
  await page.locator('tr', { hasText: 'in force' }).filter({ hasText: /Georgia Power.*Duke Energy/ }).locator('a').first().click();
  await settled(page);
  await page.getByRole('link', { name: 'Propose a new version' }).click();
  await settled(page);
  await page.locator('input[name=cap]').fill('0.5512');
  await page.locator('input[name=due_days]').fill('21');
  await page.locator('.preview').getByText('0.5512').first().waitFor();
  const typed = await fields(page);
  await endedElsewhere(page);
  await page.locator('form').getByRole('button', { name: 'Propose a new version' }).click();
  const dialog = page.locator('dialog[open]');
  await dialog.getByLabel('Password', { exact: true }).waitFor();
  await accessible(page, 'signed out in the middle of a form', false);
  // A wrong password is said in the dialog, and costs nothing of the form.
  await dialog.getByLabel('Name', { exact: true }).fill('roaming-manager');
  await dialog.getByLabel('Password', { exact: true }).fill('not the password');
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
  await dialog.getByRole('alert').waitFor();
  expect(await fields(page)).toEqual(typed);
  await dialog.getByLabel('Password', { exact: true }).fill(stage.password);
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
  // The same press goes through, once: the list shows one proposal with what was typed.
  await page.waitForURL('**/console/agreements');
  await page.locator('tr', { hasText: 'proposed' }).filter({ hasText: /Georgia Power.*Duke Energy/ }).first().waitFor();
  const found = await page.evaluate(async () => {
    const rows = ((await (await fetch('/api/v1/agreements')).json()) as { data: { agreement: string }[] }).data;
    const all = await Promise.all(rows.map(async (row) => (await (await fetch(`/api/v1/agreements/${row.agreement}`)).json()) as { terms: { due_days: number; corridor: { cap: { amount: number } } } }));
    return all.filter((one) => one.terms.due_days === 21 && one.terms.corridor.cap.amount === 5_512).length;
  });
  expect(found).toBe(1);
  quiet();
});

test('every_field_that_cannot_be_read_is_named_at_once_and_leads_to_itself', async () => {
  const { page, quiet } = await open(browser, `${duke}/console/policy`, POST_SIZES.wide, 'en-US', NOBODY);
  await signIn(page, 'operator', stage.password);
  await settled(page);
  await page.locator('input[name=residential_max_load_bps]').fill('-5');
  await page.locator('input[name=commercial_spread_bps]').fill('a lot');
  await page.getByRole('button', { name: 'Put in force' }).click();
  const alert = page.getByRole('alert');
  await alert.getByRole('link', { name: 'Residential, Highest load factor (%)' }).waitFor();
  await alert.getByRole('link', { name: 'Commercial, Spread of the estimate (%)' }).click();
  expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).name)).toBe('commercial_spread_bps');
  await accessible(page, 'fields that cannot be read', false);
  quiet();
});
