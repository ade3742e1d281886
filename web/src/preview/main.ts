import { mount } from 'svelte';
import '../styles/tokens.css';
import '../styles/base.css';
import '../kiosk/post.css';
import App from '../kiosk/App.svelte';
import { FILES, NAMES } from '../kiosk/messages.ts';
import type { View } from '../kiosk/view.ts';
import { speak, start } from '../lib/i18n.svelte.ts';
import { rememberedLook } from '../lib/theme.svelte.ts';
import { Still } from './still.svelte.ts';

/**
 * The kiosk's own screen inside of another page: a view and a language come from the page around it, of the same origin, and nothing goes back
 * but that it is there. It cannot be pressed.
 */
interface Told {
  view: View;
  language: string;
}

rememberedLook();
await start(FILES, NAMES);
const post = new Still();
document.body.inert = true;
mount(App, { target: document.querySelector('#page') ?? document.body, props: { post } });

addEventListener('message', (event: MessageEvent<Told>) => {
  if (event.origin !== location.origin || event.source !== parent) return;
  void speak(event.data.language, false).then(() => post.take(event.data.view));
});
parent.postMessage('ready', location.origin);
