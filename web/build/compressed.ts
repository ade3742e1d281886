import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Below this size a compressed copy saves nothing. */
const WORTH_IT = 1_024;
const TEXT = /\.(?:js|css|html|svg|json|ftl)$/;

/** Writes `.br` and `.gz` beside every text file, so that the server compresses nothing while it answers. */
export function compressed(): Plugin {
  return {
    name: 'fairway-compressed',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      for (const part of Object.values(bundle)) {
        if (!TEXT.test(part.fileName)) continue;
        const bytes = Buffer.from(part.type === 'chunk' ? part.code : part.source);
        if (bytes.length < WORTH_IT) continue;
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
        this.emitFile({ type: 'asset', fileName: `${part.fileName}.br`, source: brotliCompressSync(bytes, quality) });
        this.emitFile({ type: 'asset', fileName: `${part.fileName}.gz`, source: gzipSync(bytes, { level: 9 }) });
      }
    },
  };
}
