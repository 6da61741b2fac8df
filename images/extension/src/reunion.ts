import { JupyterFrontEnd } from '@jupyterlab/application';
import { ISessionContext } from '@jupyterlab/apputils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Kernel, ServiceManager, Terminal } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

const AREAS = ['main', 'down', 'left', 'right'];
const PATIENCE = 4000;
const SECONDS = 1000;

/**
 * Brings what is open in this tab back together with its environment, once that answers again.
 *
 * After a freeze everything lives: connections that broke are made again, nothing else. After a pause the kernels are
 * others: each document that had one gets a new one of the same kind.
 */
export class Reunion {
  constructor(
    private _shell: JupyterFrontEnd.IShell,
    private _services: ServiceManager.IManager
  ) {}

  /** Does this tab hold changes that were not saved? */
  get isDirty(): boolean {
    return this._documents().some(context => context.model.dirty);
  }

  /** Note which kernels are in use; later, when they are gone, nobody can tell. */
  remember(): void {
    this._kernels = new Map();
    for (const context of this._sessionContexts()) {
      const name = context.session?.kernel?.name;
      if (name) {
        this._kernels.set(context, name);
      }
    }
  }

  /** Lab's status bar hears nothing of a save that ends in silence, and would go on saying that it has started. */
  tellUnsaved(path: string): void {
    const context = this._documents().find(one => one.path === path);
    const state = context?.saveState as
      | Signal<DocumentRegistry.Context, DocumentRegistry.SaveState>
      | undefined;
    state?.emit('failed');
  }

  /** Connect everything again, then save what was not saved. */
  async reunite(): Promise<void> {
    const { sessions, terminals } = this._services;
    await Promise.allSettled([
      sessions.refreshRunning(),
      terminals.isAvailable() ? terminals.refreshRunning() : null
    ]);
    this._reconnectTerminals();
    const kernels = this._sessionContexts().map(it => this._reconnect(it));
    await Promise.allSettled([this.saveAll(), ...kernels]);
  }

  /**
   * Save every document that has changes; the names of those that could not be saved, also where it is not known after so
   * many seconds: Lab may have a question about one, and nobody there to answer it.
   */
  async saveAll(seconds?: number): Promise<string[]> {
    const dirty = this._documents().filter(context => context.model.dirty);
    const saves = Promise.allSettled(dirty.map(context => context.save()));
    const time = new Promise(resolve => setTimeout(resolve, (seconds ?? 0) * SECONDS));
    await (seconds === undefined ? saves : Promise.race([saves, time]));
    return dirty
      .filter(context => !context.isDisposed && context.model.dirty)
      .map(context => context.localPath);
  }

  private async _reconnect(context: ISessionContext): Promise<void> {
    const kernel = context.session?.kernel;
    const name = this._kernels.get(context);
    if (kernel && !(await answers(kernel))) {
      await kernel.reconnect();
    } else if (!kernel && name) {
      await context.changeKernel({ name });
    }
  }

  private _reconnectTerminals(): void {
    for (const widget of this._widgets()) {
      const session = widget.content?.session;
      if (session?.reconnect && session.connectionStatus !== 'connected') {
        void session.reconnect();
      }
    }
  }

  private _documents(): DocumentRegistry.Context[] {
    return distinct(this._widgets().map(widget => widget.context));
  }

  private _sessionContexts(): ISessionContext[] {
    return distinct(
      this._widgets().map(
        widget => widget.context?.sessionContext ?? widget.sessionContext
      )
    );
  }

  private _widgets(): IOpen[] {
    return AREAS.flatMap(area => [...this._shell.widgets(area)]);
  }

  private _kernels = new Map<ISessionContext, string>();
}

/** What an open widget may have: a document its context, a console a session, a terminal its connection. */
interface IOpen extends Widget {
  context?: DocumentRegistry.Context;
  sessionContext?: ISessionContext;
  content?: { session?: Partial<Terminal.ITerminalConnection> };
}

/** Two views of one document share it. */
function distinct<T>(found: (T | undefined)[]): T[] {
  return [...new Set(found)].filter(one => one !== undefined) as T[];
}

/** Does the connection to a kernel still carry? One that computes cannot say, and is believed. */
async function answers(kernel: Kernel.IKernelConnection): Promise<boolean> {
  if (kernel.connectionStatus !== 'connected') {
    return false;
  }
  if (kernel.status === 'busy') {
    return true;
  }
  const silence = new Promise<boolean>(resolve =>
    setTimeout(() => resolve(false), PATIENCE)
  );
  const word = kernel.requestKernelInfo().then(
    () => true,
    () => false
  );
  return Promise.race([word, silence]);
}
