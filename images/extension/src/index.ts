import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  IToolbarWidgetRegistry,
  Notification
} from '@jupyterlab/apputils';
import { IDocumentWidget } from '@jupyterlab/docregistry';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { connectionLost, drive, kernels } from './attendance';
import { Badge } from './badge';
import { bucket } from './bucket';
import { KillNotices } from './kills';
import { leases } from './leases';
import { marks } from './marks';
import { meanwhile } from './meanwhile';
import { offers } from './offers';
import { page } from './page';
import { Presence } from './presence';
import { proposing } from './proposing';
import { addResolving, RESOLVE } from './resolving';
import { runs } from './runs';
import { Saves } from './saves';
import { TabSession } from './session';
import { stops } from './stops';
import { terminal } from './terminal';
import { ways } from './ways';
import { describe } from './words';

/** One for all plugins: the drive notices a loss before there is an application. */
const presence = new Presence();
/** One for each load of the page: the drive names it at each save. */
const session = new TabSession();

let shared: Saves | null = null;
const savesOf = (app: JupyterFrontEnd): Saves =>
  (shared ??= new Saves(app.serviceManager));

/**
 * Where the work is: a badge beside each workspace notebook, and one notice when the workspace did not take a save,
 * or when a kernel was ended for want of memory.
 *
 * The toolbar item itself is declared in `schema/badge.json`, which is why the settings are loaded here.
 */
const badge: JupyterFrontEndPlugin<void> = {
  id: '@terraspawner/environment:badge',
  description: 'Shows where the work on a workspace notebook is.',
  autoStart: true,
  requires: [IToolbarWidgetRegistry, ISettingRegistry],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    toolbars: IToolbarWidgetRegistry,
    settings: ISettingRegistry,
    palette: ICommandPalette | null
  ): void => {
    const saves = savesOf(app);
    const resolve = (path: string) =>
      void app.commands.execute(RESOLVE, { path });
    addResolving(app, saves, palette);
    toolbars.addFactory<IDocumentWidget>(
      'Notebook',
      'terra-badge',
      ({ context }) =>
        new Badge(context, saves, presence, session, () =>
          resolve(context.path)
        )
    );
    void settings.load(badge.id);
    announceTrouble(saves, resolve);
    presence.changed.connect(() => {
      if (!presence.isLost) {
        void saves.refresh();
      }
    });
    new KillNotices(app.serviceManager);
  }
};

/** Say it once when a save was refused or a conflict arose; the badge goes on saying it. */
function announceTrouble(saves: Saves, resolve: (path: string) => void): void {
  const said = new Map<string, string>();
  const notices = new Map<string, string>();
  saves.changed.connect((_, path) => {
    const save = saves.get(path);
    if (!save) {
      return;
    }
    const troubled = save.state === 'conflict' || save.state === 'refused';
    const words = troubled ? describe(save) : null;
    if (words && said.get(path) !== words.text) {
      const choose = {
        label: 'Compare and choose…',
        callback: () => resolve(path)
      };
      const notice = Notification.warning(
        `${path}: ${words.text}. ${words.title}`,
        { autoClose: false, actions: save.unresolved ? [choose] : [] }
      );
      notices.set(path, notice);
    }
    const notice = notices.get(path);
    if (notice && !troubled && !save.unresolved) {
      Notification.dismiss(notice);
      notices.delete(path);
    }
    said.set(path, words?.text ?? '');
  });
}

export default [
  drive(presence, session),
  kernels(presence),
  connectionLost(presence),
  badge,
  bucket,
  marks,
  meanwhile,
  offers,
  runs,
  page(presence),
  proposing,
  stops(presence),
  terminal,
  ways(session),
  leases(presence, session, savesOf)
];
