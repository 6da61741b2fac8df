import { Widget } from '@lumino/widgets';

import { Conflicts, IConflict, View } from './conflicts';
import { DocumentFrame } from './frame';
import { basename, moment } from './words';

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
      this.node.append(this._views(), this._frame.node);
      this._show('both');
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
      input.addEventListener('change', () => this._show(view));
      const label = document.createElement('label');
      label.append(input, ` ${words}`);
      group.append(label);
    }
    return group;
  }

  private _show(view: View): void {
    void this._frame.show(theme =>
      this._conflicts.show(this._path, view, theme)
    );
  }

  private _frame = new DocumentFrame('What differs');
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
