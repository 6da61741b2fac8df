import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ServerConnection } from '@jupyterlab/services';

import { describeCopied, isNotebook } from './copied';
import { workspacePage } from './environment';
import { post } from './inside';
import { basename } from './words';

/** Copies what is selected in the file browser. Its place in the context menu is declared in `schema/bucket.json`. */
export const COPY = 'terraspawner:copy-to-bucket';

export const bucket: JupyterFrontEndPlugin<void> = {
  id: '@terraspawner/environment:bucket',
  description: "Copies files to the workspace's bucket, when it is asked to.",
  autoStart: true,
  requires: [IFileBrowserFactory],
  activate: (app: JupyterFrontEnd, browsers: IFileBrowserFactory): void => {
    app.commands.addCommand(COPY, {
      label: 'Copy to Workspace Bucket',
      caption:
        "Put a copy among the workspace's data, where its members and its environments have it",
      describedBy: { args: { type: 'object', properties: {} } },
      isVisible: () => workspacePage() !== '',
      execute: async () => {
        const selected = [
          ...(browsers.tracker.currentWidget?.selectedItems() ?? [])
        ];
        const files = selected.filter(item => item.type !== 'directory');
        await copyAll(
          app.serviceManager.serverSettings,
          files.map(file => app.serviceManager.contents.localPath(file.path))
        );
      }
    });
  }
};

async function copyAll(
  settings: ServerConnection.ISettings,
  paths: string[]
): Promise<void> {
  const copied: string[] = [];
  for (const path of paths) {
    if (await copyOne(settings, path, false)) {
      copied.push(path);
    }
  }
  if (copied.length) {
    Notification.success(describeCopied(copied), {
      autoClose: 10000,
      actions: [
        {
          label: 'Files',
          callback: () =>
            void window.open(`${workspacePage()}/files`, '_blank', 'noopener')
        }
      ]
    });
  }
}

/** Is it there now? What is there already is replaced only when that is wanted. */
async function copyOne(
  settings: ServerConnection.ISettings,
  path: string,
  replace: boolean
): Promise<boolean> {
  try {
    await post(settings, 'bucket', { path, replace });
    return true;
  } catch (error) {
    const status = (error as ServerConnection.ResponseError).response?.status;
    const { button } = await showDialog(
      status === 409
        ? {
            title: `Replace ${basename(path)}?`,
            body: "There is a file of this name in the workspace's bucket already.",
            buttons: [
              Dialog.cancelButton(),
              Dialog.warnButton({ label: 'Replace' })
            ]
          }
        : {
            title: isNotebook(path) ? 'Notebooks stay notebooks' : 'Not copied',
            body: (error as Error).message,
            buttons: [Dialog.okButton()]
          }
    );
    return status === 409 && button.accept && copyOne(settings, path, true);
  }
}
