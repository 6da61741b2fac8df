import { URLExt } from '@jupyterlab/coreutils';
import { Event, ServerConnection, ServiceManager } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { ISaveState } from './words';

/** The schema under which the server extension announces each change; see `saves.py`. */
const SCHEMA = 'urn:terraspawner:saves:v1';

/** States that another one follows. */
const ON_THE_WAY: ISaveState['state'][] = ['disk', 'waiting'];
const SECONDS = 1000;

/**
 * The save states of all workspace notebooks, kept up to date by Jupyter's event bus.
 *
 * The bus only tells what changes, so the whole is asked for once at the start, again whenever the connection to the
 * server comes back, and now and then while something is on its way: after a pause the bus takes up to half a minute to
 * come back, and what it would have told meanwhile is told by nobody.
 */
export class Saves {
  constructor(services: ServiceManager.IManager) {
    this._settings = services.serverSettings;
    services.events.stream.connect(this._onEvent, this);
    services.connectionFailure.connect(() => {
      this._stale = true;
    });
    void this.refresh();
  }

  /** Emitted with the path of the notebook whose state changed. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  /** The state of one notebook, or undefined for a document that is no workspace notebook. */
  get(path: string): ISaveState | undefined {
    if (this._stale) {
      void this.refresh();
    }
    return this._states.get(path);
  }

  /** Is the path one of a workspace notebook, saved or not? */
  covers(path: string): boolean {
    return this._folder !== null && path.startsWith(`${this._folder}/`);
  }

  async refresh(): Promise<void> {
    this._stale = false;
    const url = URLExt.join(
      this._settings.baseUrl,
      'terraspawner/api/saves'
    );
    try {
      const answer = await ServerConnection.makeRequest(
        url,
        {},
        this._settings
      );
      if (!answer.ok) {
        throw new ServerConnection.ResponseError(answer);
      }
      const { folder, saves } = (await answer.json()) as {
        folder: string | null;
        saves: ISaveState[];
      };
      this._folder = folder;
      saves.forEach(save => this._put(save));
      this._changed.emit('');
      this._followWhatIsOnTheWay();
    } catch (error) {
      this._stale = true;
      console.warn('The save states could not be read.', error);
    }
  }

  private _onEvent(_: Event.IManager, event: Event.Emission): void {
    if (event.schema_id === SCHEMA) {
      this._put(event as unknown as ISaveState);
      this._followWhatIsOnTheWay();
    }
  }

  private _followWhatIsOnTheWay(): void {
    const states = [...this._states.values()].map(save => save.state);
    const isMoving = states.some(state => ON_THE_WAY.includes(state));
    if (isMoving !== this._isFollowing) {
      this._isFollowing = isMoving;
      void (isMoving ? this._poll.start() : this._poll.stop());
    }
  }

  private _put(save: ISaveState): void {
    this._states.set(save.path, save);
    this._changed.emit(save.path);
  }

  private _settings: ServerConnection.ISettings;
  private _states = new Map<string, ISaveState>();
  private _folder: string | null = null;
  private _stale = false;
  private _isFollowing = false;
  private _poll = new Poll({
    auto: false,
    name: '@terraspawner/environment:saves',
    factory: async () => {
      await this.refresh();
      if (this._stale) {
        throw new Error('The server does not answer.'); // the poll then takes longer steps
      }
    },
    frequency: { interval: 3 * SECONDS, backoff: true, max: 30 * SECONDS },
    standby: 'when-hidden'
  });
  private _changed = new Signal<this, string>(this);
}
