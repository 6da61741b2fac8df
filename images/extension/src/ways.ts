import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { Bar, IBarWords } from './bar';
import { Chip } from './chip';
import { LEASE_COMMANDS } from './leases';
import { lockedOf, Mode, modeOf, workspaceFolder } from './modes';
import { PROPOSALS } from './offers';
import { Playground } from './playground';
import { PROPOSE } from './proposing';
import { TabSession } from './session';

const WAYS = '@terraspawner/environment:ways';
const TRY = 'terra:open-in-playground';
const SAVE_AS_NEW = 'terra:save-as-new-notebook';

/** The chip's menu; what does not apply to a notebook is not shown for it. */
const OFFERED = [
  ...LEASE_COMMANDS,
  TRY,
  PROPOSE,
  PROPOSALS,
  SAVE_AS_NEW,
  'terra:workspace-page'
];

/**
 * In which mode each notebook is open, and the ways from one to the other: a chip in its toolbar, a line in the
 * playground, commands, and what the address asks for (`lab?playground=…`, as the workspace's page does).
 *
 * The toolbar item is declared in `schema/ways.json`, which is why the settings are loaded here.
 */
export const ways = (session: TabSession): JupyterFrontEndPlugin<void> => ({
  id: WAYS,
  description: 'Shows the mode of a notebook, and leads to the playground.',
  autoStart: true,
  requires: [IToolbarWidgetRegistry, ISettingRegistry],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    toolbars: IToolbarWidgetRegistry,
    settings: ISettingRegistry,
    palette: ICommandPalette | null
  ): void => {
    if (!workspaceFolder()) {
      return;
    }
    const playground = new Playground(app);
    addCommands(app, playground);
    for (const command of [TRY, SAVE_AS_NEW]) {
      palette?.addItem({ command, category: 'Workspace' });
    }
    toolbars.addFactory<DocumentWidget>(
      'Notebook',
      'terra-mode',
      panel => new Chip(panel.context, session, app.commands, OFFERED)
    );
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel, context) =>
        explain(panel as DocumentWidget, context, {
          playground: {
            kind: 'playground',
            title: 'Playground.',
            text: 'Changes stay on this disk; the notebook in the workspace stays as it is.',
            buttons: [
              {
                label: 'Propose…',
                act: () =>
                  void app.commands.execute(PROPOSE, { path: context.path })
              },
              {
                label: 'Save as a New Notebook…',
                act: () => void playground.saveAsNew(context)
              }
            ]
          },
          drive: {
            kind: 'drive',
            title: 'Open without a lock.',
            text: "This is the library's file itself: others may open and save it at the same time.",
            buttons: [
              {
                label: 'Edit with a Lock',
                isPrimary: true,
                act: () => void editWithLock(app, panel as DocumentWidget)
              }
            ]
          }
        })
    });
    void settings.load(WAYS);
    // looked at now: Lab writes its own address once its layout is restored
    const wanted = new URLSearchParams(window.location.search).get(
      'playground'
    );
    if (wanted) {
      void app.restored.then(() => playground.open(wanted));
    }
  }
});

function addCommands(app: JupyterFrontEnd, playground: Playground): void {
  const current = () => {
    const widget = app.shell.currentWidget as DocumentWidget | null;
    const context = widget?.context;
    return context?.contentsModel?.type === 'notebook' ? context : null;
  };
  const mode = () => modeOf(current()?.path ?? '');
  app.commands.addCommand(TRY, {
    label: 'Open in the Playground',
    caption: 'Run and change a copy of your own; nothing of it is saved to the workspace',
    isVisible: () => current() !== null && mode() === 'edit',
    execute: async () => {
      const context = current();
      await (context && playground.openCopyOf(context));
    }
  });
  app.commands.addCommand(SAVE_AS_NEW, {
    label: 'Save as a New Notebook…',
    caption: 'Put what is on the screen into the workspace, under a new name',
    isVisible: () => current() !== null,
    execute: async () => {
      const context = current();
      await (context && playground.saveAsNew(context));
    }
  });
}

/** What is typed here is in the file before it opens there; two tabs with one notebook would be a trap. */
async function editWithLock(
  app: JupyterFrontEnd,
  panel: DocumentWidget
): Promise<void> {
  const { context } = panel;
  const path = lockedOf(context.path);
  if (context.model.dirty && !context.model.readOnly) {
    await context.save();
  }
  await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
  panel.dispose();
}

/** The line that says in which mode this is open, where that is none that others take care of. */
function explain(
  panel: DocumentWidget,
  context: DocumentRegistry.Context,
  words: Partial<Record<Mode, IBarWords>>
): Bar {
  const bar = new Bar();
  const update = () => bar.tell(words[modeOf(context.path) ?? 'edit'] ?? null);
  panel.contentHeader.addWidget(bar);
  context.pathChanged.connect(update, bar);
  update();
  return bar;
}
