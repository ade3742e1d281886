import { readFileSync, readdirSync } from 'node:fs';
import { FluentResource } from '@fluent/bundle';
import { expect, test } from 'vitest';

const ROOT = new URL('../../../messages/', import.meta.url);
const LANGUAGES = ['en', 'es', 'de'];
/** A page's folders of source and its message files, as its messages.ts names them. */
const PAGES: Record<string, { sources: string[]; files: string[] }> = {
  start: { sources: ['start', 'parts', 'lib'], files: ['common', 'start'] },
  console: { sources: ['console', 'story', 'parts', 'lib'], files: ['common', 'story', 'console', 'terms'] },
  my: { sources: ['my', 'story', 'parts', 'lib'], files: ['common', 'story', 'my'] },
  explorer: { sources: ['explorer', 'parts', 'lib'], files: ['common', 'explorer'] },
  simulator: { sources: ['simulator'], files: ['common', 'simulator'] },
  tour: { sources: ['tour'], files: ['common', 'tour'] },
};

const text = (language: string, file: string) => readFileSync(new URL(`${language}/${file}.ftl`, ROOT), 'utf8');
const ids = (source: string) => [...source.matchAll(/^([a-zA-Z][\w-]*) =/gm)].map((found) => found[1] ?? '');

/** The variables of each message of a file. */
function variables(source: string): Record<string, string> {
  const blocks = source.split(/^(?=[a-zA-Z][\w-]* =)/m);
  return Object.fromEntries(
    blocks.flatMap((block) => {
      const id = /^([a-zA-Z][\w-]*) =/.exec(block)?.[1];
      return id ? [[id, [...new Set([...block.matchAll(/\$([\w-]+)/g)].map((found) => found[1]))].sort().join()]] : [];
    }),
  );
}

function sources(folder: string): string {
  const at = new URL(`../../src/${folder}/`, import.meta.url);
  return readdirSync(at, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:svelte|ts)$/.test(name))
    .map((name) => readFileSync(new URL(name, at), 'utf8'))
    .join('\n');
}

test('every_language_says_the_same_messages_with_the_same_variables', () => {
  const files = readdirSync(new URL('en/', ROOT));
  for (const language of LANGUAGES) {
    expect(readdirSync(new URL(`${language}/`, ROOT)).sort()).toEqual([...files].sort());
    for (const file of files.map((name) => name.replace('.ftl', ''))) {
      expect(variables(text(language, file)), `${language}/${file}.ftl`).toEqual(variables(text('en', file)));
    }
  }
});

test('every_message_file_is_sound', () => {
  for (const language of LANGUAGES) {
    for (const page of Object.values(PAGES)) {
      for (const file of page.files) {
        const found = ids(text(language, file));
        expect(new Set(found).size, `${language}/${file}.ftl says an id twice`).toBe(found.length);
        expect(new FluentResource(text(language, file)).body.length, `${language}/${file}.ftl`).toBe(found.length);
      }
    }
  }
});

test('every_text_of_a_page_is_in_its_files', () => {
  for (const [page, { sources: folders, files }] of Object.entries(PAGES)) {
    const known = new Set(files.flatMap((file) => ids(text('en', file))));
    const used = folders.flatMap((folder) => [...sources(folder).matchAll(/\bt\('([\w-]+)'/g)].map((found) => found[1] ?? ''));
    const missing = [...new Set(used)].filter((id) => !known.has(id));
    // The shell of the signed-in pages is no part of the first page.
    expect(missing, page).toEqual([]);
  }
});

test('no_message_of_a_page_is_said_nowhere', () => {
  const all = sources('.');
  // Words inside of sentences that the server tells by their codes; the utility's tests compare them with the model's.
  const said = ['input', 'stop', 'table'];
  for (const file of ['common', 'story', 'console', 'terms', 'my', 'explorer', 'start', 'simulator', 'tour']) {
    const unused = ids(text('en', file)).filter((id) => {
      if (all.includes(`'${id}'`)) return false;
      // Names made of data: some beginning of the id stands in a template, as in `state-${...}`, or as a group, as in word('state', ...).
      const parts = id.split('-');
      if (said.includes(parts[0] ?? '')) return false;
      return !parts.some((_, at) => at > 0 && (all.includes(`\`${parts.slice(0, at).join('-')}-\${`) || all.includes(`('${parts.slice(0, at).join('-')}',`)));
    });
    expect(unused, `${file}.ftl`).toEqual([]);
  }
});
