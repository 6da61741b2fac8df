import {
  ConnectionLost,
  IConnectionLost,
  JupyterFrontEnd,
  JupyterFrontEndPlugin,
  JupyterLab
} from '@jupyterlab/application';
import {
  Contents,
  IConnectionStatus,
  IDefaultDrive,
  IKernelManager,
  IServerSettings,
  Kernel,
  KernelManager,
  ServerConnection,
  ServiceManagerPlugin
} from '@jupyterlab/services';

import { Banner } from './banner';
import { EnvironmentDrive } from './drive';
import { EnvironmentService, workspacePage } from './environment';
import { HumanInput } from './input';
import { EnvironmentKernels } from './kernels';
import { Presence } from './presence';
import { Reunion } from './reunion';
import { TabSession } from './session';

/** In place of `@jupyterlab/services-extension:default-drive`. */
export const drive = (
  presence: Presence,
  session: TabSession
): ServiceManagerPlugin<Contents.IDrive> => ({
  id: '@terraspawner/environment:drive',
  description: 'Files of an environment that can be away for a while.',
  autoStart: true,
  provides: IDefaultDrive,
  optional: [IServerSettings],
  activate: (_: null, serverSettings: ServerConnection.ISettings | null) =>
    new EnvironmentDrive(presence, session, {
      serverSettings: serverSettings ?? undefined
    })
});

/** In place of `@jupyterlab/services-extension:kernel-manager`, with the same rests. */
export const kernels = (
  presence: Presence
): ServiceManagerPlugin<Kernel.IManager> => ({
  id: '@terraspawner/environment:kernels',
  description: 'Kernels of an environment that can be away for a while.',
  autoStart: true,
  provides: IKernelManager,
  optional: [IServerSettings, IConnectionStatus],
  activate: (
    _: null,
    settings: ServerConnection.ISettings | undefined,
    connection: IConnectionStatus | undefined
  ) => {
    const serverSettings = settings ?? undefined;
    return new KernelManager({
      serverSettings,
      kernelAPIClient: new EnvironmentKernels(presence, { serverSettings }),
      standby: () => !connection?.isConnected || 'when-hidden'
    });
  }
});

/** In place of `@jupyterlab/hub-extension:connectionlost`: a banner instead of a dialog, and the way back. */
export const connectionLost = (
  presence: Presence
): JupyterFrontEndPlugin<IConnectionLost> => ({
  id: '@terraspawner/environment:connectionlost',
  description:
    'Says quietly why the environment does not answer, and brings it back.',
  autoStart: true,
  provides: IConnectionLost,
  optional: [JupyterLab.IInfo],
  activate: (
    app: JupyterFrontEnd,
    info: JupyterLab.IInfo | null
  ): IConnectionLost => {
    const services = app.serviceManager;
    const environment = new EnvironmentService(services.serverSettings);
    if (!environment.isKnown || !info) {
      return ConnectionLost;
    }
    const reunion = new Reunion(app.shell, services);
    presence.watch({
      connection: info,
      settings: services.serverSettings,
      environment,
      reunion,
      input: new HumanInput()
    });
    const banner = new Banner(presence, () => reunion.isDirty, {
      start: () => void presence.start(),
      retry: () => presence.retry(),
      renew: () => void presence.renew(),
      page: () => {
        window.open(workspacePage(), '_blank', 'noopener');
      }
    });
    app.shell.add(banner, 'header');
    // who comes back to a tab learns at once how things are
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && !presence.isLost) {
        void services.sessions.refreshRunning().catch(() => undefined);
      }
    });
    return async () => presence.lose();
  }
});
