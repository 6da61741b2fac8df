/**
 * What the frame may do: nothing but show what is in it. The frame itself keeps scripts out (its sandbox has none of the
 * words that would let them in); this keeps requests in.
 */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'";

/** Shows documents of the service's, which hold what others wrote, and says why there is none. */
export class DocumentFrame {
  constructor(title: string) {
    this.node.className = 'terra-Document';
    this._frame.setAttribute('sandbox', '');
    this._frame.title = title;
    this._said.setAttribute('role', 'status');
    this.node.append(this._said, this._frame);
  }

  readonly node = document.createElement('div');

  /** What is asked for last is shown, whichever comes first. */
  async show(ask: (theme: string) => Promise<string>): Promise<void> {
    const turn = ++this._turn;
    this._said.textContent = 'Comparing…';
    let said = '';
    let made = '';
    try {
      const isLight = document.body.dataset.jpThemeLight !== 'false';
      made = await ask(isLight ? 'light' : 'dark');
    } catch (error) {
      said = (error as Error).message;
    }
    if (turn === this._turn) {
      this._said.textContent = said;
      this._frame.hidden = said !== '';
      this._frame.srcdoc = made.replace(
        '<head>',
        `<head><meta http-equiv="Content-Security-Policy" content="${POLICY}">`
      );
    }
  }

  private _turn = 0;
  private _said = document.createElement('div');
  private _frame = document.createElement('iframe');
}
