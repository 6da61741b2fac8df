import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Widget } from '@lumino/widgets';

import { Presence } from './presence';
import { Saves } from './saves';
import { TabSession } from './session';
import { describe, ISaveState, IWords, SAVING, SHUT, UNSAVED } from './words';

/**
 * The badge of one notebook: `[data-terra-badge]` with `data-state`, text for eyes and for screen readers.
 */
export class Badge extends Widget {
  constructor(
    private _context: DocumentRegistry.Context,
    private _saves: Saves,
    private _presence: Presence,
    private _session: TabSession,
    resolve: () => void
  ) {
    super();
    this.addClass('terra-Badge');
    this.node.dataset.terraBadge = '';
    this.node.setAttribute('role', 'status');
    this.node.setAttribute('aria-live', 'polite');
    this._text.className = 'terra-Badge-text';
    this._act.className = 'terra-Badge-act jp-mod-styled jp-mod-minimal';
    this._act.type = 'button';
    this._act.textContent = 'Compare…'; // Lab hides what is too wide for its toolbar
    this._act.title = 'The workspace has another version: compare and choose';
    this._act.addEventListener('click', resolve);
    this.node.append(this._text, this._act);
    _context.saveState.connect(this._onSaveState, this);
    _context.pathChanged.connect(this._update, this);
    _context.model.stateChanged.connect(this._onModelChanged, this);
    _saves.changed.connect(this._onChanged, this);
    _presence.changed.connect(this._onPresence, this);
    _session.changed.connect(this._onLease, this);
    this._update();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._context.saveState.disconnect(this._onSaveState, this);
    this._context.pathChanged.disconnect(this._update, this);
    this._context.model?.stateChanged.disconnect(this._onModelChanged, this);
    this._saves.changed.disconnect(this._onChanged, this);
    this._presence.changed.disconnect(this._onPresence, this);
    this._session.changed.disconnect(this._onLease, this);
    super.dispose();
  }

  private _onSaveState(_: unknown, state: DocumentRegistry.SaveState): void {
    if (this._presence.isLost) {
      return; // what counts then is whether there are changes
    }
    this._saving = state === 'started';
    this._failed = state === 'failed' || (this._failed && this._saving);
    this._update();
  }

  private _onModelChanged(): void {
    if (this._presence.isLost || this._session.isShut(this._context.path)) {
      this._update();
    }
  }

  /** A save that was under way when the environment was lost has ended without a word. */
  private _onPresence(): void {
    this._saving = false;
    this._update();
  }

  private _onLease(_: TabSession, path: string): void {
    if (path === this._context.path) {
      this._saving = false;
      this._failed &&= this._session.isShut(path);
      this._update();
    }
  }

  private _onChanged(_: Saves, path: string): void {
    if (path === '' || path === this._context.path) {
      this._update();
    }
  }

  private _update(): void {
    const { path } = this._context;
    const save = this._saves.get(path);
    const isShut = this._session.isShut(path);
    const known =
      this._saves.covers(path) &&
      (!isShut || this._context.model.dirty || save?.state === 'conflict') &&
      (save || this._saving || this._failed || this._isInTabAlone);
    this.node.hidden = !known;
    this._act.hidden = !save?.unresolved;
    if (known) {
      this._show(this._words(save));
    }
  }

  /** A save that failed is said until one succeeds: what the server last knew is not what is on the screen. */
  private _words(save?: ISaveState): IWords {
    const { path, model } = this._context;
    if (this._session.isShut(path) && model.dirty) {
      return SHUT;
    }
    if (this._failed || this._isInTabAlone) {
      return UNSAVED;
    }
    if (this._saving || !save) {
      return SAVING;
    }
    const words = describe(save);
    return save.unresolved && save.state === 'conflict'
      ? { ...words, text: 'Conflict' }
      : words;
  }

  private get _isInTabAlone(): boolean {
    return this._presence.isLost && this._context.model.dirty;
  }

  private _show(words: IWords): void {
    if (this._text.textContent !== words.text) {
      this._text.textContent = words.text;
    }
    this.node.dataset.state = words.state;
    this.node.title = words.title;
  }

  private _saving = false;
  private _failed = false;
  private _text = document.createElement('span');
  private _act = document.createElement('button');
}
