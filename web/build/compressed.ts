import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Below this size a compressed copy saves nothing. */
const WORTH_IT = 1_024;
const TEXT = /\.(?:js|css|html|svg|json|ftl)$/;

/**
 * Writes `.br` and `.gz` beside every text file, so that the server compresses nothing while it answers. Made from the files as they were
 * written: before that, Vite still puts the names of files to load ahead into the script.
 */
export function compressed(): Plugin {
  return {
    name: 'fairway-compressed',
    apply: 'build',
    enforce: 'post',
    async writeBundle({ dir }, bundle) {
      if (!dir) return this.error('the pages are built into no folder');
      for (const name of Object.keys(bundle).filter((name) => TEXT.test(name))) {
        const path = join(dir, name);
        const bytes = await readFile(path);
        if (bytes.length < WORTH_IT) continue;
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
        await writeFile(`${path}.br`, brotliCompressSync(bytes, quality));
        await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
