import type { Page } from 'playwright-core';

/**
 * Some screens of a post pass in less time than a picture of them takes. Here the page's stream of views is held up at one of them, as a slow
 * line would hold it; the station and what it says are the real ones.
 */

interface Halted {
  kind: string | null;
  go: (() => void) | null;
}

/** Lets a page's stream be held up. To be called once, before anything is done on it. */
export async function halting(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const halted: Halted = { kind: null, go: null };
    (globalThis as unknown as { halted: Halted }).halted = halted;
    const real = globalThis.fetch.bind(globalThis);
    const bytes = new TextEncoder();
    globalThis.fetch = async (input, init) => {
      const answer = await real(input, init);
      if (!String(input).endsWith('/events') || !answer.body) return answer;
      const words = new TextDecoder();
      let begun = '';
      const held = new TransformStream<Uint8Array, Uint8Array>({
        async transform(chunk, to) {
          // A busy browser gets several events in one piece; each may be the one that is waited for.
          const events = (begun + words.decode(chunk, { stream: true })).split('\n\n');
          begun = events.pop() ?? '';
          for (const event of events) {
            const kinds = event.split('"kind":"');
            const last = kinds.length > 1 ? (kinds.at(-1)?.split('"')[0] ?? null) : null;
            if (last !== null && halted.kind !== null && last !== halted.kind) await new Promise<void>((go) => (halted.go = go));
            to.enqueue(bytes.encode(`${event}\n\n`));
          }
        },
      });
      return new Response(answer.body.pipeThrough(held), { status: answer.status, headers: answer.headers });
    };
  });
  await page.reload();
}

/** From now on the page is told of no other screen than this one. */
export async function halt(page: Page, kind: string): Promise<void> {
  await page.evaluate((at) => ((globalThis as unknown as { halted: Halted }).halted.kind = at), kind);
}

/** The page is told everything again. */
export async function release(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { halted } = globalThis as unknown as { halted: Halted };
    halted.kind = null;
    halted.go?.();
    halted.go = null;
  });
}
