import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  InputDialog,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import { IDocumentWidget } from '@jupyterlab/docregistry';

import { workspacePage } from './environment';
import { post } from './inside';
import { modeOf } from './modes';
import { basename } from './words';

/** Offers what is on the screen to those who may change the notebook itself. Takes `path`; else the present notebook. */
export const PROPOSE = 'terraspawner:propose';

/** As many characters as the service takes. */
const LONGEST_NOTE = 500;

export const proposing: JupyterFrontEndPlugin<void> = {
  id: '@terraspawner/environment:proposing',
  description: 'Proposes what was changed in a copy for the notebook itself.',
  autoStart: true,
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, palette: ICommandPalette | null): void => {
    const documentOf = (args: { path?: unknown }) => {
      const documents = args.path
        ? [...app.shell.widgets('main')]
        : [app.shell.currentWidget];
      return documents.find(widget => {
        const context = (widget as IDocumentWidget | null)?.context;
        return (
          context?.contentsModel?.type === 'notebook' &&
          (!args.path || context.path === args.path)
        );
      }) as IDocumentWidget | undefined;
    };
    app.commands.addCommand(PROPOSE, {
      label: 'Propose…',
      caption:
        'Offer what you changed here to those who may change the notebook: they see it cell by cell, and merge or decline it',
      describedBy: {
        args: { type: 'object', properties: { path: { type: 'string' } } }
      },
      isVisible: args => {
        const mode = modeOf(documentOf(args)?.context.path ?? '');
        return mode === 'edit' || mode === 'playground';
      },
      execute: async args => {
        const document = documentOf(args);
        await (document && propose(app, document));
      }
    });
    palette?.addItem({ command: PROPOSE, category: 'Workspace' });
  }
};

async function propose(
  app: JupyterFrontEnd,
  { context }: IDocumentWidget
): Promise<void> {
  const { value, button } = await InputDialog.getText({
    title: `Propose ${basename(context.path)}`,
    label:
      'Those who may change the notebook see what you changed, cell by cell, and merge or decline it. Your own copy stays as it is. What is it about?',
    okLabel: 'Propose'
  });
  if (!button.accept) {
    return;
  }
  try {
    const { notebook } = await post<{ notebook: string }>(
      app.serviceManager.serverSettings,
      'propose',
      {
        path: context.path,
        content: context.model.toJSON(),
        note: (value ?? '').slice(0, LONGEST_NOTE)
      }
    );
    const path = notebook.split('/').map(encodeURIComponent).join('/');
    const page = `${workspacePage()}/notebooks/${path}/proposals`;
    Notification.success(`Proposed for ${notebook}.`, {
      autoClose: 10000,
      actions: [
        {
          label: 'Proposals',
          callback: () => void window.open(page, '_blank', 'noopener')
        }
      ]
    });
  } catch (error) {
    await showDialog({
      title: 'Not proposed',
      body: (error as Error).message,
      buttons: [Dialog.okButton()]
    });
  }
}
