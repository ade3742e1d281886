import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClient } from '@hey-api/openapi-ts';

/**
 * Writes the types of the API's description to `src/api/generated.ts`: what each name means, and for each operation what it takes and what it
 * answers. Only types: they weigh nothing in a page. With `--check` it writes nothing and fails when the file is not what it would write.
 */
const root = resolve(import.meta.dirname, '../..');
const description = join(root, 'openapi/fairway.json');
const written = join(root, 'web/src/api/generated.ts');

/** The name that the generator gives to an operation: `get_sessions_by_session` becomes `GetSessionsBySession`. */
const typeName = (operation) =>
  operation
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

/** Every operation under its method and path, with the types of what it takes and what it answers. */
function operations({ paths }) {
  const lines = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => {
      const name = typeName(operationId);
      return `    '${method.toUpperCase()} ${path}': { takes: ${name}Data; answers: ${name}Response };`;
    }),
  );
  return ['/**', ' * Every operation by its method and path.', ' */', 'export type Operations = {', ...lines, '};', ''].join('\n');
}

/** The text of the file. */
async function made() {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-client-'));
  try {
    await createClient({ input: description, output: { path: folder, entryFile: false }, plugins: ['@hey-api/typescript'], logs: { level: 'silent' } });
    const types = readFileSync(join(folder, 'types.gen.ts'), 'utf8');
    return `${types.trimEnd()}\n\n${operations(JSON.parse(readFileSync(description, 'utf8')))}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const text = await made();
if (!process.argv.includes('--check')) {
  writeFileSync(written, text);
} else if (text !== readFileSync(written, 'utf8')) {
  console.error('web/src/api/generated.ts is not made from openapi/fairway.json as it is: run `npm run client` in web/');
  process.exit(1);
}
