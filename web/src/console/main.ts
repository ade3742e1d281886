import { mount } from 'svelte';
import '../styles/tokens.css';
import '../styles/base.css';
import { meet } from '../lib/account.svelte.ts';
import { start } from '../lib/i18n.svelte.ts';
import { routed } from '../lib/router.svelte.ts';
import { rememberedLook } from '../lib/theme.svelte.ts';
import App from './App.svelte';
import { FILES, NAMES } from './messages.ts';

rememberedLook();
routed('/console');
// Asked while the words are on their way.
void meet();
await start(FILES, NAMES);
mount(App, { target: document.querySelector('#page') ?? document.body });
