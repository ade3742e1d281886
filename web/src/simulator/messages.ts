/** The message files of this page; one chunk for each language. */
export const FILES = import.meta.glob<string>('../../../messages/*/{common,simulator}.ftl', { query: '?raw', import: 'default' });
export const NAMES = ['common', 'simulator'];
