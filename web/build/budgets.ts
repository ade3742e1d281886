import { gzipSync } from 'node:zlib';
import type { Plugin, Rolldown } from 'vite';

/** Fails the build when a page's scripts, all that it can ever load, weigh more than its budget (bytes after gzip). */
export function budgets(limits: Record<string, number>): Plugin {
  return {
    name: 'fairway-budgets',
    apply: 'build',
    generateBundle(_, bundle) {
      const over: string[] = [];
      for (const [page, limit] of Object.entries(limits)) {
        const entry = Object.values(bundle).find((part) => part.type === 'chunk' && part.isEntry && part.name === page);
        if (!entry) {
          over.push(`${page}: no such entry`);
          continue;
        }
        const weight = weigh(bundle, entry.fileName);
        this.info(`script of ${page}: ${weight} of ${limit} bytes (gzip)`);
        if (weight > limit) over.push(`${page}: ${weight} bytes of script after gzip, at most ${limit} are allowed`);
      }
      if (over.length > 0) this.error(`budget exceeded: ${over.join('; ')}`);
    },
  };
}

function weigh(bundle: Rolldown.OutputBundle, first: string): number {
  const seen = new Set<string>();
  const open = [first];
  let weight = 0;
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const part = bundle[name];
    if (seen.has(name) || part?.type !== 'chunk') continue;
    seen.add(name);
    weight += gzipSync(part.code, { level: 9 }).length;
    open.push(...part.imports, ...part.dynamicImports);
  }
  return weight;
}
