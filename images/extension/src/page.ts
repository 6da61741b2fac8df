import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

const COMMAND = 'terra:workspace-page';

/**
 * The way back: the workspace's page, where the environment is paused and notebooks are deleted.
 *
 * The menu item itself is declared in `schema/page.json`, which is why the settings are loaded here.
 */
export const page: JupyterFrontEndPlugin<void> = {
  id: '@terraspawner/environment:page',
  description: 'Leads back to the page of the workspace.',
  autoStart: true,
  requires: [ISettingRegistry],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    settings: ISettingRegistry,
    palette: ICommandPalette | null
  ): void => {
    app.commands.addCommand(COMMAND, {
      label: 'Workspace Page',
      caption: 'The page of this workspace: its notebooks, pause, delete',
      isVisible: () => PageConfig.getOption('terraWorkspacePage') !== '',
      execute: () => {
        window.open(PageConfig.getOption('terraWorkspacePage'), '_blank', 'noopener');
      }
    });
    palette?.addItem({ command: COMMAND, category: 'Workspace' });
    void settings.load(page.id);
  }
};
