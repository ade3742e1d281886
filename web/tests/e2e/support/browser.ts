import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterEach, expect } from 'vitest';

/** Chromium of the system: no browser is downloaded. */
const EXECUTABLE = process.env['FAIRWAY_CHROMIUM'] ?? '/usr/bin/chromium';
const SHOTS = process.env['FAIRWAY_SHOTS'] ?? resolve(import.meta.dirname, '../../shots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Longest wait for something to appear, in milliseconds. */
const PATIENCE = 60_000;
/** Targets of the post's screen, in pixels. */
const TARGET = 64;

export const POST_SIZES = { wide: [1280, 800], small: [800, 480], tall: [480, 800] } as const;
export const PHONE_SIZES = { phone: [390, 844] } as const;

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

/** Pages of the test that runs, for their pictures when it fails. */
const opened: Page[] = [];

afterEach(async ({ task }) => {
  const pages = opened.splice(0);
  if (task.result?.state !== 'fail') return;
  mkdirSync(SHOTS, { recursive: true });
  for (const [at, page] of pages.entries()) await page.screenshot({ path: resolve(SHOTS, `failed-${task.name}-${at}.png`) }).catch(() => undefined);
});

/** A page whose errors are kept, but for expected ones; `quiet` fails on the first one. */
export interface Watched {
  page: Page;
  quiet(): void;
}

export async function open(browser: Browser, url: string, size: readonly [number, number], language = 'en-US', expected?: RegExp): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: size[0], height: size[1] }, locale: language, reducedMotion: 'reduce' });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  opened.push(page);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // The code for phones may be replaced between the view that names it and the picture that the page asks for.
    const replaced = message.location().url.includes('/qr/');
    if (message.type() === 'error' && !replaced && !expected?.test(message.text())) errors.push(message.text());
  });
  await page.goto(url);
  return { page, quiet: () => expect(errors.join('\n')).toBe('') };
}

/** axe with WCAG 2.2 AA, and contrast of 7:1 on top where the screen stands in the sun. */
export async function accessible(page: Page, what: string, outdoors = true): Promise<void> {
  await page.evaluate(AXE);
  const flaws = await page.evaluate(async (enhanced) => {
    const run = (globalThis as unknown as { axe: { run(of: Document, options: unknown): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> } }).axe.run;
    const found = await run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      rules: { 'color-contrast-enhanced': { enabled: enhanced } },
    });
    return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary ?? ''}`).join(' | ')}`);
  }, outdoors);
  expect(flaws, `${what} in axe`).toEqual([]);
}

/** Everything that can be pressed is large enough, and nothing is cut off or needs scrolling sideways. */
export async function fits(page: Page, what: string, scrolls: boolean): Promise<void> {
  const flaws = await page.evaluate((target) => {
    const flaws: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>('button, summary, input')) {
      const box = element.getBoundingClientRect();
      if (box.width === 0) continue;
      if (box.width < target - 0.5 || box.height < target - 0.5) flaws.push(`${element.textContent?.trim()}: ${box.width} x ${box.height}`);
      if (box.right > innerWidth + 1 || box.left < -1) flaws.push(`${element.textContent?.trim()} is outside`);
    }
    const page = document.scrollingElement ?? document.documentElement;
    if (page.scrollWidth > innerWidth + 1) flaws.push(`${page.scrollWidth} wide in ${innerWidth}`);
    return { flaws, over: page.scrollHeight - innerHeight };
  }, TARGET);
  expect(flaws.flaws, what).toEqual([]);
  if (!scrolls) expect(flaws.over, `${what} is higher than the screen`).toBeLessThanOrEqual(1);
}

/** Looks at a state in every size, light and dark: it fits, it is accessible, and there is a picture of it. */
export async function look(page: Page, state: string, sizes: Record<string, readonly [number, number]>, scrolls = false): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  for (const [name, [width, height]] of Object.entries(sizes)) {
    await page.setViewportSize({ width, height });
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: resolve(SHOTS, `kiosk-${state}-${name}-${scheme}.png`) });
    }
    await fits(page, `${state} at ${name}`, scrolls);
  }
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await accessible(page, `${state}, ${scheme}`);
  }
}

/** The narrowest window that a page must fit into, and a very large one. */
const EDGES = [
  [320, 640],
  [3840, 2160],
] as const;

/** How much wider a page is than its window, in pixels, once its drawings have taken the window's size. */
async function over(page: Page): Promise<number> {
  await page.waitForTimeout(100);
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** A page fits into the narrowest and the largest window, and into a usual one and a phone's with text twice as large. */
export async function stretches(page: Page, name: string): Promise<void> {
  for (const [width, height] of EDGES) {
    await page.setViewportSize({ width, height });
    expect(await over(page), `${name} at ${width}`).toBeLessThanOrEqual(1);
  }
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  // Drivers read on a phone; the console's pages are for a desk.
  for (const [width, height] of name.startsWith('my') ? [PAGE_SIZES.wide, PAGE_SIZES.phone] : [PAGE_SIZES.wide]) {
    await page.setViewportSize({ width, height });
    expect(await over(page), `${name} at ${width} with text at 200 %`).toBeLessThanOrEqual(1);
  }
  await page.evaluate(() => (document.documentElement.style.fontSize = ''));
}

/** Sizes at which the pages for people who sign in are looked at. */
const PAGE_SIZES = { wide: [1280, 800], low: [800, 480], phone: [390, 844] } as const;

/** Nothing is loading any more, and there is a heading. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('h1');
  await page.waitForFunction(() => !document.querySelector('.skeleton'));
}

/** A page in every size, light and dark: never wider than its window, accessible, and there is a picture of it. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await settled(page);
  for (const [size, [width, height]] of Object.entries(PAGE_SIZES)) {
    await page.setViewportSize({ width, height });
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: resolve(SHOTS, `${name}-${size}-${scheme}.png`) });
    }
    expect(await over(page), `${name} at ${size} is wider than its window`).toBeLessThanOrEqual(1);
  }
  await stretches(page, name);
  for (const scheme of ['light', 'dark'] as const) {
    await page.setViewportSize({ width: PAGE_SIZES.wide[0], height: PAGE_SIZES.wide[1] });
    await page.emulateMedia({ colorScheme: scheme });
    await accessible(page, `${name}, ${scheme}`, false);
  }
}

/** Signs in as people do: on the page, with the keys. */
export async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** What the browser says when a page asks who is there, and nobody is signed in. */
export const NOBODY = /status of 401/;

/** Goes to an address of the same member. */
export async function go(page: Page, path: string): Promise<void> {
  await page.goto(new URL(path, page.url()).href);
  await settled(page);
}

/** At a station's screen: a number by the keys, the price accepted for twenty kilowatt-hours, the cable plugged in. */
export async function chargesTwenty(page: Page, cin: string): Promise<void> {
  await offered(page, cin);
  await page.keyboard.press('1');
  await page.locator("[aria-pressed='true']", { hasText: '20' }).waitFor();
  await accepts(page);
}

/** The same with an almost empty battery and no limit: it goes on for close to a minute. */
export async function chargesLong(page: Page, cin: string): Promise<void> {
  await offered(page, cin);
  await accepts(page, 5);
}

async function offered(page: Page, cin: string): Promise<void> {
  await page.waitForSelector("[data-screen='prompt']");
  await page.keyboard.type(`${cin}#`);
  await page.waitForSelector("[data-screen='offer']");
}

/** Accepts what is offered and plugs in a car, with so many percent in its battery. */
async function accepts(page: Page, soc?: number): Promise<void> {
  await page.keyboard.press('#');
  await page.waitForSelector("[data-screen='plug_in']");
  await page.locator('summary').click();
  if (soc !== undefined) await page.locator('details input[type=number]').fill(String(soc));
  await page.getByRole('button', { name: 'Plug in', exact: true }).click();
  await page.locator('summary').click();
}

/** Ends a visit: the cable comes out, and the station is free for others. */
export async function unplugs(page: Page): Promise<void> {
  await page.locator('summary').click();
  await page.getByRole('button', { name: 'Unplug', exact: true }).click();
  await page.locator('summary').click();
}
