import { ServerConnection } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { post, read } from './inside';
import { describeStop, ICountdownWords, IOutlook, Wish } from './outlook';
import { Presence } from './presence';

const SECONDS = 1000;
const ASK_EVERY = 30 * SECONDS;

/**
 * How long this environment has, by the seconds that the server extension says: they go down by a clock that only rises,
 * whatever time the browser believes it is. What a sleeping computer missed is asked for again within half a minute.
 */
export class Countdown {
  constructor(
    private _settings: ServerConnection.ISettings,
    private _presence: Presence
  ) {
    _presence.changed.connect(() => {
      this._changed.emit();
      if (!_presence.isLost) {
        void this._poll.refresh();
      }
    });
    setInterval(() => this._changed.emit(), SECONDS);
  }

  /** Emitted when something else may be shown: every second, and at each answer. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is known; null before the first answer, and while the environment is away, of which the banner tells. */
  get outlook(): IOutlook | null {
    return this._presence.isLost ? null : this._outlook;
  }

  /** Seconds until the next stop; null where none is planned or known. */
  get left(): number | null {
    const outlook = this.outlook;
    const seconds = outlook?.next_stop?.seconds ?? null;
    const passed = (performance.now() - this._heardAt) / SECONDS;
    return seconds === null || !outlook?.is_known
      ? null
      : Math.max(0, seconds - passed);
  }

  get words(): ICountdownWords | null {
    return this.outlook ? describeStop(this.outlook, this.left) : null;
  }

  /** Say that a person was here. */
  async beat(ago: number): Promise<void> {
    if (!this._presence.isLost) {
      await this._ask('human', { ago });
    }
  }

  /** Throws an error with its sentence where it is refused. */
  keepAlive(wish: Wish): Promise<IOutlook> {
    return this._ask('keep-alive', wish);
  }

  private async _ask(what: string, body: object): Promise<IOutlook> {
    return this._take(await post<IOutlook>(this._settings, what, body));
  }

  private _take(outlook: IOutlook): IOutlook {
    this._outlook = outlook;
    this._heardAt = performance.now();
    this._changed.emit();
    return outlook;
  }

  private _outlook: IOutlook | null = null;
  private _heardAt = 0;
  private _changed = new Signal<this, void>(this);
  private _poll = new Poll({
    name: '@terraspawner/environment:next-stop',
    factory: async () =>
      this._take(JSON.parse(await read(this._settings, 'next-stop', {}))),
    frequency: { interval: ASK_EVERY, backoff: true },
    standby: () => this._presence.isLost || 'when-hidden'
  });
}
