import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import readSheets from 'read-excel-file/node';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { accessible, chargesLong, chargesTwenty, go, launch, NOBODY, open, picture, POST_SIZES, settled, signIn, unplugs, type Watched } from './support/browser.ts';
import { deed } from './support/world.ts';

/** Drivers, operators and auditors at the pages of real members: what one begins another ends. */
const stage = inject('stage');
const WIDE = POST_SIZES.wide;
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

const pages = (id: string) => stage.members.find((member) => member.id === id)?.pages ?? '';

/** A page of a member, for whoever signs in there. */
async function visit(id: string, path: string, account: string, expected = NOBODY): Promise<Watched> {
  const visitor = await open(browser, `${pages(id)}${path}`, WIDE, 'en-US', expected);
  await signIn(visitor.page, account, stage.password);
  await settled(visitor.page);
  return visitor;
}

/** Amounts as the pages write them: `$4.32`. */
const amount = (text: string) => /\$\d+\.\d{2}/.exec(text)?.[0] ?? `no amount in: ${text}`;

test('a_driver_charges_by_dial_pad_sees_it_at_home_and_proves_the_line_of_the_bill', async () => {
  const driver = stage.drivers[1] ?? { cin: '', account: '' };
  const home = await visit('US*DUK', '/my', driver.account);
  const post = await open(browser, stage.kiosks[0]?.url ?? '', WIDE);
  const shows = (kind: string) => post.page.waitForSelector(`[data-screen='${kind}']`, { timeout: 60_000 });
  await chargesTwenty(post.page, driver.cin);
  await shows('charging');
  // The page at home was open all the time and was told.
  await home.page.getByRole('heading', { name: 'Charging now' }).waitFor();
  await picture(home.page, 'my-live');
  await shows('bill');
  const total = amount(await post.page.locator('main').innerText());
  await go(home.page, '/my/bills');
  await picture(home.page, 'my-bills');
  await home.page.locator('.bills a').first().click();
  await settled(home.page);
  const line = home.page.locator('.lines details').filter({ hasText: total });
  await expect.poll(async () => (await line.count()) || (await home.page.reload(), await settled(home.page), await line.count()), { timeout: 30_000, interval: 500 }).toBeGreaterThan(0);
  await line.first().locator('summary').click();
  await line.first().getByRole('button', { name: 'Check now' }).click();
  await line.first().getByText('Proven').first().waitFor();
  await picture(home.page, 'my-bill');
  await go(home.page, '/my/sessions');
  await picture(home.page, 'my-sessions');
  await home.page.locator('a.charge').first().click();
  await settled(home.page);
  await picture(home.page, 'my-story');
  await go(home.page, '/my/disputes');
  await picture(home.page, 'my-disputes');
  for (const path of ['/my', '/my/bills/2026-11']) {
    await go(home.page, `${path}?language=qps-rtl`);
    await picture(home.page, `my-${path.split('/').at(-1)}-mirrored`);
  }
  home.quiet();
  post.quiet();
});

test('a_driver_stops_a_charge_elsewhere_from_home_and_freezes_the_card', async () => {
  const driver = stage.drivers[1] ?? { cin: '', account: '' };
  const home = await visit('US*DUK', '/my', driver.account);
  const post = await open(browser, stage.kiosks.find((kiosk) => kiosk.station === 'GPC-02')?.url ?? '', WIDE);
  const shows = (kind: string) => post.page.waitForSelector(`[data-screen='${kind}']`, { timeout: 60_000 });
  await chargesLong(post.page, driver.cin);
  await shows('charging');
  // The charge is at another utility: it is asked, and while its station is away the page says what the wish waits for.
  await deed(stage, 'cut-station', { station: 'GPC-02' });
  await post.page.getByText('Your charge goes on').waitFor();
  await home.page.getByRole('button', { name: 'Stop charging' }).click();
  await home.page.getByRole('dialog').getByRole('button', { name: 'Stop charging' }).click();
  await home.page.getByText('asked to stop', { exact: true }).waitFor();
  await home.page.getByText(/The station has no connection to Georgia Power/).waitFor();
  await deed(stage, 'mend-station', { station: 'GPC-02' });
  await shows('bill');
  const energy = /for\s([\d.]+)\skWh/.exec(await post.page.locator('main').innerText())?.[1];
  expect(Number(energy), 'of 57 that the battery takes').toBeLessThan(55);
  await post.page.keyboard.press('#');
  await unplugs(post.page);
  // The other utility may know him until its profile ends, and forgets him with the freeze.
  await go(home.page, '/my/cards');
  await home.page.getByText(/Georgia Power/).first().waitFor();
  await picture(home.page, 'my-cards');
  await home.page.getByRole('button', { name: 'Freeze now' }).click();
  await home.page.getByText('Freeze all your cards').waitFor();
  await home.page.getByRole('dialog').getByRole('button', { name: 'Freeze now' }).click();
  await home.page.getByText('frozen by you').first().waitFor();
  await picture(home.page, 'my-cards-frozen');
  await shows('prompt');
  await post.page.keyboard.type(`${driver.cin}#`);
  await shows('error');
  await post.page.getByText('You have frozen this card or number').waitFor();
  await post.page.keyboard.press('#');
  const operator = await visit('US*DUK', '/console/customers', 'operator');
  await operator.page.getByText('frozen by the customer').first().waitFor();
  await home.page.getByRole('button', { name: 'Unfreeze' }).click();
  await home.page.getByText('may charge').first().waitFor();
  await go(home.page, '/my/cards?language=qps-rtl');
  await picture(home.page, 'my-cards-mirrored');
  home.quiet();
  operator.quiet();
  post.quiet();
});

test('two_members_negotiate_a_new_version_and_both_countersign', async () => {
  const duke = await visit('US*DUK', '/console/agreements', 'roaming-manager');
  const alabama = await visit('US*ALP', '/console/agreements', 'roaming-manager');
  await picture(duke.page, 'agreements');
  // Duke offers Alabama's drivers a lower cap.
  await duke.page.locator('tr', { hasText: 'in force' }).filter({ hasText: /Alabama Power.*Duke Energy/ }).locator('a').first().click();
  await settled(duke.page);
  await picture(duke.page, 'agreement');
  await duke.page.getByRole('link', { name: 'Propose a new version' }).click();
  await settled(duke.page);
  await duke.page.locator('input[name=cap]').fill('0.55');
  await duke.page.locator('.preview').getByText('0.55').first().waitFor();
  // Every price stands in the form; a dearer one is weighed against the charges of the last month before it is proposed.
  const price = duke.page.locator("input[name='tariffs.0.elements.0.components.0.price']");
  await price.fill('0.5432');
  await duke.page.locator('.preview').getByText('$0.5432').first().waitFor();
  await duke.page.getByRole('button', { name: 'What would it have meant?' }).click();
  await duke.page.getByRole('heading', { name: 'What it would have meant' }).waitFor();
  await settled(duke.page);
  await picture(duke.page, 'agreement-edit');
  await duke.page.getByRole('button', { name: 'Propose a new version' }).click();
  await duke.page.waitForURL('**/console/agreements');
  // Alabama's list was open: it is told, and answers with a cap of its own.
  await alabama.page.locator('tr', { hasText: 'waits for us' }).first().waitFor();
  await picture(alabama.page, 'agreements-waiting');
  await alabama.page.locator('tr', { hasText: 'waits for us' }).locator('a').first().click();
  await settled(alabama.page);
  await alabama.page.getByRole('link', { name: 'Counter' }).click();
  await settled(alabama.page);
  await alabama.page.locator('input[name=cap]').fill('0.52');
  await alabama.page.locator('.preview').getByText('0.52').first().waitFor();
  await alabama.page.getByRole('button', { name: 'Counter' }).click();
  await alabama.page.waitForURL('**/console/agreements');
  // Duke sees what changed, and countersigns.
  await duke.page.locator('tr', { hasText: 'waits for us' }).first().waitFor();
  await duke.page.locator('tr', { hasText: 'waits for us' }).locator('a').first().click();
  await settled(duke.page);
  await picture(duke.page, 'agreement-waiting');
  const proposal = duke.page.url();
  await duke.page.getByRole('link', { name: 'Compare with this one' }).first().click();
  await settled(duke.page);
  await duke.page.getByText('$0.52 / kWh').first().waitFor();
  await duke.page.getByText(/Proposed by Alabama Power/).first().waitFor();
  await duke.page.getByRole('heading', { name: 'What it would have meant' }).waitFor();
  await settled(duke.page);
  await picture(duke.page, 'agreement-diff');
  await duke.page.goto(proposal);
  await settled(duke.page);
  await duke.page.getByRole('button', { name: 'Countersign' }).click();
  await duke.page.getByText(/^(?:in force|begins later)$/).first().waitFor();
  await alabama.page.goto(`${pages('US*ALP')}${new URL(proposal).pathname}`);
  await settled(alabama.page);
  await alabama.page.getByText(/^(?:in force|begins later)$/).first().waitFor();
  duke.quiet();
  alabama.quiet();
});

test('an_auditor_verifies_a_settled_charge_in_the_page', async () => {
  const auditor = await visit('US*REG', '/explorer', 'auditor');
  await picture(auditor.page, 'blocks');
  await go(auditor.page, '/explorer/accounts');
  await auditor.page.getByText('All accounts together are zero').first().waitFor();
  await picture(auditor.page, 'ledger-accounts');
  // The books of any block are there, and what is no height is told beside the field.
  await go(auditor.page, '/explorer/accounts?height=2');
  await auditor.page.getByText('All accounts together are zero').first().waitFor();
  await go(auditor.page, '/explorer/accounts?height=abc');
  await auditor.page.getByRole('alert').filter({ hasText: 'A block has a number' }).waitFor();
  // Blocks with transactions only, and who signed which agreement in which of them.
  await go(auditor.page, '/explorer');
  await auditor.page.getByRole('checkbox', { name: 'Only with transactions' }).check();
  await auditor.page.waitForURL('**filled=true');
  await settled(auditor.page);
  await go(auditor.page, '/explorer/agreements');
  await picture(auditor.page, 'ledger-agreements');
  await auditor.page.locator('tr[data-row]').filter({ hasText: 'in force' }).first().locator('a').first().click();
  await settled(auditor.page);
  await auditor.page.getByText(/countersigned/).first().waitFor();
  await picture(auditor.page, 'ledger-agreement');
  // A witness has no pages of a utility, and no way leads to one.
  await go(auditor.page, '/console/stations');
  await auditor.page.getByText('This member is a witness').waitFor();
  expect(await auditor.page.getByRole('link', { name: 'Stations' }).count()).toBe(0);
  // From a bill at home to the ledger of somebody else: the transaction is found by its id.
  const driver = await visit('US*DUK', '/my/bills/2026-11', stage.drivers[1]?.account ?? '');
  const line = driver.page.locator('.lines details').first();
  await line.locator('summary').click();
  const transaction = (await line.locator("a[href*='/transactions/']").first().getAttribute('href'))?.split('/').at(-1) ?? '';
  await go(auditor.page, '/explorer');
  await auditor.page.locator('header [data-search], form [data-search]').first().fill(transaction);
  await auditor.page.keyboard.press('Enter');
  await auditor.page.waitForURL(`**/${transaction}`);
  await settled(auditor.page);
  await auditor.page.getByText('The postings add up to zero').waitFor();
  await auditor.page.getByRole('button', { name: 'Check now' }).click();
  await auditor.page.getByText('Proven').first().waitFor();
  await picture(auditor.page, 'transaction');
  // The file itself is checked as well, and a changed one is not proven.
  const file = await auditor.page.evaluate(async (id) => [...new Uint8Array(await (await fetch(`/api/v1/ledger/transactions/${id}/proof`)).arrayBuffer())], transaction);
  await go(auditor.page, '/explorer/check');
  const choose = (bytes: number[]) => auditor.page.setInputFiles('input[type=file]', { name: 'proof.cbor', mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
  await choose(file);
  await auditor.page.getByText('Proven').first().waitFor();
  await picture(auditor.page, 'check');
  await choose(file.map((byte, at) => (at === file.length - 40 ? byte ^ 1 : byte)));
  await auditor.page.locator("[role='status'], [role='alert']").filter({ hasText: /not proven|proof/i }).first().waitFor();
  await go(auditor.page, '/explorer?language=qps-rtl');
  await accessible(auditor.page, 'blocks, mirrored', false);
  driver.quiet();
});

const CONSOLE: [string, string][] = [
  ['overview', '/console'],
  ['stations', '/console/stations'],
  ['station', '/console/stations/DUK-01'],
  ['sessions', '/console/sessions'],
  ['customers', '/console/customers'],
  ['visitors', '/console/visitors'],
  ['policy', '/console/policy'],
  ['tariffs', '/console/tariffs'],
  ['network', '/console/network'],
  ['forecast', '/console/forecast'],
  ['results', '/console/results'],
  ['settlement', '/console/settlement'],
  ['disputes', '/console/disputes'],
  ['accounts', '/console/accounts'],
];

/** The list of charges is saved in each format, and holds what the page shows, with amounts to calculate with. */
async function takesAlong(page: Page): Promise<void> {
  const saved = async (format: string) => {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: `Save as ${format}` }).click()]);
    expect(file.suggestedFilename()).toBe(`charges.${format.toLowerCase()}`);
    return readFileSync(await file.path());
  };
  const row = page.locator('tr[data-row]').filter({ hasText: 'Settled' }).first();
  const id = (await row.locator('a').first().getAttribute('href'))?.split('/').at(-1) ?? '';
  const total = Number(amount(await row.innerText()).slice(1));
  const charges = JSON.parse((await saved('JSON')).toString()) as { session: string; total: { amount: number; scale: number } }[];
  const charge = charges.find((one) => one.session === id);
  expect((charge?.total.amount ?? 0) / 10 ** (charge?.total.scale ?? 0)).toBeCloseTo(total, 2);
  const line = (await saved('CSV')).toString().split('\r\n').find((one) => one.includes(id));
  expect(line?.split(',').some((cell) => Number(cell).toFixed(2) === total.toFixed(2)), line).toBe(true);
  // Without the part that writes workbooks the page says so, and what it offers helps.
  const part = /xlsx[^/]*\.js/;
  await page.route(part, (route) => route.abort());
  await page.getByRole('button', { name: 'Save as XLSX' }).click();
  await page.getByText('could not be made').waitFor();
  await page.unroute(part);
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.getByText('could not be made').waitFor({ state: 'detached' });
  await settled(page);
  const [sheet] = await readSheets(await saved('XLSX'));
  const cells = sheet?.data.find((one) => one.includes(id));
  expect(cells?.some((cell) => typeof cell === 'number' && cell.toFixed(2) === total.toFixed(2)), JSON.stringify(cells)).toBe(true);
}

/** A saved trace is shown again hop by hop to its end, and a file that is none is refused with its reason. */
async function replays(page: Page, file: string, saved: { hops: unknown[]; breakdown: unknown }): Promise<void> {
  const hops = saved.hops.length;
  await page.getByRole('link', { name: 'Replay a saved trace' }).click();
  await settled(page);
  const choose = page.locator('input[type=file]');
  await choose.setInputFiles(file);
  const moment = page.locator('[data-moment]');
  await moment.waitFor();
  expect(await moment.innerText()).toContain(`Hop 1 of ${hops}`);
  expect(await page.locator('#hops li').count()).toBe(1);
  await page.getByRole('button', { name: 'One hop on' }).click();
  expect(await moment.innerText()).toContain(`Hop 2 of ${hops}`);
  expect(await page.locator('#hops li').count()).toBe(2);
  await picture(page, 'replay');
  await page.getByRole('button', { name: 'To the end' }).click();
  expect(await page.locator('#hops li').count()).toBe(hops);
  expect(await page.locator('#price').count()).toBe(saved.breakdown === null ? 0 : 1);
  await choose.setInputFiles({ name: 'broken.json', mimeType: 'application/json', buffer: Buffer.from('{"summary": {}') });
  await page.getByRole('alert').filter({ hasText: 'not JSON' }).waitFor();
  expect(await moment.count()).toBe(0);
}

test('every_page_of_the_console_shows_a_real_member', async () => {
  // A visitor charges at this member's station, so that the pages have something to show.
  const post = await open(browser, stage.kiosks.find((kiosk) => kiosk.station === 'DUK-02')?.url ?? '', WIDE);
  await chargesLong(post.page, stage.drivers[0]?.cin ?? '');
  await post.page.waitForSelector("[data-screen='charging']");
  // The operator ends it, and the driver has a bill.
  const operator = await visit('US*DUK', '/console/sessions?state=charging', 'operator');
  await operator.page.locator('tbody a').first().click();
  await settled(operator.page);
  await operator.page.getByRole('button', { name: 'Stop this charge' }).click();
  await accessible(operator.page, 'a charge is about to be ended', false);
  await operator.page.getByRole('dialog').getByRole('button', { name: 'Stop this charge' }).click();
  await post.page.waitForSelector("[data-screen='bill']");
  await operator.page.getByText("the station's operator wants it to stop").first().waitFor();
  await post.page.keyboard.press('#');
  await unplugs(post.page);
  for (const [name, path] of CONSOLE) {
    await go(operator.page, path);
    // The made-up load is forecast on the ledger from eleven in the morning on, three minutes after the demonstration began.
    if (name === 'forecast') await expect.poll(async () => (await operator.page.locator('path.middle').count()) || (await operator.page.reload(), await settled(operator.page), 0), { timeout: 200_000, interval: 2_000 }).toBeGreaterThan(0);
    await picture(operator.page, name);
  }
  await go(operator.page, '/console/visitors');
  expect(await operator.page.locator('tr[data-row]').count()).toBeGreaterThan(0);
  await go(operator.page, '/console/sessions');
  // One file of the pages is kept away from this one.
  const saver = await visit('US*DUK', '/console/sessions', 'operator', /status of 401|net::ERR_FAILED/);
  await takesAlong(saver.page);
  saver.quiet();
  await operator.page.locator('tbody a').first().click();
  await settled(operator.page);
  await picture(operator.page, 'story');
  const [trace] = await Promise.all([operator.page.waitForEvent('download'), operator.page.getByRole('link', { name: 'Save the trace' }).click()]);
  const saved = JSON.parse(readFileSync(await trace.path()).toString()) as { hops: unknown[]; breakdown: unknown; summary: { session: string } };
  expect(trace.suggestedFilename()).toBe(`trace-${saved.summary.session}.json`);
  expect(saved.hops.length).toBeGreaterThan(0);
  await replays(operator.page, await trace.path(), saved);
  await go(operator.page, '/console/customers');
  await operator.page.locator('tbody a').first().click();
  await settled(operator.page);
  await picture(operator.page, 'customer');
  for (const path of ['/console', '/console/sessions', '/console/policy']) {
    await go(operator.page, `${path}?language=qps-rtl`);
    expect(await operator.page.evaluate(() => document.documentElement.dir)).toBe('rtl');
    await picture(operator.page, `${path.split('/').at(-1)}-mirrored`);
  }
  operator.quiet();
});

test('a_tariff_is_shown_as_the_stations_screen_shows_it', async () => {
  const { page, quiet } = await visit('US*DUK', '/console/tariffs', 'operator');
  const screen = page.frameLocator('iframe');
  await screen.getByRole('heading').first().waitFor();
  await screen.locator("[data-screen='offer']").waitFor();
  const shown = await screen.locator('.big').innerText();
  expect(shown).toMatch(/^\$\d/);
  await page.locator('select[name=tier]').selectOption('gold');
  await expect.poll(() => screen.locator('.big').innerText(), { timeout: 15_000 }).not.toBe(shown);
  await page.locator('select[name=screen]').selectOption('de');
  await screen.locator("html[lang='de']").waitFor({ state: 'attached' });
  await page.locator('input[name=kwh]').fill('40');
  // The example's total is the one that the screen says for the same energy.
  const forty = amount(await page.locator('[data-total]').innerText());
  expect(forty).toMatch(/^\$/);
  await page.locator('select[name=size]').selectOption('small');
  await picture(page, 'tariffs-small');
  quiet();
});

test('the_first_page_shows_the_way_to_everybody', async () => {
  const { page, quiet } = await open(browser, `${pages('US*DUK')}/`, WIDE);
  await picture(page, 'start');
  quiet();
});
