import {
  Dialog,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import { URLExt } from '@jupyterlab/coreutils';
import { Event, ServerConnection, ServiceManager } from '@jupyterlab/services';

import { explain, IKill } from './words';

/** The schema under which the server extension announces each kill; see `kills.py`. */
const SCHEMA = 'urn:terraspawner:memory:v1';

/**
 * Say it once, in each browser, when something was ended because the environment reached its memory limit.
 *
 * A long computation often ends while nobody looks, so what was before Lab came up is asked for as well.
 */
export class KillNotices {
  constructor(services: ServiceManager.IManager) {
    this._settings = services.serverSettings;
    services.events.stream.connect(this._onEvent, this);
    void this._catchUp();
  }

  private _onEvent(_: Event.IManager, event: Event.Emission): void {
    if (event.schema_id === SCHEMA) {
      this._say(event as unknown as IKill);
    }
  }

  private async _catchUp(): Promise<void> {
    const url = URLExt.join(this._settings.baseUrl, 'terraspawner/api/kills');
    try {
      const answer = await ServerConnection.makeRequest(
        url,
        {},
        this._settings
      );
      if (!answer.ok) {
        throw new ServerConnection.ResponseError(answer);
      }
      const { kills } = (await answer.json()) as { kills: IKill[] };
      const seen = localStorage.getItem(this._key) ?? '';
      kills.filter(kill => kill.at > seen).forEach(kill => this._say(kill));
    } catch (error) {
      console.warn('Past ends for want of memory could not be read.', error);
    }
  }

  private _say(kill: IKill): void {
    if (this._said.has(kill.at)) {
      return;
    }
    this._said.add(kill.at);
    localStorage.setItem(this._key, kill.at);
    const { title, text, body } = explain(kill);
    Notification.error(text, {
      autoClose: false,
      actions: [
        {
          label: 'What to do',
          callback: event => {
            event.preventDefault(); // the notice stays until it is closed
            void showDialog({ title, body, buttons: [Dialog.okButton()] });
          }
        }
      ]
    });
  }

  private get _key(): string {
    return `terraspawner:kills:${this._settings.baseUrl}`;
  }

  private _settings: ServerConnection.ISettings;
  private _said = new Set<string>();
}
