import { Kernel, KernelAPI, ServerConnection } from '@jupyterlab/services';

import { isAway } from './drive';
import { Presence } from './presence';

/**
 * Lab's questions about kernels, which know that an environment can be away for a while.
 *
 * A kernel's connection that breaks asks for the kernel. Lab takes every answer that it does not expect for the kernel's
 * death and says so in a dialog, above a tab whose banner says what really is: while an environment is paused, deleted or
 * made anew, the Hub stands in its place and refuses. Nobody answered then, which Lab takes in patience; whether the
 * kernel lives is seen when the environment is back.
 */
export class EnvironmentKernels extends KernelAPI.KernelAPIClient {
  constructor(
    private _presence: Presence,
    options: { serverSettings?: ServerConnection.ISettings }
  ) {
    super(options);
  }

  async getModel(id: string): Promise<Kernel.IModel | undefined> {
    try {
      return await super.getModel(id);
    } catch (error) {
      if (!isAway(error) && !isRefused(error)) {
        throw error;
      }
      this._presence.lose();
      throw new ServerConnection.NetworkError(
        new TypeError('The environment does not answer.')
      );
    }
  }
}

/** The Hub refuses whoever asks it for the server that is gone, and a server that was made anew knows no older sign-in. */
function isRefused(error: unknown): boolean {
  return (
    error instanceof ServerConnection.ResponseError &&
    [401, 403].includes(error.response.status)
  );
}
