import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { DocumentRegistry } from '@jupyterlab/docregistry';

/**
 * What changed while a save was under way is not in what was saved, yet Lab calls the notebook clean when the save is
 * done: an output that came meanwhile would stay in the tab alone until the next edit. So it is called changed again,
 * and the next autosave takes it along.
 */
export const meanwhile: JupyterFrontEndPlugin<void> = {
  id: '@terraspawner/environment:meanwhile',
  description: 'Saves again what changed while a save was under way.',
  autoStart: true,
  activate: (app: JupyterFrontEnd): void => {
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (_, context) => watch(context)
    });
  }
};

function watch(context: DocumentRegistry.Context): void {
  let isSaving = false;
  let hasChanged = false;
  context.model.contentChanged.connect(() => {
    hasChanged ||= isSaving;
  });
  context.saveState.connect((_, state) => {
    isSaving = state === 'started';
    if (!isSaving && hasChanged) {
      context.model.dirty = true;
    }
    hasChanged = false;
  });
}
