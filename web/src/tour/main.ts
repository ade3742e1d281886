import { mount } from 'svelte';
import '../styles/tokens.css';
import '../styles/base.css';
import { start } from '../lib/i18n.svelte.ts';
import { rememberedLook } from '../lib/theme.svelte.ts';
import App from './App.svelte';
import { FILES, NAMES } from './messages.ts';

rememberedLook();
await start(FILES, NAMES);
mount(App, { target: document.querySelector('#page') ?? document.body });
