import { speak } from '../lib/i18n.svelte.ts';

/** How the post's screen makes reading easier: larger text, more contrast, a language that was chosen by hand. It lasts for one driver. */
export const ease = $state({ large: false, contrast: false, spoken: false });

export function apply(): void {
  document.documentElement.classList.toggle('large', ease.large);
  document.documentElement.classList.toggle('contrast', ease.contrast);
}

/** A language chosen by hand, which the driver's own does not replace. */
export function choose(code: string): void {
  ease.spoken = true;
  void speak(code, false);
}

/** The larger text is four fifths of itself at least, which is the usual text. */
const LEAST = 0.8;
const STEP = 0.05;
let fitted = false;

/** The larger text is as large as the screen can hold: the twelve keys cannot scroll. */
export function fit(large: boolean): void {
  const root = document.documentElement;
  if (fitted) root.style.fontSize = '';
  fitted = large;
  if (!large) return;
  const full = Number.parseFloat(getComputedStyle(root).fontSize);
  for (let share = 1 - STEP; root.scrollHeight > innerHeight && share > LEAST - STEP / 2; share -= STEP) root.style.fontSize = `${full * share}px`;
}

/** The next driver finds the post as it was. */
export function reset(): void {
  ease.large = ease.contrast = ease.spoken = false;
  apply();
}

let sound: AudioContext | null = null;

/** A short tone: the question for more time reaches more than one sense. */
export function tone(): void {
  try {
    sound ??= new AudioContext();
    const from = sound.currentTime;
    const voice = sound.createOscillator();
    const loudness = sound.createGain();
    loudness.gain.setValueAtTime(0.15, from);
    loudness.gain.exponentialRampToValueAtTime(0.001, from + 0.4);
    voice.frequency.value = 880;
    voice.connect(loudness).connect(sound.destination);
    voice.start(from);
    voice.stop(from + 0.4);
  } catch {
    // Without sound the question still stands on the screen and is announced.
  }
}

/** Whether the browser has a voice for this language. */
export function speaks(language: string): boolean {
  return 'speechSynthesis' in window && speechSynthesis.getVoices().some((voice) => voice.lang.startsWith(language));
}

/** Reads the screen aloud. */
export function read(text: string, language: string): void {
  speechSynthesis.cancel();
  const words = new SpeechSynthesisUtterance(text);
  words.lang = language;
  speechSynthesis.speak(words);
}
