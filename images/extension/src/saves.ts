import { URLExt } from '@jupyterlab/coreutils';
import { Event, ServerConnection, ServiceManager } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { ISaveState } from './words';

/** The schema under which the server extension announces each change; see `saves.py`. */
const SCHEMA = 'urn:terraspawner:saves:v1';

/**
 * The save states of all workspace notebooks, kept up to date by Jupyter's event bus.
 *
 * The bus only tells what changes, so the whole is asked for once at the start and again whenever the connection to the
 * server comes back.
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
    } catch (error) {
      this._stale = true;
      console.warn('The save states could not be read.', error);
    }
  }

  private _onEvent(_: Event.IManager, event: Event.Emission): void {
    if (event.schema_id === SCHEMA) {
      this._put(event as unknown as ISaveState);
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
  private _changed = new Signal<this, string>(this);
}
