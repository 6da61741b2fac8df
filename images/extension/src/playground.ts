import { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Widget } from '@lumino/widgets';

import { post } from './inside';
import { notebookOf, proposedName } from './modes';

/** What the server extension says of a copy; see `playground.py`. */
interface ICopy {
  path: string;
  state: 'copied' | 'kept' | 'asks';
  changed: string | null;
  has_moved_on: boolean | null;
}

type Choice = 'ask' | 'fresh' | 'keep';

interface IOpen extends Widget {
  context?: DocumentRegistry.Context;
}

/** The ways between workspace and playground: a copy to try things in, and a text that becomes a new notebook. */
export class Playground {
  constructor(private _app: JupyterFrontEnd) {}

  /** Open a copy of a workspace notebook; where there is one that its owner changed, ask which is meant. */
  async open(notebook: string): Promise<void> {
    try {
      const copy = await this._bring(notebook, 'ask');
      if (copy.state !== 'asks') {
        await this._show(copy);
        return;
      }
      const choice = await askWhich(notebook, copy);
      if (choice) {
        await this._show(await this._bring(notebook, choice));
      }
    } catch (error) {
      await tell('Not opened in the playground', error);
    }
  }

  /** The copy of what is open here, as it is in the workspace once it is saved. */
  async openCopyOf(context: DocumentRegistry.Context): Promise<void> {
    const notebook = notebookOf(context.path);
    if (notebook) {
      if (context.model.dirty && !context.model.readOnly) {
        await context.save();
      }
      await this.open(notebook);
    }
  }

  /** Save what is on the screen under a new name, which is asked for until it fits; the new notebook opens. Was it? */
  async saveAsNew(context: DocumentRegistry.Context): Promise<boolean> {
    let name = proposedName(context.path);
    let trouble = '';
    for (;;) {
      const { value, button } = await InputDialog.getText({
        title: 'Save as a New Notebook',
        label: trouble || 'Its name in the workspace:',
        text: name,
        okLabel: 'Save'
      });
      if (!button.accept || !value?.trim()) {
        return false;
      }
      name = value;
      try {
        const { path } = await post<{ path: string }>(
          this._app.serviceManager.serverSettings,
          'notebooks',
          { name, content: context.model.toJSON() }
        );
        await this._open(path);
        return true;
      } catch (error) {
        trouble = (error as Error).message;
      }
    }
  }

  /** Put what is on the screen into the playground, beside what is there. */
  async keep(context: DocumentRegistry.Context): Promise<void> {
    const copy = await post<ICopy>(
      this._app.serviceManager.serverSettings,
      'playground',
      {
        notebook: notebookOf(context.path),
        content: context.model.toJSON()
      }
    );
    await this._open(copy.path);
  }

  private _bring(notebook: string, choice: Choice): Promise<ICopy> {
    const { serverSettings } = this._app.serviceManager;
    return post<ICopy>(serverSettings, 'playground', { notebook, choice });
  }

  private async _show({ path, state }: ICopy): Promise<void> {
    const open = [...this._app.shell.widgets('main')].find(
      (widget: IOpen) => widget.context?.path === path
    ) as IOpen | undefined;
    if (open && state === 'copied') {
      await open.context?.revert();
    }
    await this._open(path);
  }

  private _open(path: string): Promise<unknown> {
    return this._app.commands.execute('docmanager:open', {
      path,
      factory: 'Notebook'
    });
  }
}

async function askWhich(notebook: string, copy: ICopy): Promise<Choice | null> {
  const { button } = await showDialog({
    title: `You have a copy of “${notebook}” in the playground`,
    body: describeCopy(copy),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: 'Take a Fresh Copy', actions: ['fresh'] }),
      Dialog.okButton({ label: 'Go On with Yours', actions: ['keep'] })
    ]
  });
  return (button.actions[0] as Choice | undefined) ?? null;
}

/** The sentences of the question. */
export function describeCopy({ changed, has_moved_on }: ICopy): string {
  const at = new Date(changed ?? '');
  const isToday = at.toDateString() === new Date().toDateString();
  const when = at.toLocaleString(undefined, {
    ...(isToday ? {} : { day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  });
  return [
    `You changed it last at ${when}.`,
    has_moved_on &&
      'The notebook in the workspace is another since you copied it.',
    'A fresh copy takes the place of yours, and your changes in it are gone.'
  ]
    .filter(sentence => sentence)
    .join(' ');
}

export function tell(title: string, error: unknown): Promise<unknown> {
  return showDialog({
    title,
    body: (error as Error).message,
    buttons: [Dialog.okButton()]
  });
}
