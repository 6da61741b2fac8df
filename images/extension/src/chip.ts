import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Menu, Widget } from '@lumino/widgets';

import { IModeWords, MODE_WORDS, modeOf, shutWords } from './modes';
import { TabSession } from './session';

/**
 * The mode of one notebook beside its toolbar: `[data-terra-mode]` with `data-mode`. A press shows what can be done.
 */
export class Chip extends Widget {
  constructor(
    private _context: DocumentRegistry.Context,
    private _session: TabSession,
    private _commands: Menu.IOptions['commands'],
    private _offered: string[]
  ) {
    super();
    this.addClass('terra-Chip');
    this.node.dataset.terraMode = '';
    this._button.type = 'button';
    this._button.className = 'terra-Chip-button';
    this._button.setAttribute('aria-haspopup', 'menu');
    this._button.append(this._label);
    this._button.addEventListener('click', () => this._open());
    this.node.append(this._button);
    _context.pathChanged.connect(this._update, this);
    _session.changed.connect(this._update, this);
    this._update();
  }

  dispose(): void {
    this._context.pathChanged.disconnect(this._update, this);
    this._session.changed.disconnect(this._update, this);
    super.dispose();
  }

  private _update(): void {
    const { path } = this._context;
    const mode = modeOf(path);
    const lease = mode === 'edit' ? this._session.get(path) : undefined;
    this.setHidden(mode === null);
    if (mode) {
      const { label, title }: IModeWords =
        (lease && shutWords(lease)) ?? MODE_WORDS[mode];
      this.node.dataset.mode = mode;
      this.node.dataset.lease = lease?.state ?? '';
      this._label.textContent = label;
      this._button.title = title;
      this._button.setAttribute('aria-label', `${label}. ${title}`);
    }
  }

  private _open(): void {
    const menu = new Menu({ commands: this._commands });
    menu.addClass('terra-Chip-menu');
    for (const command of this._offered) {
      menu.addItem({ command });
    }
    const { left, bottom } = this._button.getBoundingClientRect();
    menu.open(left, bottom);
    menu.aboutToClose.connect(() => {
      requestAnimationFrame(() => menu.dispose()); // what was chosen runs first
    });
  }

  private _button = document.createElement('button');
  private _label = document.createElement('span');
}
