import { ServerConnection } from '@jupyterlab/services';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { post } from './inside';
import { Presence } from './presence';

const SETTING = 'pauseWhenClosed';

/**
 * Tell the server whether its person wants it paused when the last tab is closed. It is the server that pauses: nothing
 * that a page asks for while it is closed is sure to arrive.
 */
export function tellWhenClosed(
  settings: ISettingRegistry.ISettings,
  server: ServerConnection.ISettings,
  presence: Presence
): void {
  let told = false; // a server that was started since knows nothing: as if it had been told no
  const tell = () => {
    const pause = settings.get(SETTING).composite === true;
    if (pause !== told && !presence.isLost) {
      told = pause;
      post(server, 'when-closed', { pause }).catch(() => {
        told = !pause;
      });
    }
  };
  settings.changed.connect(tell);
  presence.changed.connect(() => {
    told = presence.isLost ? false : told;
    tell();
  });
  tell();
}
