import { Dialog } from '@jupyterlab/apputils';

import { IBarWords } from './bar';
import { ACT_LABELS, LeaseAct } from './lease';

/**
 * What becomes of the text in this tab, where the notebook is another one's: the person's choice, or undefined for later.
 */
export async function chooseWhatToKeep(
  title: string,
  body: string,
  isDirty: boolean
): Promise<LeaseAct | undefined> {
  const acts: LeaseAct[] = isDirty
    ? ['reload', 'keep-in-playground', 'copy']
    : ['playground', 'reload'];
  const dialog = new Dialog({
    title,
    body,
    buttons: [
      Dialog.cancelButton({ label: 'Later' }),
      ...acts.map(act =>
        (isDirty && act === 'reload' ? Dialog.warnButton : Dialog.okButton)({
          label: ACT_LABELS[act],
          actions: [act]
        })
      )
    ]
  });
  dialog.addClass('terra-Dialog');
  const { button } = await dialog.launch();
  return button.actions[0] as LeaseAct | undefined;
}

/** The line above a notebook that keeps a text for somebody; `read` is called once they have. */
export function describeCopy(text: string, read: () => void): IBarWords {
  return { kind: 'copy', title: 'A copy.', text, buttons: [{ label: 'OK', act: read }] };
}
