import { chromium, type Browser, type Page } from 'playwright-core';
import { MANY } from '../fixtures/data.ts';
import { serve } from '../fixtures/server.ts';

/**
 * The console as it is built, in Chromium, with ten thousand charges that all go on: how long until the first rows are seen, and how long frames take
 * while one scrolls through all of them and the charges change. The answers are invented (one station gives at most a few charges an hour, so a member
 * with so many at once is not to be had here); page, stream and browser are the real ones.
 */

/** One measured figure, in the form of `docs/figures`. */
interface Figure {
  name: string;
  value: number;
  unit: string;
}

/** Chromium of the system. */
const EXECUTABLE = process.env['FAIRWAY_CHROMIUM'] ?? '/usr/bin/chromium';
const SIZE = { width: 1280, height: 800 };
const PATH = '/console/sessions?state=charging';
/** How often the page is opened by a browser that has seen none of it. */
const VIEWS = 7;
/** Frames of scrolling with a wheel, and the pixels of one. */
const WHEEL = { frames: 400, pixels: 120 };
/** Frames of dragging the bar from the first row to the last: each shows other rows than the one before. */
const DRAG = 300;
/** Changes that arrive during the way, and at once after it. */
const TICKS = 60;
/** Between two of them, in milliseconds. */
const PAUSE = 100;
const BURST = 1_000;

declare global {
  /** Milliseconds from the beginning of the navigation to the frame that has rows. */
  var seenAfter: number | undefined;
  /** Milliseconds from each frame to the next. */
  var frameTimes: number[];
}

async function opened(browser: Browser, base: string): Promise<Page> {
  const context = await browser.newContext({ viewport: SIZE, baseURL: base, locale: 'en-US', timezoneId: 'UTC' });
  const page = await context.newPage();
  const answer = await context.request.post('/api/v1/login', { data: { name: 'operator', password: 'fairway-demo-password' } });
  if (!answer.ok()) throw new Error(`sign-in: ${answer.status()}`);
  await page.addInitScript(() => {
    const rows = new MutationObserver(() => {
      if (!document.querySelector('tr[data-row]')) return;
      rows.disconnect();
      // The next frame has the rows; what runs after it has seen them painted.
      requestAnimationFrame(() => setTimeout(() => (globalThis.seenAfter = performance.now())));
    });
    rows.observe(document, { childList: true, subtree: true });
  });
  await page.goto(PATH);
  await page.waitForFunction(() => globalThis.seenAfter !== undefined);
  return page;
}

async function firstView(browser: Browser, base: string): Promise<number> {
  const page = await opened(browser, base);
  const seen = await page.evaluate(() => globalThis.seenAfter ?? Number.NaN);
  await page.context().close();
  return seen;
}

/** Scrolls to the end until the page has fetched every row. */
async function fetched(page: Page): Promise<void> {
  const box = page.locator('[role=region]').first();
  const table = page.locator('table').first();
  for (let round = 0; (await table.getAttribute('aria-rowcount')) !== String(MANY + 1); round += 1) {
    if (round > 400) throw new Error(`${await table.getAttribute('aria-rowcount')} rows of ${MANY}`);
    await box.evaluate((one) => one.scrollTo(0, one.scrollHeight));
    await page.waitForTimeout(50);
  }
  await box.evaluate((one) => one.scrollTo(0, 0));
  await page.waitForTimeout(300);
}

/** Frame times while something is done. */
async function frames(page: Page, what: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    globalThis.frameTimes = [];
    let last = performance.now();
    const next = (now: number) => {
      globalThis.frameTimes.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await what();
  // The first one began before the watch did.
  return (await page.evaluate(() => globalThis.frameTimes.slice(1))).sort((a, b) => a - b);
}

/** Scrolls from the first row, in the page itself, so many pixels for each frame; without pixels it comes to the last row. */
const scrolled = (page: Page, frames: number, pixels?: number) =>
  page
    .locator('[role=region]')
    .first()
    .evaluate(
      (box, { frames, pixels }) =>
        new Promise<void>((done) => {
          const step = pixels ?? box.scrollHeight / frames;
          let left = frames;
          box.scrollTo(0, 0);
          const next = () => {
            box.scrollBy(0, step);
            left -= 1;
            if (left > 0) requestAnimationFrame(next);
            else done();
          };
          requestAnimationFrame(next);
        }),
      { frames, pixels },
    );

const part = (sorted: readonly number[], of: number): number => Math.round((sorted[Math.floor((sorted.length - 1) * of)] ?? Number.NaN) * 10) / 10;
const spread = (name: string, sorted: readonly number[]): Figure[] => [
  { name: `${name}/p50`, value: part(sorted, 0.5), unit: 'ms' },
  { name: `${name}/p99`, value: part(sorted, 0.99), unit: 'ms' },
  { name: `${name}/max`, value: part(sorted, 1), unit: 'ms' },
  { name: `${name}/frames`, value: sorted.length, unit: 'frames' },
];

/** Every figure. */
export async function measured(): Promise<Figure[]> {
  const base = `http://127.0.0.1:${await serve(0)}`;
  const flip = (name: string) => fetch(`${base}/fixtures/${name}`);
  await flip('live');
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
  const views: number[] = [];
  for (let view = 0; view < VIEWS; view += 1) views.push(await firstView(browser, base));
  views.sort((a, b) => a - b);
  const page = await opened(browser, base);
  await fetched(page);
  const drawn = await page.locator('tr[data-row]').count();
  const changing = async () => {
    for (let tick = 0; tick < TICKS; tick += 1) {
      await flip('tick');
      await page.waitForTimeout(PAUSE);
    }
  };
  const wheel = await frames(page, async () => void (await Promise.all([scrolled(page, WHEEL.frames, WHEEL.pixels), changing()])));
  const drag = await frames(page, async () => scrolled(page, DRAG));
  const burst = await frames(page, async () => {
    await flip('burst');
    await page.waitForTimeout(1_500);
  });
  await browser.close();
  return [
    { name: 'sessions/rows', value: MANY, unit: 'charges' },
    { name: 'sessions/drawn', value: drawn, unit: 'rows' },
    { name: 'sessions/first-view/p50', value: part(views, 0.5), unit: 'ms' },
    { name: 'sessions/first-view/max', value: part(views, 1), unit: 'ms' },
    ...spread('sessions/wheel', wheel),
    ...spread('sessions/drag', drag),
    { name: 'sessions/burst/changes', value: BURST, unit: 'changes' },
    ...spread('sessions/burst', burst),
  ];
}
