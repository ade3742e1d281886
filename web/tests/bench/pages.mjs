// Measures the console with ten thousand live charges, one figure a line: node tests/bench/pages.mjs. Vite's own module runner takes the types off.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('./pages.ts', import.meta.url).pathname);
for (const figure of await module.measured()) console.log(JSON.stringify(figure));
process.exit(0);
