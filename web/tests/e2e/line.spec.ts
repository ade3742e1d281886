import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { chargesTwenty, go, launch, open, picture, POST_SIZES, settled, signIn, unplugs } from './support/browser.ts';
import { Line } from './support/line.ts';

/** The line between a browser and its member is cut, and back. */
const stage = inject('stage');
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

/** What a browser says when the line is cut, and when nobody is signed in yet. */
const CUT = /net::ERR|status of 401/;

test('a_cut_line_is_said_with_the_age_of_the_figures_and_nothing_is_missed', async () => {
  const line = await Line.to(stage.members.find((member) => member.id === 'US*DUK')?.pages ?? '');
  const { page, quiet } = await open(browser, `${line.address}/console/sessions`, POST_SIZES.wide, 'en-US', CUT);
  await signIn(page, 'operator', stage.password);
  await settled(page);
  const rows = page.locator('tr[data-row]');
  const asked: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.endsWith('/events')) asked.push(request.headers()['last-event-id']);
  });
  // A charge before the cut, so that the stream has said something to go on from.
  const post = await open(browser, stage.kiosks.find((kiosk) => kiosk.station === 'DUK-02')?.url ?? '', POST_SIZES.wide);
  const charge = async () => {
    const before = await ids();
    await chargesTwenty(post.page, stage.drivers[1]?.cin ?? '');
    await post.page.waitForSelector("[data-screen='bill']");
    await post.page.keyboard.press('#');
    await unplugs(post.page);
    const after = await ids();
    return [...after].filter((id) => !before.has(id));
  };
  /** The member's charges, asked beside the line. */
  async function ids(): Promise<Set<string>> {
    const answer = await beside.page.evaluate(async () => (await (await fetch('/api/v1/sessions?limit=200')).json()) as { data: { session: string }[] });
    return new Set(answer.data.map((row) => row.session));
  }
  const beside = await open(browser, stage.members.find((member) => member.id === 'US*DUK')?.pages ?? '', POST_SIZES.wide, 'en-US', CUT);
  await go(beside.page, '/console');
  await signIn(beside.page, 'operator', stage.password);
  const [first = ''] = await charge();
  await page.locator(`tr[data-row]:has(a[href$="${first}"])`).waitFor();

  line.cut();
  const notice = page.locator('.toast.lost');
  await notice.getByText(/The line to the server is cut\. What you see is .+ old\./).waitFor();
  await picture(page, 'line-cut');
  const shown = await rows.count();
  const [missed = ''] = await charge();
  expect(missed).not.toBe('');
  expect(await rows.count()).toBe(shown);
  const before = asked.length;

  line.mend();
  await page.locator('.toast.back').waitFor();
  // Without a reload: the charge that was made meanwhile is there, and so is its end.
  const row = page.locator(`tr[data-row]:has(a[href$="${missed}"])`);
  await row.filter({ hasText: /Settled|Agreed|Ended/ }).waitFor();
  await row.filter({ hasText: /\$\d/ }).waitFor();
  expect(asked.slice(before).at(-1), 'the stream is asked to go on after the last event').toMatch(/\S/);
  await beside.page.close();
  quiet();
  post.quiet();
  await line.close();
});
