import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import { Widget } from '@lumino/widgets';

import { DocumentFrame } from './frame';
import { post, read } from './inside';
import { notebookOf } from './modes';
import { basename, moment } from './words';

/** Shows what is proposed for the present notebook, to be merged by who edits it. */
export const PROPOSALS = 'terraspawner:proposals';

/** As the service tells it; see `offers.py`. */
interface IProposal {
  id: string;
  proposer: string;
  at: string;
  base: number;
  note: string;
}

interface IOffers {
  items: IProposal[];
  may_decide: boolean;
}

/** Who has a notebook open to edit it learns what is proposed for it, and merges that without giving it back. */
export const offers: JupyterFrontEndPlugin<void> = {
  id: '@terraspawner/environment:offers',
  description: 'Shows and merges what is proposed for an open notebook.',
  autoStart: true,
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, palette: ICommandPalette | null): void => {
    const current = () => {
      const widget = app.shell.currentWidget as IDocumentWidget | null;
      return widget?.context && notebookOf(widget.context.path)
        ? widget.context
        : null;
    };
    app.commands.addCommand(PROPOSALS, {
      label: 'Proposals…',
      caption: 'What others propose for this notebook, cell by cell',
      isVisible: () => current() !== null,
      execute: async () => {
        const context = current();
        await (context && look(app, context));
      }
    });
    palette?.addItem({ command: PROPOSALS, category: 'Workspace' });
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (_, context) => void announce(app, context)
    });
  }
};

/** Said once, when the notebook is opened; silent where the workspace cannot be asked. */
async function announce(
  app: JupyterFrontEnd,
  context: DocumentRegistry.Context
): Promise<void> {
  await context.ready;
  if (!notebookOf(context.path)) {
    return;
  }
  try {
    const { items, may_decide } = await ask(app, context.path);
    if (may_decide && items.length > 0) {
      const who = [...new Set(items.map(item => item.proposer))].join(', ');
      Notification.info(`${basename(context.path)}: ${who} proposed changes.`, {
        autoClose: 15000,
        actions: [
          { label: 'Proposals…', callback: () => void look(app, context) }
        ]
      });
    }
  } catch (error) {
    console.debug('Proposals could not be asked for.', error);
  }
}

async function look(
  app: JupyterFrontEnd,
  context: DocumentRegistry.Context
): Promise<void> {
  const { path } = context;
  const title = `Proposals for ${basename(path)}`;
  const close = Dialog.okButton({ label: 'Close' });
  try {
    if (context.model.dirty && !context.model.readOnly) {
      await context.save();
    }
    const { items, may_decide } = await ask(app, path);
    if (items.length === 0) {
      const body = 'Nobody proposes anything for this notebook now.';
      await showDialog({ title, body, buttons: [close] });
      return;
    }
    const body = new Offers(items, (proposal, theme) =>
      read(app.serviceManager.serverSettings, 'proposals/changes', {
        path,
        proposal,
        theme
      })
    );
    const { button } = await showDialog({
      title,
      body,
      buttons: [
        Dialog.cancelButton({ label: 'Close' }),
        ...(may_decide
          ? [Dialog.createButton({ label: 'Merge', actions: ['merge'] })]
          : [])
      ]
    });
    if (button.actions.includes('merge')) {
      await merge(app, context, body.chosen);
    }
  } catch (error) {
    const body = (error as Error).message;
    await showDialog({ title, body, buttons: [close] });
  }
}

async function merge(
  app: JupyterFrontEnd,
  context: DocumentRegistry.Context,
  { id, proposer }: IProposal
): Promise<void> {
  const send = (marks: boolean) =>
    post<{ has_conflicts: boolean }>(
      app.serviceManager.serverSettings,
      'proposals',
      { path: context.path, proposal: id, marks }
    );
  if ((await send(false)).has_conflicts) {
    const { button } = await showDialog({
      title: 'Both changed the same',
      body: `The notebook and what ${proposer} proposes changed the same lines. Merged all the same, both texts are there, in cells marked red: keep what is right.`,
      buttons: [
        Dialog.cancelButton(),
        Dialog.okButton({ label: 'Merge with Marks' })
      ]
    });
    if (!button.accept) {
      return;
    }
    await send(true);
  }
  await context.revert();
  Notification.success(
    `Merged what ${proposer} proposed. The version before is in the history.`,
    { autoClose: 10000 }
  );
}

/** The inside of the dialog: whose proposal, and what it changes. */
class Offers extends Widget {
  constructor(
    private _items: IProposal[],
    show: (proposal: string, theme: string) => Promise<string>
  ) {
    super();
    this.addClass('terra-Conflict');
    const update = () =>
      void this._frame.show(theme => show(this.chosen.id, theme));
    for (const { proposer, at, base, note } of _items) {
      const option = document.createElement('option');
      option.textContent = `${proposer}, ${moment(at)}, on top of version ${base}${note ? `: ${note}` : ''}`;
      this._select.append(option);
    }
    this._select.setAttribute('aria-label', 'Whose proposal');
    this._select.addEventListener('change', update);
    this.node.append(this._select, this._frame.node);
    update();
  }

  get chosen(): IProposal {
    return this._items[this._select.selectedIndex] ?? this._items[0];
  }

  private _select = document.createElement('select');
  private _frame = new DocumentFrame('What merging would change');
}

async function ask(app: JupyterFrontEnd, path: string): Promise<IOffers> {
  const { serverSettings } = app.serviceManager;
  return JSON.parse(await read(serverSettings, 'proposals', { path })) as IOffers;
}
