import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Widget } from '@lumino/widgets';

const MARKED = 'terra-mod-conflict';
const BEGIN = /^<{7} /m;
const END = /^>{7} /m;

/** As much of a notebook's widget as is needed here. */
interface INotebookWidget extends Widget {
  content: { widgets: readonly ICell[] };
}

interface ICell extends Widget {
  model: { sharedModel: { getSource(): string } };
}

/** Marks each cell in which a merge left both texts, for as long as they stand there. */
export const marks: JupyterFrontEndPlugin<void> = {
  id: '@terraspawner/environment:marks',
  description: 'Shows in which cells a merge left both texts.',
  autoStart: true,
  activate: (app: JupyterFrontEnd): void => {
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (widget, context) => {
        follow(widget as unknown as INotebookWidget, context);
      }
    });
  }
};

function follow(
  notebook: INotebookWidget,
  context: DocumentRegistry.Context
): void {
  let marked: ICell[] = [];
  const look = () => {
    const cells = notebook.content.widgets;
    const found = cells.filter(cell => hasMarks(cell));
    marked.forEach(cell => cell.removeClass(MARKED));
    found.forEach(cell => cell.addClass(MARKED));
    marked = found;
  };
  void context.ready.then(look);
  // after `revert` the text is another one
  context.fileChanged.connect(look);
  // while somebody types, only cells that had marks can lose them
  context.model.contentChanged.connect(() => {
    if (marked.some(cell => cell.isDisposed || !hasMarks(cell))) {
      look();
    }
  });
}

function hasMarks(cell: ICell): boolean {
  const source = cell.model?.sharedModel.getSource() ?? '';
  return BEGIN.test(source) && END.test(source);
}
