import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { URLExt } from '@jupyterlab/coreutils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Kernel, ServerConnection } from '@jupyterlab/services';

const SECONDS = 1000;
const PAUSE = 2 * SECONDS;
/** A kernel that nobody used since the server started has nothing to tell. */
const NOT_KNOWN = 404;

/** One cell that runs, or ran, without this page having asked for it; see `follow.py`. */
interface IRun {
  cell: string;
  outputs: object[];
  execution_count: number | null;
  state: 'queued' | 'running' | 'done';
}

interface IAnswer {
  seen: number;
  is_over: boolean;
  runs: IRun[];
}

/** What of a notebook's cells is set here. */
interface ICell {
  id: string;
  type: string;
  trusted: boolean;
  executionCount: number | null;
  outputs: { fromJSON(outputs: object[]): void };
  sharedModel: { executionState: 'idle' | 'running' };
}

/**
 * Shows what cells put out that an earlier page asked for.
 *
 * Lab knows the answers to its own requests alone: a page that is loaded anew in the middle of a cell would show nothing
 * more of it. The server has recorded it all and hands it to the page, which shows and saves it as its own.
 */
export const runs: JupyterFrontEndPlugin<void> = {
  id: '@terraspawner/environment:runs',
  description: 'Goes on showing cells that an earlier page has started.',
  autoStart: true,
  activate: (app: JupyterFrontEnd): void => {
    const settings = app.serviceManager.serverSettings;
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (_, context) => {
        void follow(context, settings);
      }
    });
  }
};

async function follow(
  context: DocumentRegistry.Context,
  settings: ServerConnection.ISettings
): Promise<void> {
  await Promise.all([context.ready, context.sessionContext.ready]);
  const kernel = context.sessionContext.session?.kernel;
  if (!kernel) {
    return;
  }
  const pending = new Set<string>();
  let seen = 0;
  while (isOpen(context, kernel)) {
    const answer = await ask(kernel, seen, settings);
    if (answer === NOT_KNOWN || !isOpen(context, kernel)) {
      break;
    }
    if (!answer) {
      await new Promise(resolve => setTimeout(resolve, PAUSE));
      continue;
    }
    for (const run of answer.runs) {
      show(context, run);
      run.state === 'done' ? pending.delete(run.cell) : pending.add(run.cell);
    }
    seen = answer.seen;
    if (answer.is_over) {
      break;
    }
  }
  // one that waited behind a failure never runs
  pending.forEach(id => rest(context, id));
}

function isOpen(
  context: DocumentRegistry.Context,
  kernel: Kernel.IKernelConnection
): boolean {
  return (
    !context.isDisposed &&
    !kernel.isDisposed &&
    context.sessionContext.session?.kernel?.id === kernel.id
  );
}

/** What is new; null where this page is not connected, or the environment does not answer. */
async function ask(
  kernel: Kernel.IKernelConnection,
  seen: number,
  settings: ServerConnection.ISettings
): Promise<IAnswer | typeof NOT_KNOWN | null> {
  if (kernel.connectionStatus !== 'connected') {
    return null;
  }
  const url =
    URLExt.join(settings.baseUrl, 'terraspawner/api/runs') +
    URLExt.objectToQueryString({
      kernel: kernel.id,
      session: kernel.clientId,
      seen
    });
  try {
    const answer = await ServerConnection.makeRequest(url, {}, settings);
    if (answer.status === NOT_KNOWN) {
      return NOT_KNOWN;
    }
    return answer.ok ? ((await answer.json()) as IAnswer) : null;
  } catch {
    return null;
  }
}

function show(context: DocumentRegistry.Context, run: IRun): void {
  const cell = cellOf(context, run.cell);
  if (!cell) {
    return;
  }
  // as for every cell that a person runs
  cell.trusted = true;
  // in no transaction: what the model does in one, Lab takes for somebody else's change and does once more
  cell.outputs.fromJSON(run.outputs);
  cell.executionCount = run.execution_count;
  cell.sharedModel.executionState = run.state === 'done' ? 'idle' : 'running';
}

function rest(context: DocumentRegistry.Context, id: string): void {
  const cell = context.isDisposed ? undefined : cellOf(context, id);
  if (cell) {
    cell.sharedModel.executionState = 'idle';
  }
}

function cellOf(
  context: DocumentRegistry.Context,
  id: string
): ICell | undefined {
  const { cells } = context.model as unknown as { cells: Iterable<ICell> };
  return [...cells].find(cell => cell.id === id && cell.type === 'code');
}
