import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launch, look, NOBODY, open, PHONE_SIZES, POST_SIZES, signIn, stretches } from './support/browser.ts';
import { halt, halting, release } from './support/halt.ts';
import { deed } from './support/world.ts';

/** The station's screen and the driver's phone, against real stations, members and ledger. */
const stage = inject('stage');
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

/** What the browser says of a press that was meant for a screen that is gone: the station's answer is 409, and nothing happens. */
const TOO_LATE = /status of 409/;
const kiosk = (at: number) => stage.kiosks[at] ?? { station: '', operator: '', url: '' };
const driver = (at: number) => stage.drivers[at] ?? { name: '', cin: '', pin: null, home: '', account: '' };
const member = (name: string) => stage.members.find((one) => one.name === name) ?? { id: '', name: '', pages: '' };
const shows = (page: Page, kind: string) => page.waitForSelector(`[data-screen='${kind}']`, { timeout: 60_000 });

async function world(page: Page, button: string): Promise<void> {
  const drawer = page.locator('details');
  if (!(await drawer.evaluate((d) => (d as HTMLDetailsElement).open))) await page.locator('summary').click();
  await page.getByRole('button', { name: button, exact: true }).click();
  await page.locator('summary').click();
}

/** The battery that the next car has. */
async function battery(page: Page, percent: number): Promise<void> {
  await page.locator('summary').click();
  await page.locator('details input[type=number]').fill(String(percent));
  await page.locator('summary').click();
}

test('a_driver_charges_with_nothing_but_the_twelve_keys', async () => {
  const { page, quiet } = await open(browser, kiosk(3).url, POST_SIZES.wide);
  await shows(page, 'prompt');
  await look(page, 'prompt', POST_SIZES);
  await page.keyboard.type('999');
  await page.getByText('Group 1:').waitFor();
  await look(page, 'typing-wrong', POST_SIZES);
  // What cannot be right is not taken, and nothing of it is lost.
  await page.keyboard.press('#');
  await page.getByText('the first three digits are a country').waitFor();
  expect(await page.locator('.group').allInnerTexts()).toEqual(['999']);
  for (const key of ['*', '*', '*', '*']) await page.keyboard.press(key);
  await shows(page, 'prompt');
  const cin = driver(0).cin;
  const last = Number(cin.at(-1));
  await page.keyboard.type(cin.slice(0, -1) + String((last + 1) % 10));
  await page.getByText('the check digit does not fit').waitFor();
  await page.keyboard.press('#');
  await page.locator('.note.bad').waitFor();
  expect((await page.locator('.group').allInnerTexts()).join('')).toHaveLength(cin.length);
  await page.keyboard.press('*');
  await page.keyboard.type(String(last));
  await page.getByText('The check digit fits').waitFor();
  await look(page, 'typing', POST_SIZES);
  await page.keyboard.press('#');
  await shows(page, 'offer');
  await look(page, 'offer', POST_SIZES);
  await page.keyboard.press('2');
  await page.locator("[aria-pressed='true']", { hasText: '40' }).waitFor();
  await page.keyboard.press('#');
  await shows(page, 'plug_in');
  await look(page, 'plug-in', POST_SIZES);
  await world(page, 'Plug in');
  await shows(page, 'charging');
  await look(page, 'charging', POST_SIZES);
  await page.keyboard.press('*');
  await page.getByText('Really stop?').waitFor();
  await look(page, 'stop-asked', POST_SIZES);
  // The question stands as long as a person needs.
  await page.keyboard.press('*');
  await page.getByText('Really stop?').waitFor({ state: 'detached' });
  await page.keyboard.press('*');
  await page.getByText('Really stop?').waitFor();
  await page.waitForTimeout(3_000);
  await page.getByText('Really stop?').waitFor();
  await page.keyboard.press('*');
  await page.getByText('Stops at').waitFor();
  // It stops by itself at 40 kWh.
  await shows(page, 'bill');
  await look(page, 'bill', POST_SIZES);
  expect(await page.getByText(driver(0).home).count()).toBeGreaterThan(0);
  await page.keyboard.press('#');
  await shows(page, 'prompt');
  await world(page, 'Unplug');
  quiet();
});

test('a_typed_number_asks_for_its_pin_and_the_driver_stops_with_the_keys', async () => {
  const { page, quiet } = await open(browser, kiosk(6).url, POST_SIZES.wide, 'en-US', TOO_LATE);
  await halting(page);
  await shows(page, 'prompt');
  await page.keyboard.type(`${driver(2).cin}#`);
  await shows(page, 'pin');
  await look(page, 'pin', POST_SIZES);
  await page.keyboard.type('9999#');
  await shows(page, 'error');
  await page.getByText('The PIN is wrong').waitFor();
  await look(page, 'pin-wrong', POST_SIZES);
  await page.keyboard.press('#');
  await shows(page, 'prompt');
  await page.keyboard.type(`${driver(2).cin}#`);
  await shows(page, 'pin');
  await halt(page, 'checking');
  await page.keyboard.type(`${driver(2).pin}#`);
  await shows(page, 'checking');
  await look(page, 'checking', POST_SIZES);
  await release(page);
  await shows(page, 'offer');
  // Her language is Spanish, and her utility said so.
  await page.getByRole('heading', { name: 'Su oferta' }).waitFor();
  await look(page, 'offer-es', POST_SIZES);
  await halt(page, 'preparing');
  await page.keyboard.press('#');
  await shows(page, 'preparing');
  await look(page, 'preparing', POST_SIZES);
  await release(page);
  await shows(page, 'plug_in');
  await world(page, 'Conectar');
  await shows(page, 'charging');
  await page.keyboard.press('*');
  await page.getByText('¿Parar de verdad?').waitFor();
  await halt(page, 'thanks');
  await page.keyboard.press('#');
  await shows(page, 'thanks');
  await look(page, 'thanks', POST_SIZES);
  await release(page);
  await shows(page, 'bill');
  await look(page, 'bill-es', POST_SIZES);
  await page.keyboard.press('#');
  await shows(page, 'prompt');
  // The next driver finds the post's own language.
  await page.getByRole('heading', { name: 'Charge here' }).waitFor();
  await world(page, 'Unplug');
  quiet();
});

test('an_unknown_number_has_its_reason_and_a_silent_home_its_way_out', async () => {
  const { page, quiet } = await open(browser, kiosk(4).url, POST_SIZES.wide);
  await shows(page, 'prompt');
  // The number of nobody, with the check digit that fits: one of the ten does.
  const number = driver(0).cin.slice(0, -4) + '000';
  await page.keyboard.type(`${number}0`);
  for (let last = 0; last < 10; last++) {
    await expect.poll(async () => (await page.locator('.group').allInnerTexts()).join('')).toBe(number + String(last));
    if (await page.locator('.note.good').count()) break;
    await page.keyboard.type(`*${last + 1}`);
  }
  await page.keyboard.press('#');
  await shows(page, 'error');
  await page.getByText('Your utility does not know this number').waitFor();
  await look(page, 'error-unknown', POST_SIZES);
  await page.keyboard.press('#');
  await shows(page, 'prompt');
  const home = member(driver(0).home);
  await deed(stage, 'kill', { member: home.id });
  try {
    // Where she charged before, the post knows her without asking; where not, it says who does not answer.
    await page.keyboard.type(`${driver(0).cin}#`);
    await shows(page, 'offer');
    await page.getByText('You were here before: checked locally.').waitFor();
    await look(page, 'offer-local', POST_SIZES);
    await page.keyboard.press('*');
    await shows(page, 'prompt');
    const other = await open(browser, kiosk(7).url, POST_SIZES.wide);
    await shows(other.page, 'prompt');
    await other.page.keyboard.type(`${driver(0).cin}#`);
    await other.page.getByText('Your utility does not answer').waitFor();
    await look(other.page, 'error-silent', POST_SIZES);
    await other.page.keyboard.press('#');
    await shows(other.page, 'prompt');
    other.quiet();
  } finally {
    await deed(stage, 'restart', { member: home.id });
  }
  quiet();
});

test('a_double_press_on_start_starts_once', async () => {
  const { page, quiet } = await open(browser, kiosk(4).url, POST_SIZES.wide, 'en-US', TOO_LATE);
  await shows(page, 'prompt');
  await page.keyboard.type(`${driver(1).cin}#`);
  await shows(page, 'offer');
  await page.getByRole('button', { name: 'Start' }).dblclick();
  await shows(page, 'plug_in');
  await page.waitForTimeout(500);
  await shows(page, 'plug_in');
  expect(await page.locator('.refusal').count()).toBe(0);
  await page.keyboard.press('*');
  await page.waitForSelector("[data-screen='thanks'], [data-screen='error'], [data-screen='prompt']");
  quiet();
});

test('language_larger_text_and_contrast_by_keys_in_three_languages', async () => {
  const { page, quiet } = await open(browser, kiosk(5).url, POST_SIZES.wide);
  await shows(page, 'prompt');
  await page.keyboard.press('*');
  await page.getByRole('dialog').waitFor();
  await look(page, 'ease', POST_SIZES);
  await page.keyboard.press('2');
  await page.getByText('Idioma y pantalla').waitFor();
  await page.keyboard.press('3');
  await page.getByText('Sprache und Anzeige').waitFor();
  await page.keyboard.press('#');
  await look(page, 'prompt-de', POST_SIZES);
  await page.keyboard.press('*');
  await page.keyboard.press('1');
  await page.keyboard.press('4');
  await page.keyboard.press('#');
  // The twelve keys cannot scroll: the larger text is as large as the screen holds, and the help number stays in sight.
  await look(page, 'prompt-large', POST_SIZES);
  await page.keyboard.press('*');
  await page.keyboard.press('4');
  await page.keyboard.press('5');
  await page.keyboard.press('#');
  await look(page, 'prompt-contrast', POST_SIZES);
  await stretches(page, 'kiosk prompt');
  await page.goto(`${kiosk(5).url}?language=qps-rtl`);
  await shows(page, 'prompt');
  await look(page, 'prompt-rtl', POST_SIZES);
  quiet();
});

test('time_runs_out_only_after_a_question_and_the_offer_says_what_to_do_then', async () => {
  const { page, quiet } = await open(browser, kiosk(5).url, POST_SIZES.wide);
  await shows(page, 'prompt');
  await page.keyboard.type(`${driver(0).cin}#`);
  await shows(page, 'offer');
  await stretches(page, 'kiosk offer');
  const question = page.getByText('Do you need more time?');
  await question.waitFor({ timeout: 60_000 });
  // The key gets what it promises: another offer, for as long again.
  await page.keyboard.press('9');
  await question.waitFor({ state: 'detached' });
  await shows(page, 'offer');
  await question.waitFor({ timeout: 120_000 });
  await look(page, 'offer-more-time', POST_SIZES);
  await shows(page, 'error');
  await page.getByText('The offer ran out').waitFor();
  await look(page, 'error', POST_SIZES);
  await page.keyboard.press('#');
  await shows(page, 'prompt');
  quiet();
});

test('a_fault_has_its_code_what_to_do_and_whom_to_call', async () => {
  const { page, quiet } = await open(browser, kiosk(6).url, POST_SIZES.wide);
  await shows(page, 'prompt');
  await world(page, 'Press emergency stop');
  await shows(page, 'faulted');
  await page.getByText('CX008').waitFor();
  await page.getByText('+1 800 555 0100').first().waitFor();
  await look(page, 'faulted', POST_SIZES);
  await world(page, 'Repair');
  await shows(page, 'prompt');
  quiet();
});

test('a_phone_scans_the_code_charges_and_keeps_the_receipt', async () => {
  const post = await open(browser, kiosk(7).url, POST_SIZES.wide);
  await shows(post.page, 'prompt');
  await battery(post.page, 88);
  const shown = (await post.page.locator('figcaption').innerText()).replace('-', '');
  const address = new URL(`/s/${shown}`, kiosk(7).url).href;
  const phone = await open(browser, address, PHONE_SIZES.phone, 'es-ES');
  await shows(phone.page, 'prompt');
  await post.page.getByText('A phone is connected').waitFor();
  await look(phone.page, 'phone-prompt', PHONE_SIZES);
  await stretches(phone.page, 'phone prompt');
  const late = await open(browser, new URL('/s/ZZZZZZZZ', kiosk(7).url).href, PHONE_SIZES.phone, 'en-US', /status of 404/);
  await late.page.getByText('Its time is over').waitFor();
  await look(late.page, 'phone-expired', PHONE_SIZES);
  await late.page.goto(`${late.page.url()}?language=qps-rtl`);
  await late.page.getByRole('alert').waitFor();
  await look(late.page, 'phone-expired-rtl', PHONE_SIZES);
  const other = await open(browser, address, PHONE_SIZES.phone);
  await other.page.getByText('Another phone has used it').waitFor();
  await look(other.page, 'phone-taken', PHONE_SIZES, true);
  for (const digit of driver(1).cin) await phone.page.getByRole('button', { name: digit, exact: true }).click();
  await phone.page.getByRole('button', { name: '#, listo' }).click();
  await shows(phone.page, 'offer');
  await shows(post.page, 'offer');
  await look(phone.page, 'phone-offer', PHONE_SIZES, true);
  await phone.page.getByRole('button', { name: 'Empezar' }).click();
  await shows(phone.page, 'plug_in');
  await look(phone.page, 'phone-plug-in', PHONE_SIZES, true);
  await world(post.page, 'Plug in');
  await shows(phone.page, 'charging');
  await look(phone.page, 'phone-charging', PHONE_SIZES, true);
  await shows(phone.page, 'bill');
  await post.page.keyboard.press('#');
  await shows(post.page, 'prompt');
  await look(phone.page, 'phone-receipt', PHONE_SIZES, true);
  post.quiet();
  phone.quiet();
});

test('the_network_goes_away_and_the_charge_goes_on', async () => {
  const { page, quiet } = await open(browser, kiosk(8).url, POST_SIZES.wide, 'en-US', TOO_LATE);
  await shows(page, 'prompt');
  await battery(page, 10);
  await page.keyboard.type(`${driver(1).cin}#`);
  await shows(page, 'offer');
  await page.keyboard.press('#');
  await shows(page, 'plug_in');
  await world(page, 'Plug in');
  await shows(page, 'charging');
  await deed(stage, 'cut-station', { station: kiosk(8).station });
  await page.getByText('Your charge goes on').waitFor();
  await look(page, 'charging-away', POST_SIZES);
  const energy = () => page.locator('dd.big').first().innerText();
  const before = await energy();
  await expect.poll(energy, { timeout: 15_000 }).not.toBe(before);
  await page.keyboard.press('*');
  await page.getByText('Really stop?').waitFor();
  await page.keyboard.press('#');
  await shows(page, 'thanks');
  await page.setViewportSize({ width: POST_SIZES.wide[0], height: POST_SIZES.wide[1] });
  const charge = /[0-9a-f]{8}/.exec(await page.locator('.session').innerText())?.[0] ?? 'none';
  await look(page, 'thanks-away', POST_SIZES);
  await page.keyboard.press('#');
  await shows(page, 'offline');
  await look(page, 'offline', POST_SIZES);
  await deed(stage, 'mend-station', { station: kiosk(8).station });
  await shows(page, 'prompt');
  // What the station kept is delivered, and this charge settles.
  const home = await open(browser, `${member(driver(1).home).pages}/my`, POST_SIZES.wide, 'en-US', NOBODY);
  await signIn(home.page, driver(1).account, stage.password);
  const state = () =>
    home.page.evaluate(async (of) => {
      const answer = (await (await fetch('/api/v1/my/sessions')).json()) as { data: { session: string; state: string }[] };
      return answer.data.find((one) => one.session.includes(of))?.state;
    }, charge);
  await expect.poll(state, { timeout: 120_000, interval: 1_000 }).toBe('settled');
  quiet();
});
