// Opens every page in Debian's Chromium, in every size, light, dark and mirrored; takes pictures, runs axe (WCAG 2.2 AA), and fails on a
// console error, a policy violation, or a page wider than its window. Then tries what goes wrong in life: an expired sign-in in mid-form,
// a cut line, keys alone, text of double size, ten thousand rows with a thousand changes at once.
//
//   npm run build && node tests/look.mjs [words of page names ...]        pictures in tests/shots
//   LOOK_VIEWS=wide-light,rtl node tests/look.mjs                       only these of wide, low, phone, narrow, huge (-light, -dark) and rtl,
//                                                                         and of expiredInMidForm, lineCut, keysAlone, doubleText, manyRows, emptyAndFailing
//   LOOK_BASE=http://127.0.0.1:7400 node tests/look.mjs                   a real member instead of the fixtures (accounts of the demonstration)
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { runnerImport } from 'vite';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
const SIZES = { wide: [1280, 800], low: [800, 480], phone: [390, 844] };
const EXTREMES = { narrow: [320, 640], huge: [3840, 2160] };
const SHOTS = new URL('./shots/', import.meta.url).pathname;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const wanted = process.argv.slice(2);
const views = process.env.LOOK_VIEWS?.split(',');
const viewed = (name) => views === undefined || views.includes(name);
const failures = [];
const fail = (text) => {
  failures.push(text);
  console.log(`FAIL ${text}`);
};

const { module: data } = await runnerImport(new URL('./fixtures/data.ts', import.meta.url).pathname);
let base = process.env.LOOK_BASE;
const real = base !== undefined;
if (!real) {
  const { module } = await runnerImport(new URL('./fixtures/server.ts', import.meta.url).pathname);
  base = `http://127.0.0.1:${await module.serve(0)}`;
}
mkdirSync(SHOTS, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });

const flip = (name) => (real ? Promise.resolve() : fetch(`${base}/fixtures/${name}`));

async function open(role, size, scheme = 'light') {
  const context = await browser.newContext({ viewport: { width: size[0], height: size[1] }, colorScheme: scheme, baseURL: base, locale: 'en-US', timezoneId: 'UTC' });
  const page = await context.newPage();
  page.on('console', (message) => {
    // What the browser itself says of a refused or cut request is expected where the test cuts it.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR/.test(message.text())) fail(`console on ${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => fail(`error on ${page.url()}: ${error.message}`));
  if (role) {
    const answer = await context.request.post('/api/v1/login', { data: { name: role, password: 'fairway-demo-password' } });
    if (!answer.ok()) fail(`sign-in of ${role}: ${answer.status()}`);
  }
  return { context, page };
}

async function settled(page) {
  await page.waitForSelector('h1', { timeout: 10_000 }).catch(() => fail(`no heading on ${page.url()}`));
  await page.waitForFunction(() => !document.querySelector('.skeleton'), undefined, { timeout: 10_000 }).catch(() => fail(`still loading: ${page.url()}`));
  await page.waitForTimeout(150);
}

async function judge(page, name) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (overflow > 1) fail(`${name}: ${overflow} px wider than its window`);
  await page.evaluate(AXE);
  const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags }), TAGS);
  for (const violation of found.violations) fail(`${name}: axe ${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`);
}

const story = (index) => `/console/sessions/${data.session(index).session}`;
const PAGES = [
  ['start', null, '/'],
  ['login', null, '/login'],
  ['sign-in', null, '/console'],
  ['overview', 'operator', '/console'],
  ['stations', 'operator', '/console/stations'],
  ['station', 'operator', '/console/stations/DUK-01'],
  ['sessions', 'operator', '/console/sessions'],
  ['story', 'operator', story(0)],
  ['story-running', 'operator', story(5)],
  ['story-refused', 'operator', story(6)],
  ['story-disputed', 'operator', story(9)],
  ['replay', 'operator', '/console/replay'],
  ['customers', 'operator', '/console/customers'],
  ['customer', 'operator', `/console/customers/${data.customers[0].customer}`],
  ['customer-bill', 'operator', `/console/customers/${data.customers[0].customer}/bills/2026-11`],
  ['visitors', 'operator', '/console/visitors'],
  ['policy', 'operator', '/console/policy'],
  ['tariffs', 'roaming-manager', '/console/tariffs'],
  ['agreements', 'roaming-manager', '/console/agreements'],
  ['agreement', 'roaming-manager', `/console/agreements/${data.agreements[3].agreement}`],
  ['agreement-new', 'roaming-manager', '/console/agreements/new'],
  ['agreement-counter', 'roaming-manager', `/console/agreements/${data.agreements[3].agreement}/counter`],
  ['agreement-diff', 'roaming-manager', `/console/agreements/${data.agreements[0].agreement}/diff/${data.agreements[3].agreement}`],
  ['network', 'operator', '/console/network'],
  ['forecast', 'operator', '/console/forecast'],
  ['results', 'operator', '/console/results'],
  ['settlement', 'operator', '/console/settlement'],
  ['disputes', 'operator', '/console/disputes'],
  ['accounts', 'operator', '/console/accounts'],
  ['not-found', 'operator', '/console/nowhere'],
  ['my', 'ana', '/my'],
  ['my-sessions', 'ana', '/my/sessions'],
  ['my-story', 'ana', story(1).replace('/console', '/my')],
  ['my-bills', 'ana', '/my/bills'],
  ['my-bill', 'ana', '/my/bills/2026-11'],
  ['my-cards', 'ana', '/my/cards'],
  ['my-disputes', 'ana', '/my/disputes'],
  ['blocks', 'auditor', '/explorer'],
  ['block', 'auditor', '/explorer/blocks/211'],
  ['transaction', 'auditor', `/explorer/transactions/${data.transaction.transaction}`],
  ['ledger-accounts', 'auditor', '/explorer/accounts'],
  ['check', 'auditor', '/explorer/check'],
].filter(([name]) => wanted.length === 0 || wanted.some((word) => name.includes(word)));

async function pictures() {
  const roles = [...new Set(PAGES.map(([, role]) => role))];
  for (const role of roles) {
    for (const [label, size] of Object.entries({ ...SIZES, ...EXTREMES })) {
      for (const scheme of label in SIZES ? ['light', 'dark'] : ['light']) {
        if (!viewed(`${label}-${scheme}`)) continue;
        await flip('expire');
        const { context, page } = await open(role, size, scheme);
        for (const [name, , path] of PAGES.filter((one) => one[1] === role)) {
          await page.goto(path);
          await settled(page);
          // Axe looks once in light, once in dark, and at the narrowest.
          if (label === 'wide' || label === 'narrow') await judge(page, `${name} ${label} ${scheme}`);
          else {
            const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            if (overflow > 1) fail(`${name} ${label}: ${overflow} px wider than its window`);
          }
          await page.screenshot({ path: `${SHOTS}${name}-${label}-${scheme}.png`, fullPage: label !== 'huge' });
        }
        await context.close();
      }
    }
    if (!viewed('rtl')) continue;
    await flip('expire');
    const { context, page } = await open(role, SIZES.wide);
    for (const [name, , path] of PAGES.filter((one) => one[1] === role)) {
      await page.goto(`${path}?language=qps-rtl`);
      await settled(page);
      if ((await page.evaluate(() => document.documentElement.dir)) !== 'rtl') fail(`${name}: not mirrored`);
      await judge(page, `${name} rtl`);
      await page.screenshot({ path: `${SHOTS}${name}-rtl.png`, fullPage: true });
    }
    await context.close();
  }
}

async function emptyAndFailing() {
  for (const [state, back] of [
    ['empty', 'full'],
    ['fail', 'work'],
  ]) {
    for (const [name, role, path] of PAGES.filter((one) => one[1])) {
      await flip('expire');
      const { context, page } = await open(role, SIZES.wide);
      if (state === 'fail') {
        await page.goto(path);
        await settled(page);
        await flip(state);
        await page.reload();
        await settled(page);
      } else {
        await flip(state);
        await page.goto(path);
        await settled(page);
      }
      await judge(page, `${name} ${state}`);
      await page.screenshot({ path: `${SHOTS}${name}-${state}.png`, fullPage: true });
      await flip(back);
      await context.close();
    }
  }
}

async function expiredInMidForm() {
  await flip('expire');
  const { context, page } = await open('roaming-manager', SIZES.wide);
  await page.goto('/console/agreements/new');
  await settled(page);
  await page.fill('input[name=cap]', '0.5512');
  await page.waitForTimeout(700);
  await flip('expire');
  await page.getByRole('button', { name: 'Propose an agreement' }).click();
  await page.waitForSelector('dialog[open] input[name=password]');
  await page.screenshot({ path: `${SHOTS}expired.png` });
  await judge(page, 'expired');
  await page.fill('dialog[open] input[name=password]', 'wrong password here');
  await page.locator('dialog[open]').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForSelector('dialog[open] [role=alert]');
  if ((await page.inputValue('input[name=cap]')) !== '0.5512') fail('expired: what was typed is lost');
  await page.fill('dialog[open] input[name=password]', 'fairway-demo-password');
  await page.locator('dialog[open]').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/console/agreements').catch(() => fail('expired: the proposal was not sent after signing in again'));
  // What is typed outlives the page as well.
  await page.goto('/console/disputes');
  await context.close();
  const driver = await open('ana', SIZES.phone);
  await driver.page.goto('/my/disputes');
  await settled(driver.page);
  await driver.page.fill('textarea[name=text]', 'The station said 0.36.');
  await driver.page.reload();
  await settled(driver.page);
  if ((await driver.page.inputValue('textarea[name=text]')) !== 'The station said 0.36.') fail('a reload lost what was typed');
  await driver.context.close();
}

async function lineCut() {
  await flip('expire');
  const { context, page } = await open('operator', SIZES.wide);
  await page.goto('/console/sessions');
  await settled(page);
  await page.waitForTimeout(500);
  await flip('cut');
  await page.waitForSelector('.toast.lost', { timeout: 8_000 }).catch(() => fail('cut: no word about the cut line'));
  await page.screenshot({ path: `${SHOTS}cut.png` });
  await judge(page, 'cut');
  await flip('tick');
  await flip('mend');
  await page.waitForSelector('.toast.back', { timeout: 15_000 }).catch(() => fail('cut: no word about the line that is back'));
  await page.screenshot({ path: `${SHOTS}back.png` });
  const id = data.session(5).session;
  const text = await page.locator(`tr:has(a[href$="${id}"])`).innerText().catch(() => '');
  if (!text.includes('Charging')) fail(`cut: what was missed is not there: ${text}`);
  await context.close();
}

async function keysAlone() {
  await flip('expire');
  const { context, page } = await open('operator', SIZES.wide);
  await page.goto('/console');
  await settled(page);
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await page.waitForURL('**/console/stations');
  await settled(page);
  await page.keyboard.press('/');
  if (!(await page.evaluate(() => document.activeElement?.matches('[data-search]')))) fail('keys: / does not reach the search');
  await page.keyboard.type('DUK-01');
  await page.waitForURL('**q=DUK-01**');
  await page.screenshot({ path: `${SHOTS}keys.png` });
  await page.goto('/console');
  await settled(page);
  await page.keyboard.press('Tab');
  if ((await page.evaluate(() => document.activeElement?.className)) !== null && !(await page.evaluate(() => document.activeElement?.classList.contains('skip')))) fail('keys: the first stop is not the way past the menu');
  await page.keyboard.press('?');
  await page.waitForSelector('dialog[open]');
  await page.screenshot({ path: `${SHOTS}keys-help.png` });
  await judge(page, 'keys-help');
  await page.keyboard.press('Escape');
  await page.goto(story(0));
  await settled(page);
  await page.locator('.money').first().press('Enter');
  await page.waitForSelector('dialog[open]');
  await page.screenshot({ path: `${SHOTS}breakdown.png` });
  await judge(page, 'breakdown');
  await context.close();
}

async function doubleText() {
  await flip('expire');
  const { context, page } = await open('operator', SIZES.wide);
  for (const [name, path] of [
    ['overview', '/console'],
    ['sessions', '/console/sessions'],
    ['story', story(0)],
  ]) {
    await page.goto(path);
    await settled(page);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    await page.waitForTimeout(300);
    await judge(page, `${name} double`);
    await page.screenshot({ path: `${SHOTS}${name}-double.png`, fullPage: true });
  }
  await page.setViewportSize({ width: SIZES.phone[0], height: SIZES.phone[1] });
  for (const [name, path] of [
    ['story', story(0)],
    ['network', '/console/network'],
    ['forecast', '/console/forecast'],
    ['results', '/console/results'],
  ]) {
    await page.goto(path);
    await settled(page);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    await page.waitForTimeout(300);
    await judge(page, `${name} double on a phone`);
    await page.screenshot({ path: `${SHOTS}${name}-double-phone.png`, fullPage: true });
  }
  await context.close();
}

async function manyRows() {
  await flip('expire');
  const { context, page } = await open('operator', SIZES.wide);
  await page.goto('/console/sessions');
  await settled(page);
  const box = page.locator('[role=region]').first();
  for (let round = 0; round < 60; round += 1) {
    await box.evaluate((one) => one.scrollTo(0, one.scrollHeight));
    await page.waitForTimeout(120);
    if ((await page.locator('table').first().getAttribute('aria-rowcount')) === '10001') break;
  }
  const rows = await page.locator('table').first().getAttribute('aria-rowcount');
  if (rows !== '10001') fail(`many rows: ${rows} of 10001`);
  const drawn = await page.locator('tr[data-row]').count();
  await page.evaluate(() => {
    globalThis.frames_ = [];
    let last = performance.now();
    const next = (now) => {
      globalThis.frames_.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await box.evaluate((one) => one.scrollTo(0, 0));
  for (let round = 0; round < 20; round += 1) {
    await flip('tick');
    await box.evaluate((one) => one.scrollBy(0, 2_000));
    await page.waitForTimeout(50);
  }
  await flip('burst');
  await page.waitForTimeout(1_000);
  const frames = (await page.evaluate(() => globalThis.frames_)).sort((a, b) => a - b);
  const at = (part) => frames[Math.floor((frames.length - 1) * part)].toFixed(1);
  console.log(`10,000 rows, ${drawn} drawn; scrolling and 1,020 changes: frame p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms of ${frames.length}`);
  await page.screenshot({ path: `${SHOTS}sessions-many.png` });
  await context.close();
}

const started = Date.now();
await pictures();
if (!real && wanted.length === 0) {
  const parts = [expiredInMidForm, lineCut, keysAlone, doubleText, manyRows, emptyAndFailing].filter((part) => viewed(part.name));
  for (const part of parts) {
    try {
      await part();
    } catch (error) {
      fail(`${part.name}: ${error.message.split('\n')[0]}`);
    }
    await flip('work');
    await flip('full');
    await flip('mend');
  }
}
await browser.close();
console.log(`${failures.length} failures in ${Math.round((Date.now() - started) / 1000)} s; pictures in ${SHOTS}`);
process.exit(failures.length > 0 ? 1 : 0);
