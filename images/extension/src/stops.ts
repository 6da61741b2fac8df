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
import { IStatusBar } from '@jupyterlab/statusbar';
import { ISignal, Signal } from '@lumino/signaling';
import { Menu, Widget } from '@lumino/widgets';

import { Countdown } from './countdown';
import { hearInFrames } from './frames';
import { Beats, isHuman, KINDS } from './human';
import { workspaceFolder } from './modes';
import {
  choices,
  describeKept,
  describeWarning,
  isPutOffByInput,
  Warnings,
  Wish
} from './outlook';
import { Presence } from './presence';

const STOPS = '@terraspawner/environment:stops';
const KEEP = 'terra:keep-alive';
const WHY = 'terra:why-it-stops';
const HOUR = 3600;
const SHOWN = 8000;
/** In a notice; the menu in the status bar has all. */
const MOST_BUTTONS = 5;

/**
 * When this environment is stopped next and why, in the status bar; a notice before it happens, with what can be done;
 * and word to the server of the person who is here, which puts it off.
 */
export const stops = (presence: Presence): JupyterFrontEndPlugin<void> => ({
  id: STOPS,
  description: 'Says when the environment is stopped next, and keeps it alive.',
  autoStart: true,
  optional: [IStatusBar, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    statusBar: IStatusBar | null,
    palette: ICommandPalette | null
  ): void => {
    if (!workspaceFolder()) {
      return;
    }
    const countdown = new Countdown(
      app.serviceManager.serverSettings,
      presence
    );
    const beats = hear(countdown);
    addCommands(app, countdown, palette);
    warn(countdown, beats, wish => void keep(countdown, wish));
    const item = new CountdownItem(countdown, app.commands);
    statusBar?.registerStatusItem(STOPS, {
      item,
      align: 'right',
      rank: 900,
      isActive: () => item.isActive,
      activeStateChanged: item.activeChanged
    });
  }
});

/** Listen to whoever is here. */
function hear(countdown: Countdown): Beats {
  const beats = new Beats(
    // the server may be on its way out; who is here is said again with the next key
    ago => void countdown.beat(ago).catch(() => undefined),
    {
      now: () => performance.now(),
      later: (wait, act) => void setTimeout(act, wait)
    }
  );
  for (const kind of KINDS) {
    document.addEventListener(
      kind,
      event => {
        if (isHuman(event, document.visibilityState === 'visible')) {
          beats.happened();
        }
      },
      { capture: true, passive: true }
    );
  }
  hearInFrames(() => beats.happened());
  return beats;
}

function addCommands(
  app: JupyterFrontEnd,
  countdown: Countdown,
  palette: ICommandPalette | null
): void {
  const offered = () => (countdown.outlook ? choices(countdown.outlook) : []);
  app.commands.addCommand(KEEP, {
    label: ({ label }) => (label as string) || 'Keep Alive for an Hour',
    isVisible: () => offered().length > 0,
    execute: ({ wish }) =>
      keep(countdown, (wish as Wish | undefined) ?? { seconds: HOUR })
  });
  app.commands.addCommand(WHY, {
    label: 'When and Why Is It Stopped?',
    isVisible: () => countdown.words !== null,
    execute: async () => {
      const { words } = countdown;
      if (words) {
        await showDialog({
          title: words.text,
          body: words.title,
          buttons: [Dialog.okButton()]
        });
      }
    }
  });
  for (const command of [WHY, KEEP]) {
    palette?.addItem({ command, category: 'Workspace' });
  }
}

/** Keep it alive, and say what came of it. */
async function keep(countdown: Countdown, wish: Wish): Promise<void> {
  const before = countdown.left;
  try {
    const { text, helps } = describeKept(await countdown.keepAlive(wish), before);
    Notification.emit(text, helps ? 'success' : 'info', { autoClose: SHOWN });
  } catch (error) {
    Notification.error((error as Error).message, { autoClose: SHOWN });
  }
}

/** One notice, whose words are others at each warning; it goes when the stop is put off, or the environment is away. */
function warn(
  countdown: Countdown,
  beats: Beats,
  act: (wish: Wish) => void
): void {
  const warnings = new Warnings();
  let notice = '';
  countdown.changed.connect(() => {
    const { outlook, left } = countdown;
    const isMoot = isPutOffByInput(outlook?.next_stop, beats.age);
    const isDue = warnings.due(left, outlook?.warn ?? [], isMoot) !== null;
    if (notice && (isDue || !warnings.isGiven)) {
      Notification.dismiss(notice);
      notice = '';
    }
    const stop = outlook?.next_stop;
    const message = stop && left !== null ? describeWarning(stop, left) : '';
    if (!isDue || !outlook || !message) {
      return;
    }
    const offered = choices(outlook).slice(0, MOST_BUTTONS);
    const actions = offered.map((choice, place) => ({
      label: place === 0 ? `Keep alive ${choice.label}` : choice.label,
      caption: choice.caption,
      callback: () => act(choice.wish)
    }));
    notice = Notification.warning(message, { autoClose: false, actions });
  });
}

/** In the status bar: `[data-terra-countdown]`. A press shows what can be done. */
class CountdownItem extends Widget {
  constructor(
    private _countdown: Countdown,
    private _commands: JupyterFrontEnd['commands']
  ) {
    super();
    this.addClass('terra-Countdown');
    this.node.dataset.terraCountdown = '';
    this._button.type = 'button';
    this._button.className = 'terra-Countdown-button';
    this._button.setAttribute('aria-haspopup', 'menu');
    this._button.addEventListener('click', () => this._open());
    this.node.append(this._button);
    _countdown.changed.connect(this._update, this);
    this._update();
  }

  /** Is there anything to say? */
  get isActive(): boolean {
    return this._isActive;
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  private _update(): void {
    const { words } = this._countdown;
    if (this._isActive !== (words !== null)) {
      this._isActive = words !== null;
      this._activeChanged.emit();
    }
    if (words && this._button.textContent !== words.text) {
      this._button.textContent = words.text;
    }
    this._button.title = words?.title ?? '';
  }

  private _open(): void {
    const menu = new Menu({ commands: this._commands });
    const { outlook } = this._countdown;
    for (const { caption, wish } of outlook ? choices(outlook) : []) {
      menu.addItem({ command: KEEP, args: { label: caption, wish } });
    }
    menu.addItem({ command: WHY });
    const { left, top } = this._button.getBoundingClientRect();
    menu.open(left, top); // below it there is no room, so that it opens above
    menu.aboutToClose.connect(() => {
      requestAnimationFrame(() => menu.dispose()); // what was chosen runs first
    });
  }

  private _isActive = false;
  private _activeChanged = new Signal<this, void>(this);
  private _button = document.createElement('button');
}
