import { JupyterFrontEnd } from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import { IDocumentWidget } from '@jupyterlab/docregistry';

import { Comparison } from './comparison';
import { Choice, Conflicts, IConflict } from './conflicts';
import { Saves } from './saves';
import { basename } from './words';

/** Shows what differs where the workspace moved on, and lets the person choose. Takes `path`; else the present notebook. */
export const RESOLVE = 'terraspawner:resolve-conflict';

/** Adds the command; the badge, the palette and the notice lead to it. */
export function addResolving(
  app: JupyterFrontEnd,
  saves: Saves,
  palette: ICommandPalette | null
): void {
  const resolving = new Resolving(app);
  const pathOf = (args: { path?: unknown }) =>
    (args.path as string | undefined) ??
    (app.shell.currentWidget as IDocumentWidget | null)?.context?.path ??
    '';
  app.commands.addCommand(RESOLVE, {
    label: 'Compare and Choose…',
    caption:
      'The workspace has another version of this notebook: see what differs, take theirs, or merge both',
    describedBy: {
      args: { type: 'object', properties: { path: { type: 'string' } } }
    },
    isEnabled: args => saves.get(pathOf(args))?.unresolved === true,
    execute: args => resolving.run(pathOf(args))
  });
  saves.changed.connect(() => app.commands.notifyCommandChanged(RESOLVE));
  palette?.addItem({ command: RESOLVE, category: 'Workspace' });
}

class Resolving {
  constructor(private _app: JupyterFrontEnd) {
    this._conflicts = new Conflicts(_app.serviceManager.serverSettings);
  }

  async run(path: string): Promise<void> {
    if (this._isOpen) {
      return;
    }
    this._isOpen = true;
    try {
      await this._save(path);
      const conflict = await this._conflicts.look(path);
      const { button } = await showDialog({
        title: `Two versions of ${basename(path)}`,
        body: new Comparison(path, conflict, this._conflicts),
        buttons: buttonsFor(conflict),
        hasClose: true
      });
      await this._carryOut(path, conflict, button.actions[0]);
    } catch (error) {
      await showDialog({
        title: 'Nothing was changed',
        body: (error as Error).message,
        buttons: [Dialog.okButton()]
      });
    } finally {
      this._isOpen = false;
    }
  }

  private async _carryOut(
    path: string,
    conflict: IConflict,
    act?: string
  ): Promise<void> {
    if (act === 'merge') {
      await this._merge(path);
    } else if (act === 'theirs' || act === 'copy') {
      await this._choose(path, 'theirs');
      if (act === 'copy') {
        await this._app.commands.execute('docmanager:open', {
          path: conflict.copy
        });
      }
    }
  }

  private async _merge(path: string): Promise<void> {
    const count = (await this._choose(path, 'merge')).length;
    if (count === 0) {
      Notification.success(
        'Both are merged. Theirs from before is in the history; yours is in its copy, which you may delete on the workspace page.',
        { autoClose: 10000 }
      );
    } else {
      Notification.warning(
        `Merged. In ${count} place${count === 1 ? '' : 's'} both changed the same, marked red: “local” is yours, “remote” theirs. Keep what is right.`, // Lab cuts at 140 characters
        { autoClose: false }
      );
    }
  }

  /** What was chosen is on the disk then; the tab shows it. */
  private async _choose(
    path: string,
    choice: Choice
  ): Promise<(number | null)[]> {
    const conflicts = await this._conflicts.choose(path, choice);
    const document = this._documentOf(path);
    if (document) {
      try {
        await document.context.revert();
      } catch {
        document.dispose(); // it was deleted in the workspace, and now here
      }
    }
    return conflicts;
  }

  /** What was typed a moment ago belongs to the text that is compared. */
  private async _save(path: string): Promise<void> {
    const context = this._documentOf(path)?.context;
    if (context?.model.dirty) {
      await context.save();
    }
  }

  private _documentOf(path: string): IDocumentWidget | undefined {
    for (const widget of this._app.shell.widgets('main')) {
      const document = widget as IDocumentWidget;
      if (document.context?.path === path) {
        return document;
      }
    }
    return undefined;
  }

  private _conflicts: Conflicts;
  private _isOpen = false;
}

function buttonsFor(conflict: IConflict): Dialog.IButton[] {
  const button = (label: string, act: string, accept = false) =>
    Dialog.createButton({ label, actions: [act], accept });
  const later = Dialog.cancelButton({ label: 'Later' });
  if (conflict.trouble) {
    return [later];
  }
  if (!conflict.theirs) {
    return [later, button('Go On in My Copy', 'copy', true)];
  }
  return [
    later,
    button('Keep Mine as a Copy', 'copy'),
    button('Take Theirs', 'theirs'),
    ...(conflict.no_merge ? [] : [button('Merge by Cell', 'merge', true)])
  ];
}
