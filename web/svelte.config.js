import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  // Every component is written with runes; the older way would be accepted in silence without this.
  compilerOptions: { runes: true },
};
