import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Kernel } from '@jupyterlab/services';

import { HumanInput } from './input';
import { ACT_LABELS, ILease } from './lease';
import { TabSession } from './session';

const SECONDS = 1000;
const MINUTES = 60 * SECONDS;
const LOOK_EVERY = 5 * SECONDS;
/** What a kernel may take to say that the cell whose output is there has ended. */
const ENDING = 2 * SECONDS;

export interface IRequestSurroundings {
  session: TabSession;
  input: HumanInput;
  /** After how many minutes without input a request is granted by itself; 0: never. */
  patience: () => number;
}

/** Who asks for a notebook that this tab edits: said once, and granted by itself when nobody is here. */
export class Requests {
  constructor(
    private _context: DocumentRegistry.Context,
    private _around: IRequestSurroundings,
    private _answer: (act: 'hand-over' | 'decline') => void
  ) {}

  dispose(): void {
    this._show('');
  }

  tell({ state, asked_by }: ILease): void {
    this._first = asked_by[0];
    this._show(state === 'held' ? asked_by.join(', ') : '');
  }

  private _show(asking: string): void {
    if (asking === this._asking) {
      return;
    }
    this._asking = asking;
    Notification.dismiss(this._notice);
    clearInterval(this._watch);
    if (!asking) {
      return;
    }
    this._notice = Notification.info(
      `${asking} would like to edit “${this._name}”.`,
      {
        autoClose: false,
        actions: (['hand-over', 'decline'] as const).map(act => ({
          label: ACT_LABELS[act],
          callback: () => this._answer(act)
        }))
      }
    );
    this._watch = window.setInterval(() => {
      if (this._isAway) {
        void this._grant();
      }
    }, LOOK_EVERY);
  }

  /** Nobody has typed or clicked for long, and nothing runs whose end would not be saved. */
  private get _isAway(): boolean {
    const patience = this._around.patience() * MINUTES;
    const silence = Math.min(
      this._around.input.age * SECONDS,
      Date.now() - this._since
    );
    const kernel = this._context.sessionContext.session?.kernel;
    return patience > 0 && silence > patience && kernel?.status !== 'busy';
  }

  private async _grant(): Promise<void> {
    const user = this._first;
    clearInterval(this._watch);
    try {
      await handOver(this._context, this._around.session, user);
      Notification.info(
        `“${this._name}” was handed over to ${user}, who had asked, while you were away. Your work in it is saved.`,
        { autoClose: false }
      );
    } catch (error) {
      console.warn(`${this._context.path} was not handed over.`, error);
    }
  }

  private get _name(): string {
    const { path } = this._context;
    return path.slice(path.lastIndexOf('/') + 1);
  }

  private _asking = '';
  private _first: string | undefined;
  private _notice = '';
  private _watch = 0;
  private _since = Date.now();
}

/** May it be handed over now? What a cell says that still runs would be in nobody's notebook, so that is asked. */
export async function mayHandOver(
  context: DocumentRegistry.Context
): Promise<boolean> {
  const kernel = context.sessionContext.session?.kernel;
  if (!kernel || (await isIdle(kernel, ENDING))) {
    return true;
  }
  const { button } = await showDialog({
    title: 'A cell is still running',
    body: 'What it says after this is not saved. Hand the notebook over all the same?',
    buttons: [
      Dialog.cancelButton({ label: 'Wait' }),
      Dialog.warnButton({ label: ACT_LABELS['hand-over'] })
    ]
  });
  return button.accept;
}

/** Does the kernel stop being busy within so many milliseconds? */
async function isIdle(
  kernel: Kernel.IKernelConnection,
  wait: number
): Promise<boolean> {
  const end = Date.now() + wait;
  while (kernel.status === 'busy' && Date.now() < end) {
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return kernel.status !== 'busy';
}

/** Save, then give it to whoever asked. */
export async function handOver(
  context: DocumentRegistry.Context,
  session: TabSession,
  user: string | undefined
): Promise<void> {
  if (context.model.dirty) {
    await context.save();
  }
  await session.act(context.path, 'hand-over', user);
}
