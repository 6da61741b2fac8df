import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

/** Padding and border of a bar, in pixels. */
const MARGIN = 13;

export interface IBarButton {
  label: string;
  act: () => void;
  title?: string;
  isPrimary?: boolean;
}

export interface IBarWords {
  /** What kind of bar it is, for its colour: `data-kind`. */
  kind: string;
  title: string;
  text: string;
  buttons: IBarButton[];
}

/**
 * One quiet line between a notebook and its toolbar: `[data-terra-bar]` with `data-kind`. It covers nothing and takes no
 * focus.
 */
export class Bar extends Widget {
  constructor() {
    super();
    this.addClass('terra-Bar');
    this.node.dataset.terraBar = '';
    this._words.className = 'terra-Bar-words';
    this._words.setAttribute('role', 'status');
    this._words.setAttribute('aria-live', 'polite');
    this._words.append(this._title, ' ', this._text);
    this._buttons.className = 'terra-Bar-buttons';
    this.node.append(this._words, this._buttons);
    this._observer.observe(this._words);
    this._observer.observe(this._buttons);
    this.hide();
  }

  dispose(): void {
    this._observer.disconnect();
    super.dispose();
  }

  /** Null: there is nothing to say. */
  tell(words: IBarWords | null): void {
    if (words) {
      this.node.dataset.kind = words.kind;
      setText(this._title, words.title);
      setText(this._text, words.text);
      this._setButtons(words.buttons);
    }
    this.setHidden(words === null);
    this._fit();
  }

  protected onAfterAttach(): void {
    this._fit();
  }

  /** Those that stay are left alone: one that has the focus keeps it. */
  private _setButtons(buttons: IBarButton[]): void {
    this._acts = new Map(buttons.map(button => [button.label, button.act]));
    const labels = buttons.map(button => button.label).join('\n');
    if (this._buttons.dataset.labels === labels) {
      return;
    }
    this._buttons.dataset.labels = labels;
    this._buttons.replaceChildren(
      ...buttons.map(button => this._made(button))
    );
  }

  private _made({ label, title, isPrimary }: IBarButton): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'terra-Bar-button';
    button.classList.toggle('terra-mod-primary', isPrimary === true);
    button.textContent = label;
    button.title = title ?? '';
    button.addEventListener('click', () => this._acts.get(label)?.());
    return button;
  }

  /** Lab's layout wants to be told heights; how many lines the words take is known here alone. */
  private _fit(): void {
    const content = Math.max(
      this._words.offsetHeight,
      this._buttons.offsetHeight
    );
    this.node.style.minHeight = `${content + MARGIN}px`;
    if (this.parent) {
      MessageLoop.postMessage(this.parent, Widget.Msg.FitRequest);
    }
  }

  private _acts = new Map<string, () => void>();
  private _words = document.createElement('span');
  private _title = document.createElement('b');
  private _text = document.createElement('span');
  private _buttons = document.createElement('span');
  private _observer = new ResizeObserver(() => this._fit());
}

/** Only what is new, so that a screen reader says it once. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
