import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { accessible, launch, open, picture, POST_SIZES } from './support/browser.ts';

/** Things break while drivers charge, and the books still balance. */
const stage = inject('stage');
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

const simulator = () => open(browser, stage.simulator, POST_SIZES.wide);
const at = (page: Page, station: string, screen: string) => page.waitForSelector(`[data-station='${station}'][data-screen='${screen}']`, { timeout: 60_000 });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** A driver comes to a station. */
async function charge(page: Page, station: string, driver: string): Promise<void> {
  await at(page, station, 'prompt');
  await page.getByLabel(`Driver: ${station}`).selectOption({ label: driver });
  await button(page, `Charge: ${station}`).click();
}

/** The books balance, with so many ledger nodes compared, and so many charges in them. */
async function balanced(page: Page, nodes: number, charges = 0): Promise<void> {
  const books = page.locator("[data-balanced='true']");
  await books.getByText(new RegExp(`${nodes} of ${nodes} running`)).waitFor({ timeout: 60_000 });
  if (charges > 0) await expect.poll(() => settledCharges(page), { timeout: 60_000 }).toBeGreaterThanOrEqual(charges);
}

const settledCharges = async (page: Page) => Number(/after (\d+) settled/.exec(await page.locator('[data-balanced]').innerText())?.[1] ?? 0);
const running = (page: Page, member: string, runs: boolean) => page.waitForSelector(`[data-member='${member}'][data-runs='${runs}']`);

test('a_validator_is_killed_while_a_driver_charges_and_the_charge_settles_without_it', async () => {
  const { page, quiet } = await simulator();
  await balanced(page, 4);
  const before = await settledCharges(page);
  await picture(page, 'simulator');
  await charge(page, 'DUK-02', 'Ana Example');
  await at(page, 'DUK-02', 'charging');
  // Whoever came before may have killed it too: one more is told.
  const killed = page.getByText('Public Service Commission was killed.');
  const told = await killed.count();
  await button(page, 'Kill: Public Service Commission (demonstration)').click();
  await running(page, 'US*REG', false);
  await expect.poll(() => killed.count()).toBe(told + 1);
  await picture(page, 'simulator-killed');
  // It ends with a bill, and three validators settle it.
  await at(page, 'DUK-02', 'bill');
  await balanced(page, 3, before + 1);
  await button(page, 'Start again: Public Service Commission (demonstration)').click();
  await running(page, 'US*REG', true);
  await balanced(page, 4, before + 1);
  await page.goto(`${stage.simulator}?language=qps-rtl`);
  await page.waitForSelector('[data-balanced]');
  await accessible(page, 'simulator, mirrored', false);
  quiet();
});

test('a_line_is_cut_a_charge_goes_on_and_the_line_is_mended', async () => {
  const { page, quiet } = await simulator();
  await balanced(page, 4);
  const before = await settledCharges(page);
  await charge(page, 'ALP-02', 'Cleo Example');
  await at(page, 'ALP-02', 'charging');
  // Without its gateway the station goes on; without the other utility the charge waits for its settlement.
  await button(page, 'Cut the line: ALP-02').click();
  await page.locator("[data-station='ALP-02']").getByText('Without its gateway').waitFor();
  await button(page, 'Cut the line: Alabama Power – Georgia Power').click();
  await page.getByText('The line between Alabama Power and Georgia Power was cut.').waitFor();
  const figures = () => page.locator("[data-station='ALP-02'] + .figures").innerText();
  const then = await figures();
  await expect.poll(figures, { timeout: 15_000 }).not.toBe(then);
  await picture(page, 'simulator-cut');
  await button(page, 'Mend the line: ALP-02').click();
  await button(page, 'Mend the line: Alabama Power – Georgia Power').click();
  await balanced(page, 4, before + 1);
  quiet();
});

test('slow_lines_peak_load_and_an_emergency_stop_show_themselves_and_go_away', async () => {
  const { page, quiet } = await simulator();
  await balanced(page, 4);
  await button(page, 'Slow down: Duke Energy (demonstration)').click();
  await page.locator("[data-member='US*DUK']").getByText('Slow lines').waitFor();
  await button(page, 'Peak load: Duke Energy (demonstration)').click();
  await page.locator("[data-member='US*DUK']").getByText('Grid at its peak').waitFor();
  // The card says what the pressed button shows.
  await page.getByText('The next offer at its stations is dearer, never above the agreed cap.').waitFor();
  await button(page, 'Emergency stop: GPC-02').click();
  await at(page, 'GPC-02', 'faulted');
  await button(page, 'Repair: GPC-02').click();
  await at(page, 'GPC-02', 'prompt');
  // The price is dearer, and no higher than the agreement's cap.
  const post = await open(browser, stage.kiosks.find((kiosk) => kiosk.station === 'DUK-03')?.url ?? '', POST_SIZES.wide);
  await post.page.waitForSelector("[data-screen='prompt']");
  await post.page.keyboard.type(`${stage.drivers[0]?.cin ?? ''}#`);
  await post.page.waitForSelector("[data-screen='offer']", { timeout: 60_000 });
  await post.page.getByText("The grid's load sets the energy price to 130").waitFor();
  await post.page.keyboard.press('*');
  await button(page, 'Speed up: Duke Energy (demonstration)').click();
  await button(page, 'Calm load: Duke Energy (demonstration)').click();
  await balanced(page, 4);
  quiet();
  post.quiet();
});
