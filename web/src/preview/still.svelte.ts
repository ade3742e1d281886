import type { Shown } from '../kiosk/post.svelte.ts';
import type { View } from '../kiosk/view.ts';

/** A screen that shows one view and takes no press: nobody stands before it. */
export class Still implements Shown {
  view: View | null = $state.raw(null);
  came = $state(0);
  refusal: string | null = $state(null);
  readonly live = { lost: null };

  take(view: View): void {
    this.view = view;
    this.came = Date.now();
  }

  key(): void {
    // Nobody presses.
  }

  choose(): void {
    // Nobody chooses.
  }

  act(): void {
    // Nothing is there to be moved.
  }
}
