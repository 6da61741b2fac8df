import { ISignal, Signal } from '@lumino/signaling';

import { hearInFrames } from './frames';
import { isHuman } from './human';

/** Where people work: documents, consoles, terminals. */
const WORK = '#jp-main-dock-panel, #jp-down-stack';

/**
 * Keys and clicks of a person at work: not over menus, side bars or the banner, for this wakes what is frozen.
 */
export class HumanInput {
  constructor() {
    for (const kind of ['keydown', 'pointerdown']) {
      document.addEventListener(kind, event => this._onEvent(event), {
        capture: true,
        passive: true
      });
    }
    hearInFrames(frame => this._onInput(frame));
  }

  get happened(): ISignal<this, void> {
    return this._happened;
  }

  /** Seconds since the last one; infinite where there was none. By the clock on the wall, which a sleeping laptop keeps. */
  get age(): number {
    return (Date.now() - this._at) / 1000;
  }

  private _onEvent(event: Event): void {
    const isVisible = document.visibilityState === 'visible';
    if (isHuman(event, isVisible)) {
      this._onInput(event.target);
    }
  }

  private _onInput(target: EventTarget | null): void {
    if (isAtWork(target)) {
      this._at = Date.now();
      this._happened.emit();
    }
  }

  private _at = -Infinity;
  private _happened = new Signal<this, void>(this);
}

/** A key goes to the page's body where nothing has the focus: that is no other place. */
function isAtWork(target: EventTarget | null): boolean {
  return (
    target === document.body ||
    (target instanceof Element && target.closest(WORK) !== null)
  );
}
