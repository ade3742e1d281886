/** The message files of this page; one chunk for each language. */
export const FILES = import.meta.glob<string>('../../../messages/*/{common,console,story,terms}.ftl', { query: '?raw', import: 'default' });
export const NAMES = ['common', 'story', 'console', 'terms'];
