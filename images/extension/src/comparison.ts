import { Widget } from '@lumino/widgets';

import { Conflicts, IConflict, View } from './conflicts';
import { basename, moment } from './words';

/**
 * What the frame may do: nothing but show what is in it. The frame itself keeps scripts out (its sandbox has none of the
 * words that would let them in); this keeps requests in.
 */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'";

/** The inside of the dialog: what happened, and what differs, cell by cell. */
export class Comparison extends Widget {
  constructor(
    private _path: string,
    private _conflict: IConflict,
    private _conflicts: Conflicts
  ) {
    super();
    this.addClass('terra-Conflict');
    for (const sentence of describeConflict(_path, _conflict)) {
      const paragraph = document.createElement('p');
      paragraph.textContent = sentence;
      this.node.append(paragraph);
    }
    if (_conflict.theirs) {
      this._frame.setAttribute('sandbox', '');
      this._frame.title = 'What differs';
      this._said.setAttribute('role', 'status');
      this.node.append(this._views(), this._said, this._frame);
      void this._show('both');
    }
  }

  private _views(): HTMLElement {
    const who = this._conflict.theirs?.author || 'they';
    const views: [View, string][] = [
      ['both', 'From theirs to mine'],
      ['theirs', `What ${who} changed`],
      ['mine', 'What I changed']
    ];
    const group = document.createElement('fieldset');
    group.className = 'terra-Conflict-views';
    for (const [view, words] of views) {
      const input = document.createElement('input');
      input.type = 'radio';
      input.name = 'terra-conflict-view';
      input.checked = view === 'both';
      input.disabled = view !== 'both' && !this._conflict.is_compared;
      input.addEventListener('change', () => void this._show(view));
      const label = document.createElement('label');
      label.append(input, ` ${words}`);
      group.append(label);
    }
    return group;
  }

  private async _show(view: View): Promise<void> {
    this._wanted = view;
    this._said.textContent = 'Comparing…';
    const isLight = document.body.dataset.jpThemeLight !== 'false';
    let said = '';
    let made = '';
    try {
      const theme = isLight ? 'light' : 'dark';
      made = await this._conflicts.show(this._path, view, theme);
    } catch (error) {
      said = (error as Error).message;
    }
    if (this._wanted === view && !this.isDisposed) {
      this._said.textContent = said;
      this._frame.hidden = said !== '';
      this._frame.srcdoc = made.replace(
        '<head>',
        `<head><meta http-equiv="Content-Security-Policy" content="${POLICY}">`
      );
    }
  }

  private _wanted: View = 'both';
  private _said = document.createElement('div');
  private _frame = document.createElement('iframe');
}

/** What happened, what is safe, and what each choice does. */
export function describeConflict(path: string, conflict: IConflict): string[] {
  const { theirs, trouble, no_merge } = conflict;
  const name = basename(path);
  const copy = `Nothing is lost: the text of this environment is kept as “${basename(conflict.copy)}”.`;
  if (trouble) {
    return [`${trouble} ${copy}`];
  }
  if (!theirs) {
    return [
      `“${name}” was deleted or renamed in the workspace while it was changed here. ${copy}`
    ];
  }
  const who = theirs.author || 'Somebody outside JupyterLab';
  const choices = no_merge
    ? `${no_merge} Go on in your copy, or take theirs.`
    : 'Merge by Cell puts both together on top of theirs; Take Theirs shows theirs here; Keep Mine as a Copy does the same and opens your copy. Your copy stays in each case.';
  return [
    `${who} saved “${name}” at ${moment(theirs.at)} (version ${theirs.number}), which the text of this environment did not know. ${copy}`,
    choices
  ];
}
