/**
 * What shows that a person is here, and how often that is said. Without Lab and without a browser, so that it is tested
 * by itself; `countdown.ts` connects it.
 */

const MODIFIERS = ['Alt', 'AltGraph', 'CapsLock', 'Control', 'Meta', 'Shift'];

/** What is listened to. A run is begun by one of them; whoever reads a long notebook turns the wheel. */
export const KINDS = ['keydown', 'pointerdown', 'wheel'] as const;

export interface IInput {
  isTrusted: boolean;
  type: string;
  key?: string;
  repeat?: boolean;
}

/**
 * Did a person do this?
 *
 * Not a script: the browser marks what it made itself. Not a key that only goes with another one, as whoever leaves by
 * Alt+Tab does not work here, nor one that something lies on. Not a mouse that is moved: a table is pushed, and somebody
 * passes over the window on the way to another. And nothing in a page that nobody sees.
 */
export function isHuman(event: IInput, isVisible: boolean): boolean {
  return (
    isVisible &&
    event.isTrusted &&
    !event.repeat &&
    !(event.type === 'keydown' && MODIFIERS.includes(event.key ?? ''))
  );
}

/** `isUsed`: the browser knows of a press in the page, or in a frame of it, some seconds ago. */
export interface IFrameSeen {
  isInFrame: boolean;
  isVisible: boolean;
  hasFocus: boolean;
  isUsed: boolean;
}

/**
 * Did a person do something in a frame, whose keys and clicks are not heard here?
 *
 * Not while the focus is in the page itself, which hears its own, or in another program's window: that a frame goes on
 * there, plays or asks a server is nobody's doing.
 */
export function isHumanInFrame(seen: IFrameSeen): boolean {
  return seen.isInFrame && seen.isVisible && seen.hasFocus && seen.isUsed;
}

export const BEAT_EVERY = 15_000;

/** Milliseconds: of a clock that only rises, and of a wait. */
export interface IClock {
  now: () => number;
  later: (wait: number, act: () => void) => void;
}

/** Says at once that somebody is here, and then every 15 s at most, with how long ago the last input was. */
export class Beats {
  constructor(
    private _send: (secondsAgo: number) => void,
    private _clock: IClock
  ) {}

  happened(): void {
    const now = this._clock.now();
    this._last = now;
    if (this._isWaiting) {
      return;
    }
    const wait = this._sent + BEAT_EVERY - now;
    if (wait <= 0) {
      this._beat();
      return;
    }
    this._isWaiting = true;
    this._clock.later(wait, () => {
      this._isWaiting = false;
      this._beat();
    });
  }

  /** Seconds since the last input in this tab; infinite where there was none. */
  get age(): number {
    return (this._clock.now() - this._last) / 1000;
  }

  private _beat(): void {
    this._sent = this._clock.now();
    this._send((this._sent - this._last) / 1000);
  }

  private _last = -Infinity;
  private _sent = -Infinity;
  private _isWaiting = false;
}
