import { Contents, Drive, ServerConnection } from '@jupyterlab/services';

import { Presence } from './presence';

/**
 * Lab's drive, which knows that an environment can be away for a while.
 *
 * Lab shows a dialog for each save that fails, and autosave would bring one every five seconds. What cannot reach the
 * environment is no failure of the document: the banner says what is, the badge says that the work is in the tab, and it
 * is saved as soon as the environment is back. So such a save ends like one that the person cancelled, which Lab passes
 * over in silence; its text stays marked as changed.
 */
export class EnvironmentDrive extends Drive {
  constructor(
    private _presence: Presence,
    options: Drive.IOptions
  ) {
    super(options);
  }

  async get(
    path: string,
    options?: Contents.IFetchOptions
  ): Promise<Contents.IModel> {
    // Lab looks at the file's hash before each save
    return options?.content === false
      ? this._attempt(path, () => super.get(path, options))
      : super.get(path, options);
  }

  async save(
    path: string,
    options?: Partial<Contents.IModel>
  ): Promise<Contents.IModel> {
    return this._attempt(path, () => super.save(path, options));
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

/** The environment is away. Lab knows this name from its own dialogs, and says nothing more. */
class AwayError extends Error {
  constructor() {
    super('The environment does not answer. What is in this tab is kept.');
    this.name = 'ModalCancelError';
  }
}

/** Is it the environment that is away, and not the request that is wrong? The Hub answers 424 for one that is stopped. */
export function isAway(error: unknown): boolean {
  if (error instanceof ServerConnection.NetworkError) {
    return true;
  }
  const status = (error as Partial<ServerConnection.ResponseError>).response
    ?.status;
  return status !== undefined && [424, 502, 503, 504].includes(status);
}
