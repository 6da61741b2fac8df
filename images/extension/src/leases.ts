import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { Editor, Ways } from './editor';
import { workspacePage } from './environment';
import { HumanInput } from './input';
import { LeaseAct } from './lease';
import { notebookOf, workspaceFolder } from './modes';
import { Playground } from './playground';
import { Presence } from './presence';
import { Reunion } from './reunion';
import { Saves } from './saves';
import { TabSession } from './session';

const LEASES = '@terraspawner/environment:leases';
const PATIENCE = 10;
const SHARE = 0.8;

/** What can be done with a lease by a command; `terra:<act>`. */
const COMMANDS: Partial<Record<LeaseAct, string>> = {
  ask: 'Ask for This Notebook',
  'hand-over': 'Hand This Notebook Over',
  decline: 'Keep This Notebook for Now',
  'take-here': 'Edit Here Instead of in the Other Tab',
  copy: 'Keep My Text as a New Notebook…',
  'keep-in-playground': 'Keep My Text in the Playground',
  preview: 'Open Preview',
  reload: 'Reload from the Workspace'
};

export const LEASE_COMMANDS = Object.keys(COMMANDS).map(nameOf);

/**
 * One editor at a time: who edits a notebook elsewhere, who asks for it, and what becomes of one's own text.
 *
 * The lease itself is kept by the server extension (`leases.py`); this shows it and says what the person wants.
 */
export const leases = (
  presence: Presence,
  session: TabSession,
  savesOf: (app: JupyterFrontEnd) => Saves
): JupyterFrontEndPlugin<void> => ({
  id: LEASES,
  description: 'Shows who edits a notebook, and hands it over.',
  autoStart: true,
  requires: [ISettingRegistry],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    settings: ISettingRegistry,
    palette: ICommandPalette | null
  ): void => {
    if (!workspaceFolder()) {
      return;
    }
    const documents = new Reunion(app.shell, app.serviceManager);
    session.connect(app.serviceManager.serverSettings, presence, seconds =>
      // it must answer before it is no longer waited for
      documents.saveAll(SHARE * seconds)
    );
    const editors = new Map<DocumentWidget, Editor>();
    const around = {
      session,
      saves: savesOf(app),
      input: new HumanInput(),
      me: PageConfig.getOption('terraUser'),
      patience: () => patience,
      ways: waysOf(new Playground(app)),
      hashOf: async (path: string) =>
        (
          await app.serviceManager.contents.get(path, {
            content: false,
            hash: true
          })
        ).hash
    };
    let patience = PATIENCE;
    void settings.load(LEASES).then(loaded => {
      const read = () => {
        patience = loaded.get('handOverAfterMinutes').composite as number;
      };
      loaded.changed.connect(read);
      read();
    });
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (widget, context) => {
        const panel = widget as DocumentWidget;
        editors.set(panel, new Editor(panel, context, around));
        panel.disposed.connect(() => editors.delete(panel));
      }
    });
    addCommands(app, palette, () =>
      editors.get(app.shell.currentWidget as DocumentWidget)
    );
  }
});

function waysOf(playground: Playground): Ways {
  return {
    copy: context => playground.saveAsNew(context),
    playground: async ({ path }) => {
      await playground.open(notebookOf(path) ?? '');
      return true;
    },
    'keep-in-playground': async context => {
      await playground.keep(context);
      return true;
    },
    preview: async ({ path }) => {
      const at = (notebookOf(path) ?? '').split('/').map(encodeURIComponent);
      window.open(
        `${workspacePage()}/notebooks/${at.join('/')}`,
        '_blank',
        'noopener'
      );
      return true;
    }
  };
}

function addCommands(
  app: JupyterFrontEnd,
  palette: ICommandPalette | null,
  current: () => Editor | undefined
): void {
  for (const [act, label] of Object.entries(COMMANDS) as [LeaseAct, string][]) {
    const command = nameOf(act);
    app.commands.addCommand(command, {
      label,
      isVisible: () => current()?.acts.includes(act) ?? false,
      execute: () => current()?.do(act)
    });
    palette?.addItem({ command, category: 'Workspace' });
  }
}

function nameOf(act: string): string {
  return `terra:${act}`;
}
