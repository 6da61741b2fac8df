import type { Contents } from '@jupyterlab/services';

/**
 * Saves of this tab that are under way, and what the last one was answered.
 *
 * Right after a save Lab asks for the file's hash, and takes the answer for that of its own text. Asked over the network
 * it may get none, as the environment has just gone away, and then the next save says that the file has changed; or that
 * of a text which a terminal has written in between, and then the next save overwrites it. So it gets the hash of what
 * was saved: for that one question, which follows without anything in between, and for no longer.
 *
 * A save whose answer is still to come has changed the file already: whoever compares waits until it has `ended`.
 */
export class UnderWay {
  async save(
    path: string,
    act: () => Promise<Contents.IModel>
  ): Promise<Contents.IModel> {
    const saving = act();
    const end = saving.then(
      () => undefined,
      () => undefined
    );
    this._ends.set(path, end);
    try {
      const saved = await saving;
      this._keep(path, saved);
      return saved;
    } finally {
      if (this._ends.get(path) === end) {
        this._ends.delete(path);
      }
    }
  }

  /** What the save that has just ended was answered; once. */
  take(path: string): Contents.IModel | undefined {
    const saved = this._saved.get(path);
    this._saved.delete(path);
    return saved;
  }

  /** No save of this file is under way, and Lab has taken note of the last one. */
  async ended(path: string): Promise<void> {
    while (this._ends.has(path)) {
      await this._ends.get(path);
      await new Promise(resolve => setTimeout(resolve));
    }
  }

  private _keep(path: string, saved: Contents.IModel): void {
    if (!saved.hash) {
      return;
    }
    this._saved.set(path, saved);
    setTimeout(() => {
      if (this._saved.get(path) === saved) {
        this._saved.delete(path);
      }
    });
  }

  private _ends = new Map<string, Promise<void>>();
  private _saved = new Map<string, Contents.IModel>();
}
