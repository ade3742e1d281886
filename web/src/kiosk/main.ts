import { mount } from 'svelte';
import '../styles/tokens.css';
import '../styles/base.css';
import './post.css';
import { start } from '../lib/i18n.svelte.ts';
import App from './App.svelte';
import { FILES, NAMES } from './messages.ts';
import { Post } from './post.svelte.ts';

await start(FILES, NAMES);
const station = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const post = new Post(`/kiosk/${encodeURIComponent(station)}`);
mount(App, { target: document.querySelector('#page') ?? document.body, props: { post } });
