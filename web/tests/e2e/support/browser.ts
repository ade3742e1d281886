import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** Chromium of the system: no browser is downloaded. */
const EXECUTABLE = process.env['FAIRWAY_CHROMIUM'] ?? '/usr/bin/chromium';
const SHOTS = process.env['FAIRWAY_SHOTS'] ?? resolve(import.meta.dirname, '../../shots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Targets of the post's screen, in pixels. */
const TARGET = 64;

export const POST_SIZES = { wide: [1280, 800], small: [800, 480], tall: [480, 800] } as const;
export const PHONE_SIZES = { phone: [390, 844] } as const;

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

/** A page whose errors are kept; `quiet` fails on the first one. */
export interface Watched {
  page: Page;
  quiet(): void;
}

export async function open(browser: Browser, url: string, size: readonly [number, number], language = 'en-US'): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: size[0], height: size[1] }, locale: language, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, quiet: () => expect(errors.join('\n')).toBe('') };
}

/** axe with WCAG 2.2 AA, and contrast of 7:1 on top. */
export async function accessible(page: Page, what: string): Promise<void> {
  await page.evaluate(AXE);
  const flaws = await page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: { run(of: Document, options: unknown): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> } }).axe.run;
    const found = await run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      rules: { 'color-contrast-enhanced': { enabled: true } },
    });
    return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary ?? ''}`).join(' | ')}`);
  });
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
