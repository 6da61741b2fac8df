import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { tellWhenClosed } from './closed';
import { Closing } from './closing';
import { workspacePage } from './environment';
import { Presence } from './presence';
import { Reunion } from './reunion';

const PAGE = 'terra:workspace-page';
const CLOSE = 'terra:close-and-pause';

/**
 * The ways out: the workspace's page, where the environment is paused and notebooks are deleted, and both in one act.
 *
 * Menu items and the button in the top bar are declared in `schema/page.json`, which is why the settings are loaded here.
 */
export const page = (presence: Presence): JupyterFrontEndPlugin<void> => ({
  id: '@terraspawner/environment:page',
  description: 'Leads back to the page of the workspace, and pauses.',
  autoStart: true,
  requires: [ISettingRegistry],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    settings: ISettingRegistry,
    palette: ICommandPalette | null
  ): void => {
    const closing = new Closing(
      app.serviceManager,
      presence,
      new Reunion(app.shell, app.serviceManager)
    );
    const isVisible = () => workspacePage() !== '';
    app.commands.addCommand(PAGE, {
      label: 'Workspace Page',
      caption: 'The page of this workspace: its notebooks, pause, delete',
      isVisible,
      execute: () => {
        window.open(workspacePage(), '_blank', 'noopener');
      }
    });
    app.commands.addCommand(CLOSE, {
      label: 'Close and Pause',
      caption:
        'Save everything to the workspace, pause this environment and go to the workspace page',
      isVisible,
      isEnabled: () => !presence.isLost,
      execute: () => closing.run()
    });
    presence.changed.connect(() => app.commands.notifyCommandChanged(CLOSE));
    for (const command of [PAGE, CLOSE]) {
      palette?.addItem({ command, category: 'Workspace' });
    }
    void settings
      .load('@terraspawner/environment:page')
      .then(
        loaded =>
          isVisible() &&
          tellWhenClosed(loaded, app.serviceManager.serverSettings, presence)
      );
  }
});
