import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { ServerConnection, ServiceManager } from '@jupyterlab/services';

import { workspacePage } from './environment';
import { post } from './inside';
import { Presence } from './presence';
import { Reunion } from './reunion';

/** How long the workspace may take to get the last saves, before the person is asked. */
const UPLOAD_SECONDS = 15;

/** What stands in the way of closing without a loss. */
export interface IObstacles {
  /** Documents that could not be saved: their last changes are in this tab alone. */
  unsaved: string[];
  /** Notebooks on the environment's disk that the workspace does not have yet. */
  unsent: string[];
  /** Notebooks and consoles whose kernel computes. */
  busy: string[];
}

/**
 * Close and Pause: save, wait until the workspace has everything, pause the environment, go to the workspace's page.
 *
 * What would be lost or is late is said first, and the person chooses. The pause is asked for by the environment itself,
 * with its own key (`POST …/environments/self/pause`), and neither with this page's token, which is good for state and
 * start alone, nor by opening the workspace's page with an act in its address, which any site could do, for any workspace
 * of the person. A hostile script in this page gains nothing: it can pause this one environment, as it always could by
 * shutting the server down.
 */
export class Closing {
  constructor(
    private _services: ServiceManager.IManager,
    private _presence: Presence,
    private _reunion: Reunion
  ) {}

  async run(): Promise<void> {
    if (this._isRunning) {
      return;
    }
    this._isRunning = true;
    try {
      if (await this._mayPause()) {
        await this._pause();
      }
    } catch (error) {
      await showDialog({
        title: 'Not paused',
        body: `The environment was not paused: ${(error as Error).message} Nothing is lost; try again, or pause it on the workspace's page.`,
        buttons: [Dialog.okButton()]
      });
    } finally {
      this._isRunning = false;
    }
  }

  /** Save and send everything; where that is not all done, ask. */
  private async _mayPause(): Promise<boolean> {
    for (;;) {
      const obstacles = await this._obstacles();
      const body = describeObstacles(obstacles);
      if (!body) {
        return true;
      }
      const { button } = await showDialog({
        title: 'Close and pause?',
        body,
        buttons: [
          Dialog.cancelButton({ label: 'Stay' }),
          ...(obstacles.unsent.length > 0
            ? [Dialog.createButton({ label: 'Wait Longer', actions: ['wait'] })]
            : []),
          Dialog.warnButton({ label: 'Pause Anyway', actions: ['pause'] })
        ],
        defaultButton: 0
      });
      if (!button.actions.includes('wait')) {
        return button.actions.includes('pause');
      }
    }
  }

  private async _obstacles(): Promise<IObstacles> {
    const notice = Notification.emit(
      'Saving to the workspace before the pause…',
      'in-progress',
      { autoClose: false }
    );
    try {
      const unsaved = await this._reunion.saveAll();
      const { unsent } = await this._ask<{ unsent: string[] }>('flush', {
        seconds: UPLOAD_SECONDS
      });
      await this._services.sessions.refreshRunning();
      const busy = [...this._services.sessions.running()]
        .filter(session => session.kernel?.execution_state === 'busy')
        .map(session => session.path);
      return { unsaved, unsent, busy };
    } finally {
      Notification.dismiss(notice);
    }
  }

  private async _pause(): Promise<void> {
    this._presence.leave();
    try {
      await this._ask('pause', {});
    } catch (error) {
      if (!(error instanceof ServerConnection.NetworkError)) {
        this._presence.stay();
        throw error;
      }
      // it ended before it could answer; the workspace's page says how it went
    }
    // what is left unsaved was shown and chosen: the browser need not ask once more
    window.addEventListener(
      'beforeunload',
      event => event.stopImmediatePropagation(),
      { capture: true }
    );
    window.location.assign(workspacePage());
  }

  private _ask<T>(what: string, body: object): Promise<T> {
    return post<T>(this._services.serverSettings, what, body);
  }

  private _isRunning = false;
}

/** The sentences of the dialog; empty where nothing stands in the way. */
export function describeObstacles({
  unsaved,
  unsent,
  busy
}: IObstacles): string {
  return [
    unsaved.length > 0 &&
      `${listed(unsaved)} could not be saved: the last changes are in this tab alone, and are lost if you pause now.`,
    unsent.length > 0 &&
      `The workspace does not have the last changes of ${listed(unsent)} yet. They are on the environment's disk and are sent when it is resumed.`,
    busy.length > 0 &&
      `A cell is running in ${listed(busy)}; the pause ends it.`
  ]
    .filter(sentence => sentence)
    .join(' ');
}

function listed(paths: string[]): string {
  const names = paths.map(path => path.slice(path.lastIndexOf('/') + 1));
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
