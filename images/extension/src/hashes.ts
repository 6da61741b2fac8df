import type { Contents } from '@jupyterlab/services';

/**
 * What a save was answered, for the question for the file's hash that Lab puts right after it.
 *
 * Lab takes the answer to that question for the hash of its own text. Asked over the network it may get none, as the
 * environment has just gone away, and then the next save says that the file has changed; or that of a text which a
 * terminal has written in between, and then the next save overwrites it. So it gets the hash of what was saved.
 *
 * Kept for that one question, which follows without anything in between, and for no longer.
 */
export class JustSaved {
  keep(path: string, saved: Contents.IModel): void {
    if (!saved.hash) {
      return;
    }
    this._models.set(path, saved);
    setTimeout(() => {
      if (this._models.get(path) === saved) {
        this._models.delete(path);
      }
    });
  }

  take(path: string): Contents.IModel | undefined {
    const saved = this._models.get(path);
    this._models.delete(path);
    return saved;
  }

  private _models = new Map<string, Contents.IModel>();
}
