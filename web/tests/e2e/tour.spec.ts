import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { chargesTwenty, launch, NOBODY, open, picture, POST_SIZES, settled } from './support/browser.ts';

/** Where the demonstration begins: each of the six things opens a page that is already prepared, and works. */
const stage = inject('stage');
/** Each thing takes less than this, in milliseconds of an idle machine; a busy one takes three times as long. */
const MINUTE = 60_000;
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

/** Opens a thing in its tab; where it asks who one is, one press signs in. */
async function begin(tour: Page, id: string, signsIn: boolean): Promise<Page> {
  const [page] = await Promise.all([tour.context().waitForEvent('page'), tour.locator(`[data-try=${id}] h2 a`).click()]);
  page.setDefaultTimeout(MINUTE);
  if (signsIn) {
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
  }
  await settled(page);
  return page;
}

test('six_things_to_try_open_prepared_and_work', async () => {
  const { page: tour, quiet } = await open(browser, stage.begin, POST_SIZES.wide, 'en-US', NOBODY);
  await tour.locator('[data-try=charge]').waitFor();
  await picture(tour, 'tour');
  const done = (id: string) => tour.locator(`[data-try=${id}]`).getByText('done', { exact: true }).waitFor();

  const post = await begin(tour, 'charge', false);
  const cin = stage.drivers[0]?.cin ?? '';
  await chargesTwenty(post, cin);
  await post.waitForSelector("[data-screen='bill']");
  await done('charge');

  const story = await begin(tour, 'story', true);
  await story.locator('tbody a').first().click();
  await settled(story);
  await story.getByText('signature checked').first().waitFor();
  await done('story');

  const bill = await begin(tour, 'bill', true);
  await bill.locator('.bills a').first().click();
  await settled(bill);
  const line = bill.locator('.lines details').first();
  await line.locator('summary').click();
  await line.getByRole('button', { name: 'Check now' }).click();
  await line.getByText('Proven').first().waitFor();

  // The same member and account as the story's: signed in already.
  const terms = await begin(tour, 'terms', false);
  await terms.locator("input[name='tariffs.0.elements.0.components.0.price']").fill('0.47');
  await terms.locator('.preview').getByText('$0.47').first().waitFor();
  await terms.getByRole('button', { name: 'What would it have meant?' }).click();
  await terms.locator('table[data-effect] .driver').waitFor();
  expect(await terms.locator('table[data-effect] .driver').innerText()).toMatch(/\$/);

  const audit = await begin(tour, 'audit', true);
  await audit.getByText('All accounts together are zero').first().waitFor();

  const broken = await begin(tour, 'break', false);
  await broken.getByText('The books balance').first().waitFor();
  const witness = 'Public Service Commission (demonstration)';
  await broken.getByRole('button', { name: `Kill: ${witness}` }).click();
  await broken.getByText('Public Service Commission was killed.').waitFor();
  await done('break');
  await broken.getByRole('button', { name: `Start again: ${witness}` }).click();
  await broken.getByText(/4 of 4 running/).first().waitFor();

  await tour.getByText('6 of 6 done').waitFor();
  await picture(tour, 'tour-done');
  quiet();
});
