import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

/**
 * A terminal where the address asks for one (`lab?terminal`), as the workspace's page does: the one that is there, or a
 * new one. Nothing is typed into it, so following such a link does no harm.
 */
export const terminal: JupyterFrontEndPlugin<void> = {
  id: '@terraspawner/environment:terminal',
  description: 'Opens a terminal where the address asks for one.',
  autoStart: true,
  activate: (app: JupyterFrontEnd): void => {
    // looked at now: Lab writes its own address once its layout is restored
    const isWanted = new URLSearchParams(window.location.search).has(
      'terminal'
    );
    if (isWanted) {
      void app.restored.then(() => show(app));
    }
  }
};

async function show(app: JupyterFrontEnd): Promise<void> {
  const { terminals } = app.serviceManager;
  await terminals.ready;
  const [first] = [...terminals.running()];
  await (first
    ? app.commands.execute('terminal:open', { name: first.name })
    : app.commands.execute('terminal:create-new'));
}
