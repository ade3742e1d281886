/// <reference types="vitest/config" />
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { budgets } from './build/budgets.ts';
import { compressed } from './build/compressed.ts';

/** The pages: a name in `dist` each. The server answers every path below `/name` with `name.html`. */
const PAGES = ['index', 'kiosk', 'phone', 'my', 'console', 'explorer', 'simulator', 'preview', 'tour'] as const;

/** The most script a page may load in all, in bytes after gzip, languages included. */
const SCRIPT_BUDGETS = { index: 60_000, kiosk: 40_000, phone: 40_000, my: 120_000, console: 180_000, explorer: 120_000, simulator: 60_000, preview: 40_000, tour: 60_000 };

const page = (name: string) => resolve(import.meta.dirname, `${name}.html`);

export default defineConfig({
  plugins: [svelte(), budgets(SCRIPT_BUDGETS), compressed()],
  build: {
    target: 'es2023',
    // The pages are served with a policy that forbids inline script, so the polyfill could not run.
    modulePreload: { polyfill: false },
    // A data: address would be refused by the same policy.
    assetsInlineLimit: 0,
    rolldownOptions: { input: Object.fromEntries(PAGES.map((name) => [name, page(name)])) },
  },
  server: {
    // The message files and the flow chart lie beside this folder.
    fs: { allow: ['..'] },
    proxy: { '/api': process.env['FAIRWAY_API'] ?? 'http://127.0.0.1:7400' },
  },
  test: { include: ['tests/unit/**/*.test.ts'], environment: 'node' },
});
