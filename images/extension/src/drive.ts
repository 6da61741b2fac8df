import { Contents, Drive, ServerConnection } from '@jupyterlab/services';

import { notebookOf } from './modes';
import { Presence } from './presence';
import { TabSession } from './session';

/** What a save is answered where another session holds the notebook. */
const HELD = 423;

/**
 * Lab's drive, which knows that an environment can be away for a while.
 *
 * Lab shows a dialog for each save that fails, and autosave would bring one every five seconds. What cannot reach the
 * environment is no failure of the document: the banner says what is, the badge says that the work is in the tab, and it
 * is saved as soon as the environment is back. So such a save ends like one that the person cancelled, which Lab passes
 * over in silence; its text stays marked as changed. The same holds for a notebook that somebody else edits: the line
 * above its cells says so.
 */
export class EnvironmentDrive extends Drive {
  constructor(
    private _presence: Presence,
    private _session: TabSession,
    options: Drive.IOptions
  ) {
    super(options);
  }

  async get(
    path: string,
    options?: Contents.IFetchOptions
  ): Promise<Contents.IModel> {
    // Lab looks at the file's hash before each save
    if (options?.hash && options.content === false) {
      this._refuse(path);
      const saved = this._session.saves.take(path);
      if (saved) {
        return saved;
      }
    }
    return options?.content === false
      ? this._attempt(path, () => super.get(path, options))
      : super.get(path, options);
  }

  async save(
    path: string,
    options?: Partial<Contents.IModel>
  ): Promise<Contents.IModel> {
    this._refuse(path);
    const isShared = options?.type === 'notebook' && notebookOf(path) !== null;
    const model = isShared
      ? { ...options, terra_session: this._session.name }
      : options;
    try {
      return await this._session.saves.save(path, () =>
        this._attempt(path, () => super.save(path, model))
      );
    } catch (error) {
      if (statusOf(error) !== HELD) {
        throw error;
      }
      this._presence.giveUp(path);
      throw new SilentError((error as Error).message);
    }
  }

  /** What this tab may not save does not go out. */
  private _refuse(path: string): void {
    if (this._session.isShut(path)) {
      this._presence.giveUp(path);
      throw new SilentError('Somebody else edits this notebook.');
    }
  }

  private async _attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
    try {
      if (this._presence.isLost) {
        throw new AwayError();
      }
      return await act();
    } catch (error) {
      if (!(error instanceof AwayError || isAway(error))) {
        throw error;
      }
      this._presence.lose();
      this._presence.giveUp(path);
      throw new AwayError();
    }
  }
}

/** Lab knows this name from its own dialogs, and says nothing more. */
class SilentError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ModalCancelError';
  }
}

/** The environment is away. */
class AwayError extends SilentError {
  constructor() {
    super('The environment does not answer. What is in this tab is kept.');
  }
}

/** Is it the environment that is away, and not the request that is wrong? The Hub answers 424 for one that is stopped. */
export function isAway(error: unknown): boolean {
  if (error instanceof ServerConnection.NetworkError) {
    return true;
  }
  const status = statusOf(error);
  return status !== undefined && [424, 502, 503, 504].includes(status);
}

function statusOf(error: unknown): number | undefined {
  return (error as Partial<ServerConnection.ResponseError>).response?.status;
}
