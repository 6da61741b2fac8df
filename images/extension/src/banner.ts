import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { BannerAct, describeAbsence } from './absence';
import { setText } from './bar';
import { Presence } from './presence';

/** Padding and border of the banner, in pixels. */
const MARGIN = 13;

/**
 * One quiet line above everything while the environment does not answer: `[data-terra-banner]` with `data-state`.
 *
 * It covers nothing and takes no focus; what is open stays readable, and can be typed into.
 */
export class Banner extends Widget {
  constructor(
    private _presence: Presence,
    private _isDirty: () => boolean,
    acts: Record<BannerAct, () => void>
  ) {
    super();
    this.id = 'terra-banner';
    this.addClass('terra-Banner');
    this.node.dataset.terraBanner = '';
    this._words.className = 'terra-Banner-words';
    this._words.setAttribute('role', 'status');
    this._words.setAttribute('aria-live', 'polite');
    this._words.append(this._title, ' ', this._text);
    this._button.className = 'terra-Banner-button jp-mod-styled jp-mod-accept';
    this._button.type = 'button';
    this._button.addEventListener('click', () => {
      acts[this._button.dataset.act as BannerAct]();
    });
    this.node.append(this._words, this._button);
    _presence.changed.connect(this._update, this);
    new ResizeObserver(() => this._fit()).observe(this._words);
    this.hide();
  }

  protected onAfterAttach(): void {
    this._update();
  }

  private _update(): void {
    const { absence } = this._presence;
    if (absence) {
      const words = describeAbsence(absence, this._isDirty());
      setText(this._title, words.title);
      setText(this._text, words.text);
      setText(this._button, words.button?.label ?? '');
      this._button.hidden = words.button === null;
      this._button.dataset.act = words.button?.act ?? '';
      this.node.dataset.state = absence.kind;
      this.toggleClass('terra-mod-moving', words.isMoving);
    }
    this.setHidden(absence === null);
    this._fit();
  }

  /** Lab's layout wants to be told heights; how many lines the words take is known here alone. */
  private _fit(): void {
    const area = this.parent;
    if (!area) {
      return;
    }
    area.setHidden(this.isHidden);
    const content = Math.max(this._words.offsetHeight, this._button.offsetHeight);
    this.node.style.minHeight = `${content + MARGIN}px`;
    MessageLoop.postMessage(area, Widget.Msg.FitRequest);
  }

  private _words = document.createElement('span');
  private _title = document.createElement('b');
  private _text = document.createElement('span');
  private _button = document.createElement('button');
}
