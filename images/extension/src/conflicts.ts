import { ServerConnection } from '@jupyterlab/services';

import { post, read } from './inside';

/** Two texts of a notebook that wait for a choice, as the server extension tells; see `conflicts.py`. */
export interface IConflict {
  /** Lab's path of the notebook that keeps the text of this environment. */
  copy: string;
  /** How it came to this, in a sentence. */
  reason: string;
  /** When (RFC 3339). */
  at: string;
  /** The version in the workspace; null where there is none, or where it cannot be asked. */
  theirs: { number: number; author: string; at: string } | null;
  /** Why the workspace cannot be asked; empty where it can. */
  trouble: string;
  /** Why both cannot be merged; empty where they can. */
  no_merge: string;
  /** Is the version known that both came from? */
  is_compared: boolean;
}

export type Choice = 'theirs' | 'merge';
export type View = 'both' | 'theirs' | 'mine';

/** Asks the server extension about conflicts. Its refusals are sentences for people. */
export class Conflicts {
  constructor(private _settings: ServerConnection.ISettings) {}

  async look(path: string): Promise<IConflict> {
    return JSON.parse(await read(this._settings, 'conflict', { path }));
  }

  /** A document to be shown in a frame where nothing of it runs. */
  show(path: string, view: View, theme: string): Promise<string> {
    return read(this._settings, 'conflict/changes', { path, view, theme });
  }

  /** The cells in which both changed the same; null stands for what is in no cell. */
  async choose(path: string, choice: Choice): Promise<(number | null)[]> {
    const answer = await post<{ conflicts: (number | null)[] }>(
      this._settings,
      'conflict',
      { path, choice }
    );
    return answer.conflicts;
  }
}
