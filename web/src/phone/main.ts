import { mount } from 'svelte';
import '../styles/tokens.css';
import '../styles/base.css';
import '../kiosk/post.css';
import { start } from '../lib/i18n.svelte.ts';
import { FILES, NAMES } from '../kiosk/messages.ts';
import App from './App.svelte';

await start(FILES, NAMES);
mount(App, { target: document.querySelector('#page') ?? document.body });
