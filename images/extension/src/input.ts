import { ISignal, Signal } from '@lumino/signaling';

const MODIFIERS = ['Alt', 'AltGraph', 'CapsLock', 'Control', 'Meta', 'Shift'];

/** Where people work: documents, consoles, terminals. */
const WORK = '#jp-main-dock-panel, #jp-down-stack';

/**
 * Keys and clicks of a person at work.
 *
 * Not a script's: the browser marks what it made itself. Not a key that only goes with another one (whoever leaves the
 * tab by Alt+Tab does not work here), and not the mouse over menus, side bars or the banner.
 */
export class HumanInput {
  constructor() {
    for (const kind of ['keydown', 'pointerdown']) {
      document.addEventListener(kind, event => this._onEvent(event), {
        capture: true,
        passive: true
      });
    }
  }

  get happened(): ISignal<this, void> {
    return this._happened;
  }

  /** Seconds since the last one; infinite where there was none. By the clock on the wall, which a sleeping laptop keeps. */
  get age(): number {
    return (Date.now() - this._at) / 1000;
  }

  private _onEvent(event: Event): void {
    if (event.isTrusted && !isModifier(event) && isAtWork(event.target)) {
      this._at = Date.now();
      this._happened.emit();
    }
  }

  private _at = -Infinity;
  private _happened = new Signal<this, void>(this);
}

function isModifier(event: Event): boolean {
  return event instanceof KeyboardEvent && MODIFIERS.includes(event.key);
}

/** A key goes to the page's body where nothing has the focus: that is no other place. */
function isAtWork(target: EventTarget | null): boolean {
  return (
    target === document.body ||
    (target instanceof Element && target.closest(WORK) !== null)
  );
}
