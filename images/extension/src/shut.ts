import { DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';
import { ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

/** What of a notebook's widget is touched here; its own package is not among what this one is built with. */
interface ICellsView extends Widget {
  widgets: readonly {
    readOnly: boolean;
    /** Does `readOnly` stand in the notebook itself, as the cell's metadata? */
    syncEditable: boolean;
  }[];
  model: { cells: { changed: ISignal<unknown, unknown> } } | null;
}

/**
 * A notebook that can be read and not be changed, while somebody else edits it.
 *
 * Its cells take no text. What still changes (an output of a cell that is run, a cell that is moved) is not the
 * notebook's: it is not marked as changed, so that nothing tries to save it and nobody is asked about it. That is not so
 * for what was changed before it was shut, which `keepsChanges` says.
 */
export class Shutter {
  constructor(
    private _panel: DocumentWidget,
    private _context: DocumentRegistry.Context
  ) {}

  get isShut(): boolean {
    return this._isShut;
  }

  set({ isShut, keepsChanges }: { isShut: boolean; keepsChanges: boolean }): void {
    this._keepsChanges = keepsChanges;
    if (isShut !== this._isShut) {
      this._isShut = isShut;
      this._panel.toggleClass('terra-mod-shut', isShut);
      const cells = this._cells.model?.cells;
      if (isShut) {
        cells?.changed.connect(this._onCells, this);
        this._context.model.stateChanged.connect(this._onState, this);
      } else {
        cells?.changed.disconnect(this._onCells, this);
        this._context.model.stateChanged.disconnect(this._onState, this);
      }
      this._apply();
    }
    this._onState();
  }

  private get _cells(): ICellsView {
    return this._panel.content as ICellsView;
  }

  private _apply(): void {
    for (const cell of this._cells.widgets) {
      cell.syncEditable = !this._isShut; // set again, it reads which cells are not to be changed anyway
      if (this._isShut) {
        cell.readOnly = true;
      }
    }
  }

  private _onCells(): void {
    queueMicrotask(() => this._apply()); // their widgets are made by whoever hears of it next
  }

  private _onState(): void {
    const { model } = this._context;
    if (this._isShut && !this._keepsChanges && model.dirty) {
      model.dirty = false;
    }
  }

  private _isShut = false;
  private _keepsChanges = false;
}
