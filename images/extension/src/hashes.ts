import type { Contents } from '@jupyterlab/services';

const MOST_KEPT = 4;

/**
 * The texts of files that this tab has read or saved, by the hashes that the server said of them.
 *
 * Right after a save Lab asks for the file's hash, and takes the answer for that of its own text. Asked over the network
 * it may get none, as the environment has just gone away, and then the next save says that the file has changed; or that
 * of a text which a terminal has written in between, and then the next save overwrites it. So it gets the hash of what
 * was saved: for that one question, which follows without anything in between, and for no longer.
 *
 * A save whose answer is still on its way has changed the file already: whoever compares waits for that (`has`).
 */
export class OwnTexts {
  /** A file was read; `hash` is missing where nobody asked for it. */
  read(path: string, hash: string | null | undefined): void {
    if (hash) {
      const others = (this._hashes.get(path) ?? []).filter(one => one !== hash);
      this._hashes.set(path, [hash, ...others].slice(0, MOST_KEPT));
    }
  }

  async save(
    path: string,
    act: () => Promise<Contents.IModel>
  ): Promise<Contents.IModel> {
    const saving = act();
    const ends = saving.then(
      () => undefined,
      () => undefined
    );
    this._underWay.set(path, ends);
    try {
      const saved = await saving;
      this._keep(path, saved);
      return saved;
    } finally {
      if (this._underWay.get(path) === ends) {
        this._underWay.delete(path);
      }
    }
  }

  /** What the save that has just ended was answered; once. */
  take(path: string): Contents.IModel | undefined {
    const saved = this._saved.get(path);
    this._saved.delete(path);
    return saved;
  }

  /** Is it the hash of a text that came from here, or was here? Lab has taken note of the last save then. */
  async has(path: string, hash: string | null): Promise<boolean> {
    const underWay = this._underWay.get(path);
    if (underWay) {
      await underWay;
      await new Promise(resolve => setTimeout(resolve));
    }
    return hash !== null && !!this._hashes.get(path)?.includes(hash);
  }

  private _keep(path: string, saved: Contents.IModel): void {
    if (!saved.hash) {
      return;
    }
    this.read(path, saved.hash);
    this._saved.set(path, saved);
    setTimeout(() => {
      if (this._saved.get(path) === saved) {
        this._saved.delete(path);
      }
    });
  }

  private _hashes = new Map<string, string[]>();
  private _saved = new Map<string, Contents.IModel>();
  private _underWay = new Map<string, Promise<void>>();
}
